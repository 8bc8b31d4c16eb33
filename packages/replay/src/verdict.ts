import type { ComparedKeys, Comparison, Manifest } from "@reseal/schema";
import type { ResultComparison } from "./compare-results.ts";

/** The outcome of a comparison and why. */
export type Judgement = Pick<Comparison, "verdict" | "explained" | "reason">;

/**
 * Decide whether a candidate reproduces its original; see ARCHITECTURE.md, "Identity".
 *
 * `reproduced` needs the same question and the same answer. A run without any result is never
 * comparable, whatever else is equal.
 */
export function judge(
  original: Manifest,
  candidate: Manifest,
  keys: ComparedKeys,
  results: Pick<ResultComparison, "files" | "firstDifference">,
): Judgement {
  const obstacle = whyNotComparable(original, candidate);
  if (obstacle !== undefined) return { verdict: "not_comparable", reason: obstacle };
  if (keys.result_key.equal) {
    if (keys.input_key.equal)
      return { verdict: "reproduced", reason: "The same inputs gave the same results." };
    return {
      verdict: "within_tolerance",
      reason: "The results are the same, but the inputs are not: another question, same answer.",
    };
  }
  const withheld = withheldOutput(candidate, results.firstDifference?.path);
  if (withheld !== undefined)
    return { verdict: "diverged", explained: "explained", reason: withheld };
  const explained = explain(keys);
  if (results.firstDifference === undefined)
    return {
      verdict: "within_tolerance",
      explained,
      reason: "The results differ, but no value by more than the tolerance allows.",
    };
  return { verdict: "diverged", explained, reason: causeOf(keys) };
}

function whyNotComparable(original: Manifest, candidate: Manifest): string | undefined {
  if (original.content.type !== candidate.content.type)
    return `A ${candidate.content.type} cannot reproduce a ${original.content.type}.`;
  for (const [who, { context }] of [
    ["original", original] as const,
    ["candidate", candidate] as const,
  ]) {
    if (context.status === "incomplete")
      return `The ${who} is incomplete: its recorder died before it ended.`;
    if (context.result_key !== null) continue;
    const withheld = context.redaction.withheld.find(({ path }) => path.startsWith("outputs/"));
    if (withheld !== undefined) return whyWithheld(who, withheld.path.slice("outputs/".length));
    return (
      `The ${who} has no output, metric or result, so there is nothing to compare. ` +
      "Write files, use {out}, or record with --stdout."
    );
  }
  return undefined;
}

/** A secret found in an output changes what is kept of it, not what the program did. */
function withheldOutput({ context }: Manifest, path: string | undefined): string | undefined {
  const isWithheld = context.redaction.withheld.some((file) => file.path === `outputs/${path}`);
  return isWithheld && path !== undefined ? whyWithheld("candidate", path) : undefined;
}

function whyWithheld(who: string, path: string): string {
  return (
    `The output ${path} of the ${who} was withheld: it holds what looks like a secret. ` +
    `Allow it with --allow-secret ${path}.`
  );
}

function explain({ input_key, env_key }: ComparedKeys): "explained" | "unexplained" {
  return input_key.equal && env_key.equal ? "unexplained" : "explained";
}

function causeOf({ input_key, env_key }: ComparedKeys): string {
  if (!input_key.equal) return "The inputs differ; look at them first.";
  if (env_key.equal)
    return (
      "Inputs and environment are the same, so the program is not deterministic: " +
      "look for clocks, random numbers without the seed, parallel sums, and files that were " +
      "not captured."
    );
  if (env_key.original === null || env_key.candidate === null)
    return "The inputs are the same; an environment was not recorded, so it may be the cause.";
  return "The inputs are the same; the environments differ and may be the cause.";
}
