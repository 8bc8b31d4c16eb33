import type {
  Cause,
  Comparison,
  Environment,
  Explanation,
  FileDifference,
  FirstDifference,
} from "@reseal/schema";
import { checkInvariants } from "./check-invariants.ts";
import type { InputComparison } from "./compare-inputs.ts";
import { type EnvironmentDifference, environmentDifferences } from "./environment-differences.ts";
import { conditionCauses, environmentCauses, inputCauses } from "./explain-causes.ts";
import { traceCauses } from "./explain-traces.ts";

/** All that is known of two artifacts that differ. */
export interface ExplainFacts {
  readonly comparison: Comparison;
  readonly inputs: InputComparison;
  readonly original: Environment | undefined;
  readonly candidate: Environment | undefined;
  /** When outputs were last written, in milliseconds, by path; empty when nobody knows. */
  readonly writtenMs: ReadonlyMap<string, number>;
  /** The command, as recorded. */
  readonly command?: readonly string[] | undefined;
  /** Text of the code files, for traces of clocks, chance and parallel work. */
  readonly code?: ReadonlyMap<string, string> | undefined;
  /** When the candidate was started, in milliseconds: its conditions may have expired by then. */
  readonly startedMs?: number | undefined;
  /** Whether the candidate had no network while it ran. */
  readonly isOffline?: boolean | undefined;
  /** Whether memory was limited while the candidate ran. */
  readonly hasMemoryLimit?: boolean | undefined;
}

/**
 * Say why a candidate differs from its original, as far as recorded facts tell.
 *
 * Outputs are put in the order in which they were written; the first divergent one is where to
 * look. Causes are ranked: differences of the question before those of the circumstances before
 * traces in code and results. It is `explained` when a difference of inputs or of the environment
 * is known, and `unexplained` when there is none: then the program is not deterministic.
 * @returns `undefined` when nothing differs, or nothing can be compared.
 */
export function explain(facts: ExplainFacts): Explanation | undefined {
  const { comparison, original, candidate } = facts;
  if (comparison.keys.result_key.equal) return undefined;
  if (comparison.verdict === "not_comparable") return undefined;
  const { order, divergent } = orderOutputs(comparison.files, facts.writtenMs);
  const first = firstDifference(comparison, divergent);
  const drift =
    original === undefined || candidate === undefined
      ? []
      : environmentDifferences(original, candidate);
  const causes = [
    ...inputCauses(facts.inputs, comparison),
    ...environmentCauses(drift),
    ...(original && candidate && facts.startedMs !== undefined
      ? conditionCauses(checkInvariants(original, candidate, facts.startedMs))
      : []),
    ...traceCauses(facts, first),
  ].sort((a, b) => rank[a.likelihood] - rank[b.likelihood]);
  const verdict = comparison.explained ?? "unexplained";
  return {
    verdict,
    summary: summaryOf(verdict, first, causes, drift),
    ...(first && { first_difference: first }),
    order,
    divergent,
    causes,
  };
}

const rank: Readonly<Record<Cause["likelihood"], number>> = { certain: 0, likely: 1, possible: 2 };

/** Differing outputs in the order in which they were written, else by path. */
export function orderOutputs(
  files: readonly FileDifference[],
  writtenMs: ReadonlyMap<string, number>,
): Pick<Explanation, "order" | "divergent"> {
  const paths = files
    .filter(({ status }) => status !== "equal" && status !== "within_tolerance")
    .map(({ path }) => path);
  const times = paths.map((path) => writtenMs.get(path));
  if (paths.length === 0 || times.some((time) => time === undefined))
    return { order: "path", divergent: paths };
  // A stable sort: what was written in the same millisecond stays in the order of paths.
  const divergent = paths.toSorted((a, b) => (writtenMs.get(a) ?? 0) - (writtenMs.get(b) ?? 0));
  return { order: "produced", divergent };
}

function firstDifference(
  comparison: Comparison,
  divergent: readonly string[],
): FirstDifference | undefined {
  const file = comparison.files.find(({ path }) => path === divergent[0]);
  if (file === undefined) return comparison.first_difference;
  return { path: file.path, ...file.first_difference };
}

function summaryOf(
  verdict: Explanation["verdict"],
  first: FirstDifference | undefined,
  [likeliest]: readonly Cause[],
  drift: readonly EnvironmentDifference[],
): string {
  const where = first === undefined ? "" : `${first.path} is the first to differ. `;
  if (verdict === "unexplained") {
    const hint = likeliest === undefined ? "" : ` ${likeliest.statement}`;
    const same =
      drift.length > 0
        ? "Inputs and environment key are the same."
        : "Inputs and environment are the same: the program is not deterministic.";
    return `${where}${same}${hint}`;
  }
  if (likeliest === undefined)
    return `${where}The inputs are the same; an environment was not recorded.`;
  const more = drift.length > 1 ? ` (${drift.length} differences of the environment in all)` : "";
  return `${where}${likeliest.statement}${more}`;
}
