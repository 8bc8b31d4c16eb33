import { compareIntegers, compareNumbers, type NumberComparison } from "./compare-numbers.ts";
import type { PayloadTolerance } from "./tolerance.ts";

/** Whether two cells are the same text; NaN is the same only where NaN equals NaN. */
export function isSameCell(
  a: string | undefined,
  b: string | undefined,
  { nan }: PayloadTolerance,
): boolean {
  if (a !== b) return false;
  return nan !== "different" || a === undefined || !Number.isNaN(numberOf(a));
}

/** Compare two cells as numbers; `undefined` when one of them is none. */
export function compareCells(
  a: string | undefined,
  b: string | undefined,
  tolerance: PayloadTolerance,
): NumberComparison | undefined {
  if (a === undefined || b === undefined) return undefined;
  const [numberA, numberB] = [numberOf(a), numberOf(b)];
  if (numberA === undefined || numberB === undefined) return undefined;
  // Two integers beyond 2^53 may be one double and yet differ.
  const isExact = Number.isSafeInteger(numberA) && Number.isSafeInteger(numberB);
  if (!isExact && isInteger(a) && isInteger(b))
    return compareIntegers(integerOf(a), integerOf(b), tolerance);
  return compareNumbers(numberA, numberB, tolerance);
}

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const special: ReadonlyMap<string, number> = new Map([
  ["nan", Number.NaN],
  ["inf", Number.POSITIVE_INFINITY],
  ["infinity", Number.POSITIVE_INFINITY],
]);

/** The number that a cell holds, as C, Python, R and Julia write it. */
export function numberOf(cell: string): number | undefined {
  const text = cell.trim();
  if (decimal.test(text)) return Number(text);
  const [, sign = "", word = ""] = /^([+-]?)([a-z]+)$/i.exec(text) ?? [];
  const value = special.get(word.toLowerCase());
  return value === undefined || sign !== "-" ? value : -value;
}

function isInteger(cell: string): boolean {
  return /^\s*[+-]?\d+\s*$/.test(cell);
}

function integerOf(cell: string): bigint {
  const text = cell.trim();
  return text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text.replace(/^\+/, ""));
}
