import type { JsonValue } from "@reseal/hash";
import type { Difference } from "@reseal/schema";
import type { NumberComparison } from "./tolerance.ts";

/** How two payloads relate. */
export interface PayloadComparison {
  /** `within_tolerance`: some numbers differ, none by more than allowed. */
  readonly status: "equal" | "within_tolerance" | "different";
  /** The first place with a difference that is not allowed. */
  readonly firstDifference?: Difference | undefined;
  /** Largest |a - b| of all numbers; absent when no number differs. */
  readonly maxAbsoluteError?: number | undefined;
  /** Largest |a - b| / |a| of all numbers; absent when no number differs. */
  readonly maxRelativeError?: number | undefined;
}

/** Collects what a walk through two payloads meets. */
export interface ComparisonTally {
  /** Note two numbers; the place is asked for only when it is the first difference. */
  number(result: NumberComparison, place: () => Difference): void;
  /** Note a difference that no tolerance covers. */
  difference(place: () => Difference): void;
  result(): PayloadComparison;
}

/** Start a tally. */
export function createTally(): ComparisonTally {
  let first: Difference | undefined;
  let maxAbsoluteError: number | undefined;
  let maxRelativeError: number | undefined;
  const difference = (place: () => Difference): void => {
    first ??= place();
  };
  return {
    difference,
    number({ isEqual, isWithin, absoluteError, relativeError }, place) {
      if (isEqual) return;
      if (!Number.isNaN(absoluteError)) {
        maxAbsoluteError = Math.max(maxAbsoluteError ?? 0, absoluteError);
        if (!Number.isNaN(relativeError))
          maxRelativeError = Math.max(maxRelativeError ?? 0, relativeError);
      }
      if (!isWithin) difference(place);
    },
    result() {
      const errors = {
        ...(maxAbsoluteError !== undefined && { maxAbsoluteError }),
        ...(maxRelativeError !== undefined && { maxRelativeError }),
      };
      if (first !== undefined) return { status: "different", firstDifference: first, ...errors };
      return { status: maxAbsoluteError === undefined ? "equal" : "within_tolerance", ...errors };
    },
  };
}

/** Longest text, in UTF-16 code units, that a report quotes. */
const quotedLengthMax = 500;

/**
 * A value as a report quotes it: what is long is cut or only described, so that a report stays
 * small whatever it is about.
 */
export function quoted(value: unknown): JsonValue {
  if (typeof value === "string") return shorten(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "boolean" || value === null) return value;
  if (typeof value !== "object") return String(value);
  if (isSmall(value)) return value as JsonValue;
  return Array.isArray(value)
    ? `an array of ${value.length} items`
    : `an object with ${Object.keys(value).length} keys`;
}

function shorten(text: string): string {
  if (text.length <= quotedLengthMax) return text.toWellFormed();
  // Cutting may leave half of a surrogate pair, which is not text any more.
  return `${text.slice(0, quotedLengthMax).toWellFormed()}…`;
}

function isSmall(value: object): boolean {
  let budget = 64;
  const visit = (part: unknown, depth: number): boolean => {
    budget -= 1;
    if (budget < 0 || depth > 8) return false;
    if (typeof part === "string") return part.length <= quotedLengthMax && part.isWellFormed();
    if (typeof part === "number") return Number.isFinite(part);
    if (typeof part !== "object" || part === null) return part !== undefined;
    return Object.values(part).every((child) => visit(child, depth + 1));
  };
  return visit(value, 0);
}
