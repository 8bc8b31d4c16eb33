import { type BundleReader, bundlePaths, readJson } from "@reseal/bundle";
import {
  assertValid,
  type Comparison,
  type Environment,
  type Invariant,
  type Manifest,
  type ReplayCheck,
} from "@reseal/schema";
import { isUnreadable } from "./compare-file.ts";
import { compareJson, sides } from "./compare-json.ts";
import {
  differenceText,
  type EnvironmentDifference,
  environmentDifferences,
} from "./environment-differences.ts";
import type { ReplayAspect, ReplayPolicy } from "./policy.ts";
import type { ReplayLog } from "./replay-log.ts";

/** The environment of a bundle; `undefined` when it has none that can be read. */
export async function readEnvironment(reader: BundleReader): Promise<Environment | undefined> {
  try {
    const value = await readJson(reader, bundlePaths.environment);
    return value === undefined ? undefined : await assertValid("environment", value);
  } catch (error) {
    if (isUnreadable(error)) return undefined;
    throw error;
  }
}

/** Note whether the environment key was found again; what differs is said aspect by aspect. */
export function checkEnvironmentKey({ keys }: Comparison, log: ReplayLog): void {
  const { original: expected, candidate: actual, equal } = keys.env_key;
  const isMissing = expected === null || actual === null;
  log.check({
    name: "environment",
    status: equal ? "ok" : isMissing ? "missing" : "different",
    ...(expected !== null && { expected }),
    ...(actual !== null && { actual }),
    message: equal
      ? "The environment is as recorded."
      : isMissing
        ? "An environment was not recorded, so the two cannot be compared."
        : "The environment is not as recorded.",
  });
}

/** What {@link checkBeforeRun} compares. */
export interface Circumstances {
  readonly manifest: Manifest;
  readonly expected: Environment | undefined;
  readonly actual: Environment;
  readonly policy: ReplayPolicy;
  readonly nowMs: number;
}

/** Compare all that can be known before the command runs, and say what differs in words. */
export function checkBeforeRun(circumstances: Circumstances, log: ReplayLog): void {
  const { manifest, expected, actual, policy, nowMs } = circumstances;
  const note = (aspect: ReplayAspect, check: ReplayCheck): void => {
    const level = policy[aspect];
    const refuses = check.status !== "ok" && level === "strict";
    log.check(
      { ...check, aspect, policy: level },
      refuses ? `${check.message ?? check.name} The policy for ${aspect} is strict.` : undefined,
    );
  };
  checkCapture(manifest, note);
  if (expected === undefined) {
    const message = "The original recorded no environment.";
    note("runtime", { name: "runtime", status: "missing", message });
    return;
  }
  checkDifferences(environmentDifferences(expected, actual), actual, note);
  for (const invariant of expected.invariants ?? [])
    note("coherence_window", checkInvariant(invariant, actual.invariants ?? [], nowMs));
}

type Note = (aspect: ReplayAspect, check: ReplayCheck) => void;

/** What was left out of a bundle cannot be laid out again. */
function checkCapture({ context, content }: Manifest, note: Note): void {
  const { code } = context.not_captured;
  const kinds = ["binary", "large", "over_budget", "withheld", "not_portable"] as const;
  const lost = kinds.flatMap((kind) =>
    (code?.[kind] ?? 0) > 0 ? [`${code?.[kind]} ${kind}`] : [],
  );
  const words = lost.join(", ").replaceAll("_", " ");
  note(
    "code",
    lost.length === 0
      ? { name: "code", status: "ok", message: "Code is the recorded one, from the bundle." }
      : {
          name: "code",
          status: "missing",
          message: `Files of the workspace are not in the bundle: ${words}.`,
        },
  );
  if (content.inputs.data !== undefined || content.inputs.external !== undefined)
    note("inputs", {
      name: "inputs",
      status: "ok",
      message: "Inputs have the recorded digests.",
    });
}

/** Aspects of the policy that cover what the environment records beside its key. */
const covers: Readonly<Record<EnvironmentDifference["aspect"], ReplayAspect | undefined>> = {
  packages: "packages",
  runtime: "runtime",
  hardware: "hardware",
  device: "device",
  calibration: "calibration",
  threads: "runtime",
  variables: "runtime",
  locale: "runtime",
  timezone: "runtime",
  machine: undefined,
};

function checkDifferences(
  differences: readonly EnvironmentDifference[],
  actual: Environment,
  note: Note,
): void {
  const { runtime, cpu, packages, device } = actual.comparable;
  const steady: readonly (readonly [ReplayAspect, string])[] = [
    ["runtime", `${runtime.name} ${runtime.version}`],
    ["packages", `packages: ${Object.keys(packages).length}`],
    ["hardware", cpu.model],
    ...(device === undefined
      ? []
      : ([["device", device.device_type]] as const satisfies [ReplayAspect, string][])),
  ];
  for (const [aspect, what] of steady)
    if (!differences.some((difference) => covers[difference.aspect] === aspect))
      note(aspect, { name: aspect, status: "ok", message: `${what}, as recorded.` });
  for (const difference of differences) {
    const aspect = covers[difference.aspect];
    if (aspect === undefined) continue;
    const { name, expected, actual: found } = difference;
    note(aspect, {
      name,
      status: found === undefined ? "missing" : "different",
      ...(expected !== undefined && { expected }),
      ...(found !== undefined && { actual: found }),
      message: `${differenceText(difference)}.`,
    });
  }
}

/** A condition such as a coherence window: in its time, and with its value within tolerance. */
function checkInvariant(
  { name, value, tolerance = 0, unit, valid_from, valid_until }: Invariant,
  found: readonly Invariant[],
  nowMs: number,
): ReplayCheck {
  const isEarly = valid_from !== undefined && nowMs < Date.parse(valid_from);
  const isLate = valid_until !== undefined && nowMs > Date.parse(valid_until);
  if (isEarly || isLate) {
    const window = { valid_from: valid_from ?? null, valid_until: valid_until ?? null };
    const now = new Date(nowMs).toISOString();
    const message = isLate
      ? `${name} expired at ${valid_until}; it is ${now}.`
      : `${name} begins at ${valid_from}; it is ${now}.`;
    return { name, status: "different", expected: window, actual: now, message };
  }
  const isInTime = valid_from !== undefined || valid_until !== undefined;
  if (value === null && isInTime)
    return { name, status: "ok", message: `${name} has not expired.` };
  const actual = found.find((other) => other.name === name)?.value;
  const expected = sides(value, undefined).original;
  const measure = unit === undefined ? "" : ` ${unit}`;
  if (actual === undefined)
    return {
      name,
      status: "missing",
      expected,
      message: `${name} was ${JSON.stringify(expected)}${measure}; it is not declared here.`,
    };
  const { status } = compareJson(value, actual, { absolute: tolerance, relative: 0 });
  const here = sides(undefined, actual).candidate;
  const isSame = status !== "different";
  return {
    name,
    status: isSame ? "ok" : "different",
    expected,
    actual: here,
    message: isSame
      ? `${name} is ${JSON.stringify(here)}${measure}, within ${tolerance} of the recorded one.`
      : `${name} ${JSON.stringify(expected)} -> ${JSON.stringify(here)}${measure}, ` +
        `more than ${tolerance} apart.`,
  };
}
