import type { Environment, Invariant, ReplayCheck } from "@reseal/schema";
import { compareJson, sides } from "./compare-json.ts";

/**
 * Check each recorded condition: that its time has not ended or not yet begun, and that the value
 * it has now is within its tolerance of the recorded one.
 */
export function checkInvariants(
  expected: Pick<Environment, "invariants">,
  actual: Pick<Environment, "invariants">,
  nowMs: number,
): ReplayCheck[] {
  return (expected.invariants ?? []).map((invariant) =>
    checkInvariant(invariant, actual.invariants ?? [], nowMs),
  );
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
  const here = found.find((other) => other.name === name);
  const isInTime = valid_from !== undefined || valid_until !== undefined;
  if (value === null && isInTime) return checkLength({ name, valid_from, valid_until }, here);
  const actual = here?.value;
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
  const shown = sides(undefined, actual).candidate;
  const isSame = status !== "different";
  return {
    name,
    status: isSame ? "ok" : "different",
    expected,
    actual: shown,
    message: isSame
      ? `${name} is ${JSON.stringify(shown)}${measure}, within ${tolerance} of the recorded one.`
      : `${name} ${JSON.stringify(expected)} -> ${JSON.stringify(shown)}${measure}, ` +
        `more than ${tolerance} apart.`,
  };
}

interface Window {
  readonly name: string;
  readonly valid_from?: string | undefined;
  readonly valid_until?: string | undefined;
}

/** A window without a value lasts as long as the one that is declared here, where both have ends. */
function checkLength({ name, ...window }: Window, here: Window | undefined): ReplayCheck {
  const [expected, actual] = [secondsOf(window), here && secondsOf(here)];
  if (expected === undefined || actual === undefined || expected === actual)
    return { name, status: "ok", message: `${name} has not expired.` };
  return {
    name,
    status: "different",
    expected,
    actual,
    message: `${name} lasted ${expected} s -> ${actual} s.`,
  };
}

function secondsOf({ valid_from, valid_until }: Omit<Window, "name">): number | undefined {
  if (valid_from === undefined || valid_until === undefined) return undefined;
  return (Date.parse(valid_until) - Date.parse(valid_from)) / 1000;
}
