import { type BundleReader, bundlePaths, readJson } from "@reseal/bundle";
import {
  assertValid,
  type Comparison,
  type Environment,
  type Manifest,
  type ReplayCheck,
} from "@reseal/schema";
import { checkInvariants } from "./check-invariants.ts";
import { isUnreadable } from "./compare-file.ts";
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

/** Notes a check of an aspect, and refuses the replay where the policy is strict about it. */
export type Note = (aspect: ReplayAspect, check: ReplayCheck) => void;

/** Note checks in a log as a policy says. */
export function noteIn(log: ReplayLog, policy: ReplayPolicy): Note {
  return (aspect, check) => {
    const level = policy[aspect];
    const refuses = check.status !== "ok" && level === "strict";
    log.check(
      { ...check, aspect, policy: level },
      refuses ? `${check.message ?? check.name} The policy for ${aspect} is strict.` : undefined,
    );
  };
}

/** What {@link checkCircumstances} compares. */
export interface Circumstances {
  readonly expected: Environment | undefined;
  readonly actual: Environment;
  readonly nowMs: number;
}

/** Compare the environments and conditions of two runs, and say what differs in words. */
export function checkCircumstances({ expected, actual, nowMs }: Circumstances, note: Note): void {
  if (expected === undefined) {
    const message = "The original recorded no environment.";
    note("runtime", { name: "runtime", status: "missing", message });
    return;
  }
  checkDifferences(environmentDifferences(expected, actual), actual, note);
  for (const check of checkInvariants(expected, actual, nowMs)) note("coherence_window", check);
}

/** What was left out of a bundle cannot be laid out again. */
export function checkCapture({ context, content }: Manifest, note: Note): void {
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
