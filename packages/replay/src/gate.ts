import { parseStrictJson, parseStrictYaml } from "@reseal/hash";
import {
  assertValid,
  type Comparison,
  type Gate,
  type GateReason,
  type GateRules,
  type MetricValue,
} from "@reseal/schema";
import picomatch from "picomatch";
import { replayErrors } from "./errors.ts";

/**
 * Read a gate file, YAML or JSON.
 * @throws `REPLAY_GATE_INVALID`
 */
export async function parseGateRules(text: string, name: string): Promise<GateRules> {
  try {
    const value = name.endsWith(".json") ? parseStrictJson(text) : await parseStrictYaml(text);
    return await assertValid("gate-rules", value);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw replayErrors.GATE_INVALID(`${name} is no gate file: ${reason}`, { cause });
  }
}

/**
 * Decide whether candidates pass a gate, each held against the same baseline.
 *
 * Every rule gives a reason for each candidate, met or violated; the gate passes when none is
 * violated. `max_variance` and `min_average_score` are about all candidates together. What has no
 * number cannot pass a rule about numbers.
 */
export function decideGate(rules: GateRules, comparisons: readonly Comparison[]): Gate {
  const [first] = comparisons;
  if (first === undefined) throw replayErrors.GATE_INVALID("A gate needs at least one candidate.");
  const reasons = [
    ...averageReasons(rules, comparisons),
    ...comparisons.flatMap((comparison, candidate) => [
      ...metricReasons(rules, comparison, candidate),
      ...outputReasons(rules, comparison, candidate),
    ]),
    ...stabilityReasons(rules, comparisons),
  ];
  return {
    schema_version: "reseal.gate/v1",
    decision: reasons.some(({ status }) => status === "violated") ? "fail" : "pass",
    baseline: first.original,
    candidates: comparisons.map(({ candidate }) => candidate),
    reasons,
  };
}

function averageReasons(rules: GateRules, comparisons: readonly Comparison[]): GateReason[] {
  const { min_average_score: least, score = "score" } = rules;
  if (least === undefined) return [];
  const values = comparisons.map((comparison) => valuesOf(comparison, score).candidate);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const isMet = mean >= least;
  return [
    {
      kind: "threshold",
      status: isMet ? "met" : "violated",
      subject: score,
      observed: shown(mean),
      threshold: least,
      message: `The average of ${score} is ${shown(mean)}; at least ${least} is asked for.`,
    },
  ];
}

function metricReasons(rules: GateRules, comparison: Comparison, candidate: number): GateReason[] {
  const { metrics = {}, max_regression: general, score } = rules;
  const names = new Set([...Object.keys(metrics), ...(score === undefined ? [] : [score])]);
  const reasons: GateReason[] = [];
  for (const subject of names) {
    const rule = Object.hasOwn(metrics, subject) ? (metrics[subject] ?? {}) : {};
    const values = valuesOf(comparison, subject);
    const add = (
      kind: GateReason["kind"],
      isMet: boolean,
      observed: number,
      threshold: number,
      limit: string,
    ): void => {
      reasons.push({
        kind,
        status: isMet ? "met" : "violated",
        subject,
        candidate,
        observed: shown(observed),
        threshold,
        message: `${subject} is ${shown(values.candidate)}; ${limit}.`,
      });
    };
    const { min, max, better = "higher", max_regression: allowed = general } = rule;
    if (min !== undefined)
      add(
        "threshold",
        values.candidate >= min,
        values.candidate,
        min,
        `at least ${min} is allowed`,
      );
    if (max !== undefined)
      add("threshold", values.candidate <= max, values.candidate, max, `at most ${max} is allowed`);
    if (allowed === undefined) continue;
    const change = values.candidate - values.original;
    const worse = better === "higher" ? -change : change;
    const limit =
      `the baseline has ${shown(values.original)}, ${better} is better, ` +
      `and at most ${allowed} worse is allowed`;
    add("regression", worse <= allowed, worse, allowed, limit);
  }
  return reasons;
}

function outputReasons(
  { outputs = {} }: GateRules,
  { files }: Comparison,
  candidate: number,
): GateReason[] {
  return Object.entries(outputs).map(([subject, demand]) => {
    const matches = picomatch(subject, { dot: true });
    const found = files.filter(({ path }) => path === subject || matches(path));
    const allowed: readonly string[] = {
      present: ["equal", "within_tolerance", "different", "added"],
      within_tolerance: ["equal", "within_tolerance"],
      equal: ["equal"],
    }[demand];
    const bad = found.filter(({ status }) => !allowed.includes(status));
    const isMet = found.length > 0 && bad.length === 0;
    const named = bad.slice(0, 3).map(({ path, status }) => `${path} is ${words(status)}`);
    const what =
      found.length === 0 ? "There is no such output" : named.join(", ") || "All are as asked for";
    return {
      kind: "output" as const,
      status: isMet ? ("met" as const) : ("violated" as const),
      subject,
      candidate,
      observed: bad.length === 0 ? found.length : bad.map(({ path }) => path).slice(0, 20),
      threshold: demand,
      message: `${what}; ${words(demand)} is asked for.`,
    };
  });
}

function stabilityReasons(
  { metrics = {} }: GateRules,
  comparisons: readonly Comparison[],
): GateReason[] {
  return Object.entries(metrics).flatMap(([subject, { max_variance: allowed }]) => {
    if (allowed === undefined) return [];
    const values = comparisons.map((comparison) => valuesOf(comparison, subject).candidate);
    const observed = variance(values);
    return [
      {
        kind: "stability" as const,
        status: observed <= allowed ? ("met" as const) : ("violated" as const),
        subject,
        observed: shown(observed),
        threshold: allowed,
        message: `The variance of ${subject} over ${values.length} candidates is ${shown(observed)}; at most ${allowed} is allowed.`,
      },
    ];
  });
}

/** Sample variance, with n - 1 in the denominator; 0 for a single value. */
export function variance(values: readonly number[]): number {
  if (values.length < 2) return values.every(Number.isFinite) ? 0 : Number.NaN;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}

/** NaN where a side has no number, so that no rule about it can be met. */
function valuesOf(
  { metrics }: Comparison,
  subject: string,
): { readonly original: number; readonly candidate: number } {
  const metric = metrics.find(({ name }) => name === subject);
  return { original: numberOf(metric?.original), candidate: numberOf(metric?.candidate) };
}

function numberOf(value: MetricValue | null | undefined): number {
  return value === null || value === undefined ? Number.NaN : Number(value);
}

/** JSON has no NaN. */
function shown(value: number): number | string {
  return Number.isFinite(value) ? value : Number.isNaN(value) ? "not a number" : String(value);
}

function words(name: string): string {
  return name.replaceAll("_", " ");
}
