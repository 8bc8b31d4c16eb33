import type { MetricValue } from "@reseal/schema";
import { compareIntegers, compareNumbers, type NumberComparison } from "./compare-numbers.ts";
import type { NumberTolerance } from "./tolerance.ts";

/** A number as JSON can hold it. */
export function metricValue(value: number): MetricValue {
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

/** A number of steps or things as JSON can hold it: beyond 2^53 as its digits. */
export function countValue(value: number): MetricValue {
  return Number.isSafeInteger(value) || !Number.isFinite(value)
    ? metricValue(value)
    : BigInt(value).toString();
}

/** Compare two metric values; big integers, which are texts, without rounding them. */
export function compareMetricValues(
  original: MetricValue,
  candidate: MetricValue,
  tolerance: NumberTolerance,
): NumberComparison {
  if (isIntegerLike(original) && isIntegerLike(candidate))
    return compareIntegers(BigInt(original), BigInt(candidate), tolerance);
  return compareNumbers(Number(original), Number(candidate), tolerance);
}

function isIntegerLike(value: MetricValue): boolean {
  return typeof value === "number" ? Number.isSafeInteger(value) : /^-?\d+$/.test(value);
}
