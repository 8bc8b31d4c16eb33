import type { JsonValue } from "@reseal/hash";
import type { Difference } from "@reseal/schema";
import type { NumberComparison } from "./compare-numbers.ts";

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
  /** Largest distance in units in the last place; absent when no floating-point number differs. */
  readonly maxUlpError?: number | undefined;
  /** How many values, elements or pixels differ, within tolerance or not; absent when uncounted. */
  readonly differingCount?: number | undefined;
  /** Of an archive: the arrays that differ, sorted by name. */
  readonly arrays?: readonly ArrayComparison[] | undefined;
}

/** How two arrays of archives relate. */
export interface ArrayComparison extends Omit<PayloadComparison, "status" | "arrays"> {
  readonly name: string;
  /** `missing`: only the original has it; `added`: only the candidate has it. */
  readonly status: PayloadComparison["status"] | "missing" | "added";
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
  let maxUlpError: number | undefined;
  let differingCount = 0;
  return {
    difference(place) {
      differingCount += 1;
      first ??= place();
    },
    number({ isEqual, isWithin, absoluteError, relativeError, ulpError }, place) {
      if (isEqual) return;
      differingCount += 1;
      if (!Number.isNaN(absoluteError)) {
        maxAbsoluteError = Math.max(maxAbsoluteError ?? 0, absoluteError);
        if (!Number.isNaN(relativeError))
          maxRelativeError = Math.max(maxRelativeError ?? 0, relativeError);
      }
      if (!Number.isNaN(ulpError)) maxUlpError = Math.max(maxUlpError ?? 0, ulpError);
      if (!isWithin) first ??= place();
    },
    result() {
      if (differingCount === 0) return { status: "equal" };
      const errors = {
        ...(maxAbsoluteError !== undefined && { maxAbsoluteError }),
        ...(maxRelativeError !== undefined && { maxRelativeError }),
        ...(maxUlpError !== undefined && { maxUlpError }),
        differingCount,
      };
      if (first !== undefined) return { status: "different", firstDifference: first, ...errors };
      return { status: "within_tolerance", ...errors };
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
