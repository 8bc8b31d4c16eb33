import { digestBytes } from "@reseal/hash";
import type { MetricValue, SealRecord } from "@reseal/store";
import { sealRecord } from "@reseal/store/conformance";

/** A generator of numbers from 0 to 1, the same for the same seed. */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Many different records, with ties, absent values and shared artifacts. */
export function randomRecords(count: number, seed: number): SealRecord[] {
  const next = numbers(seed);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(next() * values.length)] as T;
  return Array.from({ length: count }, (_, index) => {
    const minute = Math.floor(next() * Math.max(2, count / 3));
    return sealRecord(index, {
      seal: digestBytes(`${seed} ${index}`),
      artifact_id: digestBytes(`artifact ${Math.floor(next() * count)}`),
      result_key: next() < 0.1 ? null : digestBytes(`result ${Math.floor(next() * 20)}`),
      status: pick(["finished", "finished", "finished", "failed", "killed"] as const),
      exit_code: pick([0, 0, 1, 137, null]),
      name: pick([null, "train", "eval 100%", "a_b", "TRAIN", "größe"]),
      project: pick([null, "alpha", "beta"]),
      tags: [...new Set([pick(["red", "green"]), pick(["x", "y", "100%"])])].slice(
        0,
        pick([0, 1, 2]),
      ),
      created_at: new Date(Date.UTC(2026, 0, 1) + minute * 60_000).toISOString(),
      duration_ms: next() < 0.2 ? null : Math.floor(next() * 50) * 0.5,
      seed: pick([null, 7, 42, "123456789012345678901234567890", 9007199254740991]),
      command: pick([null, ["python", "train.py"], ["make", "all"]]),
      bytes: Math.floor(next() * 1e6),
      parents:
        next() < 0.3
          ? [
              {
                artifact_id: digestBytes(`artifact ${Math.floor(next() * count)}`),
                relationship: "derived_from",
              },
            ]
          : [],
      metrics: randomMetrics(next),
    });
  });
}

function randomMetrics(next: () => number): MetricValue[] {
  const metrics: MetricValue[] = [];
  if (next() < 0.9)
    metrics.push({ name: "acc", value: Math.floor(next() * 100) / 100, context: false });
  if (next() < 0.5) metrics.push({ name: "epochs", value: Math.floor(next() * 3), context: false });
  if (next() < 0.3) {
    const odd = ["NaN", "Infinity", "-Infinity", 0, -1.5][Math.floor(next() * 5)] ?? 0;
    metrics.push({ name: "loss", value: odd, context: next() < 0.5 });
  }
  return metrics;
}
