import {
  compareIntegers,
  compareNumbers,
  equalNumbers,
  isAllowed,
  type NumberComparison,
} from "./compare-numbers.ts";
import type { NpyDtype, NpyScalar } from "./npy-dtype.ts";
import { bigAt, bytesAt, isNumber, notATime, numberAt, partOf } from "./npy-value.ts";
import type { NumberTolerance } from "./tolerance.ts";
import { ulpDistance, ulpDistance16, ulpDistance32 } from "./ulp-distance.ts";

/** Where two values lie: each in its block of data. */
export interface Site {
  readonly left: DataView;
  readonly right: DataView;
}

/** A part of an element that differs: where it lies behind the start of the element, its type. */
export interface DifferingPart {
  readonly result: NumberComparison;
  /** `x`, `m[0][1]`; empty for an element that has no parts. */
  readonly field: string;
  readonly offset: number;
  readonly original: NpyDtype;
  readonly candidate: NpyDtype;
}

/** Compares the elements at two offsets and tells of each part that differs. */
export type ElementComparer = (
  site: Site,
  left: number,
  right: number,
  onDifference: (part: DifferingPart) => void,
) => void;

/** A difference that no tolerance covers and that has no size. */
const different: NumberComparison = {
  isEqual: false,
  isWithin: false,
  absoluteError: Number.NaN,
  relativeError: Number.NaN,
  ulpError: Number.NaN,
};

/** Make a comparer for two types that are the same but for the order of bytes. */
export function elementComparer(
  original: NpyDtype,
  candidate: NpyDtype,
  tolerance: NumberTolerance,
  field = "",
  offset = 0,
): ElementComparer {
  if (original.kind === "struct" && candidate.kind === "struct") {
    const parts = original.fields.map((of, index) =>
      elementComparer(
        of.dtype,
        candidate.fields[index]?.dtype ?? of.dtype,
        tolerance,
        field === "" ? of.name : `${field}.${of.name}`,
        offset + of.offset,
      ),
    );
    return (site, left, right, onDifference) => {
      for (const part of parts) part(site, left, right, onDifference);
    };
  }
  if (original.kind === "array" && candidate.kind === "array")
    return arrayComparer(original, candidate, tolerance, field, offset);
  if (!isScalar(original) || !isScalar(candidate)) throw new TypeError("Types differ.");
  const compare = scalarComparer(original, candidate, tolerance);
  return (site, left, right, onDifference) => {
    const result = compare(site, left + offset, right + offset);
    if (!result.isEqual) onDifference({ result, field, offset, original, candidate });
  };
}

function arrayComparer(
  original: NpyDtype & { readonly kind: "array" },
  candidate: NpyDtype & { readonly kind: "array" },
  tolerance: NumberTolerance,
  field: string,
  offset: number,
): ElementComparer {
  const compare = elementComparer(original.item, candidate.item, tolerance);
  const size = original.item.itemsize;
  const count = original.shape.reduce((product, length) => product * length, 1);
  return (site, left, right, onDifference) => {
    for (let item = 0; item < count; item += 1) {
      const start = offset + item * size;
      compare(site, left + start, right + start, (part) =>
        onDifference({
          ...part,
          field: `${field}${subscript(item, original.shape)}${part.field && `.${part.field}`}`,
          offset: start + part.offset,
        }),
      );
    }
  };
}

function subscript(item: number, shape: readonly number[]): string {
  let rest = item;
  let text = "";
  for (const length of shape.toReversed()) {
    text = `[${rest % length}]${text}`;
    rest = Math.floor(rest / length);
  }
  return text;
}

type ScalarComparer = (site: Site, left: number, right: number) => NumberComparison;

function scalarComparer(a: NpyScalar, b: NpyScalar, tolerance: NumberTolerance): ScalarComparer {
  const isNanEqual = tolerance.nan !== "different";
  switch (a.kind) {
    case "bool":
      return ({ left, right }, x, y) =>
        (left.getUint8(x) === 0) === (right.getUint8(y) === 0) ? equalNumbers : different;
    case "int":
    case "uint":
      return a.itemsize === 8
        ? ({ left, right }, x, y) =>
            compareIntegers(bigAt(a, left, x), bigAt(b, right, y), tolerance)
        : ({ left, right }, x, y) =>
            compareNumbers(numberAt(a, left, x), numberAt(b, right, y), tolerance, noDistance);
    case "datetime":
    case "timedelta":
      return ({ left, right }, x, y) => {
        const value = bigAt(a, left, x);
        const isSame = value === bigAt(b, right, y) && (isNanEqual || value !== notATime);
        return isSame ? equalNumbers : different;
      };
    case "text":
      return ({ left, right }, x, y) => {
        for (let at = 0; at < a.itemsize; at += 4)
          if (left.getUint32(x + at, !a.isBigEndian) !== right.getUint32(y + at, !b.isBigEndian))
            return different;
        return equalNumbers;
      };
    case "bytes":
    case "void":
      return compareRaw(a);
    case "float":
      if (!isNumber(a)) return compareRaw(a);
      return ({ left, right }, x, y) =>
        compareNumbers(numberAt(a, left, x), numberAt(b, right, y), tolerance, distanceOf(a));
    case "complex":
      return isNumber(a) ? complexComparer(a, b, tolerance) : compareRaw(a);
  }
}

function compareRaw(dtype: NpyScalar): ScalarComparer {
  return ({ left, right }, x, y) =>
    bytesAt(dtype, left, x).equals(bytesAt(dtype, right, y)) ? equalNumbers : different;
}

/** The error is the length of the difference in the plane; the last place is that of the parts. */
function complexComparer(a: NpyScalar, b: NpyScalar, tolerance: NumberTolerance): ScalarComparer {
  const [partA, partB] = [partOf(a), partOf(b)];
  const step = partA.itemsize;
  const distance = distanceOf(partA);
  return ({ left, right }, x, y) => {
    const [realA, realB] = [numberAt(partA, left, x), numberAt(partB, right, y)];
    const [imaginaryA, imaginaryB] = [
      numberAt(partA, left, x + step),
      numberAt(partB, right, y + step),
    ];
    const real = compareNumbers(realA, realB, tolerance, distance);
    const imaginary = compareNumbers(imaginaryA, imaginaryB, tolerance, distance);
    if (real.isEqual && imaginary.isEqual) return equalNumbers;
    const absoluteError = Math.hypot(real.absoluteError, imaginary.absoluteError);
    const ulpError = Math.max(real.ulpError, imaginary.ulpError);
    const size = Math.hypot(realA, imaginaryA);
    // A part that is not finite may only be equal, and then the other part is all that counts.
    const areFinite = [realA, realB, imaginaryA, imaginaryB].every(Number.isFinite);
    return {
      isEqual: false,
      isWithin: areFinite
        ? isAllowed(absoluteError, size, ulpError, tolerance)
        : real.isWithin && imaginary.isWithin,
      absoluteError,
      relativeError: absoluteError / size,
      ulpError,
    };
  };
}

function distanceOf({ itemsize }: NpyScalar): (a: number, b: number) => number {
  if (itemsize === 8) return ulpDistance;
  return itemsize === 4 ? ulpDistance32 : ulpDistance16;
}

/** Integers have no last place. */
function noDistance(): number {
  return Number.NaN;
}

function isScalar(dtype: NpyDtype): dtype is NpyScalar {
  return dtype.kind !== "struct" && dtype.kind !== "array";
}
