import { type BundleReader, bundlePaths, readJson } from "@reseal/bundle";
import { assertValid, type Comparison, type Environment, type Invariant } from "@reseal/schema";
import { isUnreadable } from "./compare-file.ts";
import { compareJson, sides } from "./compare-json.ts";
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

/** Note whether the environment, and the conditions declared with it, were found again. */
export function checkCircumstances(
  { keys }: Comparison,
  original: Environment | undefined,
  candidate: Environment | undefined,
  nowMs: number,
  log: ReplayLog,
): void {
  const { original: expected, candidate: actual, equal } = keys.env_key;
  const isMissing = expected === null || actual === null;
  log.check({
    name: "environment",
    status: equal ? "ok" : isMissing ? "missing" : "different",
    ...(expected !== null && { expected }),
    ...(actual !== null && { actual }),
  });
  for (const invariant of original?.invariants ?? [])
    checkInvariant(invariant, candidate?.invariants ?? [], nowMs, log);
}

/** A condition such as a coherence window: in its time, and with its value within tolerance. */
function checkInvariant(
  { name, value, tolerance = 0, valid_from, valid_until }: Invariant,
  found: readonly Invariant[],
  nowMs: number,
  log: ReplayLog,
): void {
  const isEarly = valid_from !== undefined && nowMs < Date.parse(valid_from);
  const isLate = valid_until !== undefined && nowMs > Date.parse(valid_until);
  if (isEarly || isLate) {
    const window = { valid_from: valid_from ?? null, valid_until: valid_until ?? null };
    log.check({
      name,
      status: "different",
      expected: window,
      actual: new Date(nowMs).toISOString(),
    });
    return;
  }
  const actual = found.find((other) => other.name === name)?.value;
  const expected = sides(value, undefined).original;
  if (actual === undefined) {
    log.check({ name, status: "missing", expected });
    return;
  }
  const { status } = compareJson(value, actual, { absolute: tolerance, relative: 0 });
  log.check({
    name,
    status: status === "different" ? "different" : "ok",
    expected,
    actual: sides(undefined, actual).candidate,
  });
}
