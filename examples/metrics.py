"""Estimate pi by throwing darts. Reseal needs no library: a seed, two folders and two files."""
import json, os, random

run_dir, out_dir = os.environ["RESEAL_RUN_DIR"], os.environ["RESEAL_OUTPUT_DIR"]
darts = random.Random(int(os.environ.get("RESEAL_SEED", "1")))
hits = 0
with open(os.path.join(run_dir, "metrics.jsonl"), "a") as metrics:
    for step in range(1, 10001):
        hits += darts.random() ** 2 + darts.random() ** 2 < 1
        if step % 1000 == 0:
            metrics.write(json.dumps({"name": "pi", "value": 4 * hits / step, "step": step}) + "\n")
with open(os.path.join(run_dir, "events.jsonl"), "a") as events:
    events.write(json.dumps({"event_type": "darts.thrown", "severity": "info", "attrs": {"hits": hits}}) + "\n")
with open(os.path.join(out_dir, "pi.json"), "w") as result:
    json.dump({"pi": 4 * hits / 10000}, result)
