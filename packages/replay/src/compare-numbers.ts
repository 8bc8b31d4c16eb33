import type { NumberTolerance } from "./tolerance.ts";
import { ulpDistance } from "./ulp-distance.ts";

/** How two numbers relate. */
export interface NumberComparison {
  readonly isEqual: boolean;
  /** Also true for equal numbers. */
  readonly isWithin: boolean;
  /** |a - b|; NaN when only one of the two is NaN. */
  readonly absoluteError: number;
  /** |a - b| / |a|; Infinity when only the original is 0. */
  readonly relativeError: number;
  /** See {@link ulpDistance}; NaN for integers that are not floating-point numbers. */
  readonly ulpError: number;
}

/** What equal numbers have in common. */
export const equalNumbers: NumberComparison = {
  isEqual: true,
  isWithin: true,
  absoluteError: 0,
  relativeError: 0,
  ulpError: 0,
};

/**
 * Hold a candidate's number against the original's.
 *
 * NaN equals NaN unless the tolerance says otherwise, an infinity only itself, -0 equals 0.
 * @param distance How to count units in the last place; of doubles unless given.
 */
export function compareNumbers(
  original: number,
  candidate: number,
  tolerance: NumberTolerance,
  distance: (a: number, b: number) => number = ulpDistance,
): NumberComparison {
  if (original === candidate) return equalNumbers;
  if (Number.isNaN(original) && Number.isNaN(candidate) && tolerance.nan !== "different")
    return equalNumbers;
  const absoluteError = Math.abs(original - candidate);
  const size = Math.abs(original);
  const ulpError = distance(original, candidate);
  const areFinite = Number.isFinite(original) && Number.isFinite(candidate);
  return {
    isEqual: false,
    isWithin: areFinite && isAllowed(absoluteError, size, ulpError, tolerance),
    absoluteError,
    relativeError: absoluteError / size,
    ulpError,
  };
}

/** The same for integers of any size, without rounding them first; they have no last place. */
export function compareIntegers(
  original: bigint,
  candidate: bigint,
  tolerance: NumberTolerance,
): NumberComparison {
  if (original === candidate) return equalNumbers;
  const difference = original - candidate;
  const absoluteError = Number(difference < 0n ? -difference : difference);
  const size = Math.abs(Number(original));
  return {
    isEqual: false,
    isWithin: isAllowed(absoluteError, size, Number.NaN, tolerance),
    absoluteError,
    relativeError: absoluteError / size,
    ulpError: Number.NaN,
  };
}

/** Whether finite numbers are near enough. */
export function isAllowed(
  absoluteError: number,
  size: number,
  ulpError: number,
  { absolute, relative, ulp = 0 }: NumberTolerance,
): boolean {
  return absoluteError <= absolute + relative * size || ulpError <= ulp;
}
