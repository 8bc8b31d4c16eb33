import type { JsonValue } from "@reseal/hash";
import { metricValue } from "./metric-value.ts";
import type { NpyArray } from "./npy.ts";
import type { NpyDtype, NpyScalar } from "./npy-dtype.ts";
import { npyInvalid } from "./npy-errors.ts";
import { strides } from "./npy-index.ts";

/** Most elements that {@link npyValues} puts into one JSON value. */
const valuesMax = 1_000_000;

/** The time that is none, in dates and durations. */
export const notATime: bigint = -(2n ** 63n);

/**
 * An element as JSON: numbers, with `"NaN"`, `"Infinity"` and `"-Infinity"` as in results and
 * integers beyond 2^53 as digits; complex numbers as `[real, imaginary]`; dates and durations as
 * their count of units, or `"NaT"`; bytes as text, one character each; raw bytes and long doubles
 * as hex digits; records as objects.
 */
export function npyValue(dtype: NpyDtype, view: DataView, offset: number): JsonValue {
  if (dtype.kind === "struct")
    return Object.fromEntries(
      dtype.fields.map((field) => [field.name, npyValue(field.dtype, view, offset + field.offset)]),
    );
  if (dtype.kind === "array")
    return nested(dtype.shape, strides(dtype.shape, false), (index) =>
      npyValue(dtype.item, view, offset + index * dtype.item.itemsize),
    );
  switch (dtype.kind) {
    case "bool":
      return view.getUint8(offset) !== 0;
    case "int":
    case "uint":
      return dtype.itemsize === 8
        ? bigValue(bigAt(dtype, view, offset))
        : numberAt(dtype, view, offset);
    case "datetime":
    case "timedelta":
      return timeValue(bigAt(dtype, view, offset));
    case "float":
      return isNumber(dtype)
        ? metricValue(numberAt(dtype, view, offset))
        : hex(dtype, view, offset);
    case "complex": {
      if (!isNumber(dtype)) return hex(dtype, view, offset);
      const part = partOf(dtype);
      return [offset, offset + part.itemsize].map((at) => metricValue(numberAt(part, view, at)));
    }
    case "text":
      return textAt(dtype, view, offset);
    case "bytes":
      return bytesAt(dtype, view, offset).toString("latin1").replace(/\0+$/, "");
    case "void":
      return hex(dtype, view, offset);
  }
}

/**
 * All elements of an array as nested lists, as `numpy.ndarray.tolist` has them; see
 * {@link npyValue}. An array without dimensions is its one element.
 * @throws `REPLAY_NPY_INVALID` for more than a million elements.
 */
export function npyValues({ dtype, shape, isFortranOrder, data }: NpyArray): JsonValue {
  // Empty lists are counted as well: there may be many of them.
  const count = shape.reduce((product, length) => product * Math.max(1, length), 1);
  if (count > valuesMax)
    throw npyInvalid("limit", `The array has ${count} elements; it is not made JSON.`);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return nested(shape, strides(shape, isFortranOrder), (index) =>
    npyValue(dtype, view, index * dtype.itemsize),
  );
}

/** Whether a float or complex type has a size that we can read. */
export function isNumber({ kind, itemsize }: NpyScalar): boolean {
  return itemsize <= (kind === "complex" ? 16 : 8);
}

/** The type of the two parts of a complex number. */
export function partOf({ itemsize, isBigEndian }: NpyScalar): NpyScalar {
  return { kind: "float", itemsize: itemsize / 2, isBigEndian };
}

/** A number that a double holds: floats, and integers of up to 4 bytes. */
export function numberAt(
  { kind, itemsize, isBigEndian }: NpyScalar,
  view: DataView,
  at: number,
): number {
  const isLittle = !isBigEndian;
  if (kind === "float") {
    if (itemsize === 8) return view.getFloat64(at, isLittle);
    return itemsize === 4 ? view.getFloat32(at, isLittle) : halfOf(view.getUint16(at, isLittle));
  }
  if (itemsize === 1) return kind === "int" ? view.getInt8(at) : view.getUint8(at);
  if (itemsize === 2)
    return kind === "int" ? view.getInt16(at, isLittle) : view.getUint16(at, isLittle);
  return kind === "int" ? view.getInt32(at, isLittle) : view.getUint32(at, isLittle);
}

/** An integer of 8 bytes, a date or a duration. */
export function bigAt({ kind, isBigEndian }: NpyScalar, view: DataView, at: number): bigint {
  return kind === "uint" ? view.getBigUint64(at, !isBigEndian) : view.getBigInt64(at, !isBigEndian);
}

/** The bytes of an element, in place. */
export function bytesAt({ itemsize }: NpyScalar, view: DataView, at: number): Buffer {
  return Buffer.from(view.buffer as ArrayBuffer, view.byteOffset + at, itemsize);
}

/** The value of the bits of a half. */
export function halfOf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0
    ? sign * fraction * 2 ** -24
    : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** UCS-4; what is no character is replaced. */
function textAt({ itemsize, isBigEndian }: NpyScalar, view: DataView, at: number): string {
  let text = "";
  for (let end = at + itemsize; at < end; at += 4) {
    const point = view.getUint32(at, !isBigEndian);
    text += String.fromCodePoint(
      point > 0x10ffff || (point & 0x1ff800) === 0xd800 ? 0xfffd : point,
    );
  }
  return text.replace(/\0+$/, "");
}

function bigValue(value: bigint): JsonValue {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

function timeValue(value: bigint): JsonValue {
  return value === notATime ? "NaT" : bigValue(value);
}

function hex(dtype: NpyScalar, view: DataView, at: number): string {
  return bytesAt(dtype, view, at).toString("hex");
}

/** Lists in the order of the indexes, whatever the order of the elements. */
function nested(
  shape: readonly number[],
  steps: readonly number[],
  element: (index: number) => JsonValue,
): JsonValue {
  const level = (dimension: number, start: number): JsonValue => {
    const [length, step] = [shape[dimension], steps[dimension]];
    if (length === undefined || step === undefined) return element(start);
    return Array.from({ length }, (_, index) => level(dimension + 1, start + index * step));
  };
  return level(0, 0);
}
