import type { MetricSpread, ReplaySummary, UnstableFile } from "@reseal/schema";
import { variance } from "./gate.ts";
import type { ReplayOutcome } from "./replay-run.ts";

/** What several replays of one run have in common. */
export interface Stability {
  readonly times: number;
  /** Every replay gave the original's results, exactly. */
  readonly stable: boolean;
  /** How many different results the replays gave; those without results are one. */
  readonly distinct_results: number;
  readonly metrics: MetricSpread[];
  readonly unstable_files: UnstableFile[];
  readonly replays: ReplaySummary[];
}

/** Tell how stable the results of one run are over several replays. Pure. */
export function stabilityOf(outcomes: readonly ReplayOutcome[]): Stability {
  const replays = outcomes.map(({ verdict, reason, replay, candidate }) => ({
    verdict,
    reason,
    replay_seal: replay.seal,
    candidate_seal: candidate?.seal ?? null,
    result_key: candidate?.manifest.context.result_key ?? null,
  }));
  return {
    times: outcomes.length,
    stable: outcomes.length > 0 && outcomes.every(({ verdict }) => verdict === "reproduced"),
    distinct_results: new Set(replays.map(({ result_key }) => result_key)).size,
    metrics: metricSpreads(outcomes),
    unstable_files: unstableFiles(outcomes),
    replays,
  };
}

function metricSpreads(outcomes: readonly ReplayOutcome[]): MetricSpread[] {
  const values = new Map<string, number[]>();
  for (const { candidate } of outcomes)
    for (const [name, value] of Object.entries(candidate?.manifest.content.results.metrics ?? {})) {
      const number = Number(value);
      if (!Number.isFinite(number)) continue;
      const known = values.get(name);
      if (known === undefined) values.set(name, [number]);
      else known.push(number);
    }
  return [...values]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, found]) => ({
      name,
      count: found.length,
      lowest: Math.min(...found),
      highest: Math.max(...found),
      mean: found.reduce((sum, value) => sum + value, 0) / found.length,
      variance: variance(found),
    }));
}

function unstableFiles(outcomes: readonly ReplayOutcome[]): UnstableFile[] {
  const contents = outcomes.flatMap(({ candidate }) =>
    candidate === undefined
      ? []
      : [
          new Map(
            candidate.manifest.context.files
              .filter(({ path }) => path.startsWith("outputs/"))
              .map(({ path, digest }) => [path.slice("outputs/".length), digest] as const),
          ),
        ],
  );
  const paths = [...new Set(contents.flatMap((files) => [...files.keys()]))].sort();
  return paths
    .map((path) => ({ path, distinct: new Set(contents.map((files) => files.get(path))).size }))
    .filter(({ distinct }) => distinct > 1);
}
