import { replayErrors } from "./errors.ts";

/** What a replay checks before it runs, each with a policy of its own. */
export const replayAspects = [
  "code",
  "inputs",
  "packages",
  "runtime",
  "hardware",
  "device",
  "calibration",
  "coherence_window",
] as const;

/** One of {@link replayAspects}. */
export type ReplayAspect = (typeof replayAspects)[number];

const levels = ["strict", "warn", "ignore"] as const;

/** `strict`: a difference refuses the replay; `warn`: it is told; `ignore`: it is recorded only. */
export type PolicyLevel = (typeof levels)[number];

/** The level of every aspect. */
export type ReplayPolicy = Readonly<Record<ReplayAspect, PolicyLevel>>;

/** Tell of every difference and refuse none. */
export const defaultPolicy: ReplayPolicy = everywhere("warn");

/**
 * Read a policy: `strict` sets every aspect, `packages=strict` one; later texts win.
 * @throws `REPLAY_POLICY_INVALID`
 * @example
 * parsePolicy(["strict", "hardware=warn"]);
 */
export function parsePolicy(texts: readonly string[]): ReplayPolicy {
  let policy = defaultPolicy;
  for (const text of texts) {
    const [first = "", second] = text.split("=", 2);
    const level = levels.find((known) => known === (second ?? first));
    if (level === undefined)
      throw replayErrors.POLICY_INVALID(`${JSON.stringify(text)} names no level of a policy.`);
    if (second === undefined) {
      policy = everywhere(level);
      continue;
    }
    const aspect = replayAspects.find((known) => known === first.replaceAll("-", "_"));
    if (aspect === undefined)
      throw replayErrors.POLICY_INVALID(
        `${JSON.stringify(first)} is no aspect; aspects are ${replayAspects.join(", ")}.`,
      );
    policy = { ...policy, [aspect]: level };
  }
  return policy;
}

/** The same policy, but that another environment never refuses a replay. */
export function allowEnvironmentDrift(policy: ReplayPolicy): ReplayPolicy {
  const lowered = { ...policy };
  for (const aspect of ["packages", "runtime", "hardware"] as const)
    if (lowered[aspect] === "strict") lowered[aspect] = "warn";
  return lowered;
}

function everywhere(level: PolicyLevel): ReplayPolicy {
  return Object.fromEntries(
    replayAspects.map((aspect) => [aspect, level]),
  ) as unknown as ReplayPolicy;
}
