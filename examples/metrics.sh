#!/bin/sh
# Count the trailing zeros of 100!. Reseal needs no library: a seed, two folders and two files.
set -eu
zeros=0 n=1
while [ "$n" -le "${RESEAL_SEED:-100}" ]; do
  power=5
  while [ $((n % power)) -eq 0 ]; do zeros=$((zeros + 1)) power=$((power * 5)); done
  echo "{\"name\": \"zeros\", \"value\": $zeros, \"step\": $n}" >>"$RESEAL_RUN_DIR/metrics.jsonl"
  n=$((n + 1))
done
echo '{"event_type": "count.done", "severity": "info", "attrs": {"zeros": '"$zeros"'}}' >>"$RESEAL_RUN_DIR/events.jsonl"
echo "$zeros" >"$RESEAL_OUTPUT_DIR/zeros.txt"
