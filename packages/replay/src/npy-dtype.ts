import { npyInvalid } from "./npy-errors.ts";
import type { PythonLiteral } from "./npy-literal.ts";

/** A kind of element that is one value. */
export type NpyScalarKind =
  | "bool"
  | "int"
  | "uint"
  | "float"
  | "complex"
  | "bytes"
  | "text"
  | "void"
  | "datetime"
  | "timedelta";

/** One value. Floats and complex numbers of other than the usual sizes are only bytes to us. */
export interface NpyScalar {
  readonly kind: NpyScalarKind;
  /** Bytes of one element. */
  readonly itemsize: number;
  readonly isBigEndian: boolean;
  /** Of dates and durations: `ns`, `25s`; empty when there is none. */
  readonly unit?: string;
}

/** An array inside of an element. */
export interface NpySubarray {
  readonly kind: "array";
  readonly itemsize: number;
  readonly shape: readonly number[];
  readonly item: NpyDtype;
}

/** A record; bytes that no field covers are padding and no data. */
export interface NpyStruct {
  readonly kind: "struct";
  readonly itemsize: number;
  readonly fields: readonly NpyField[];
}

/** A field of a record. */
export interface NpyField {
  readonly name: string;
  readonly offset: number;
  readonly dtype: NpyDtype;
}

/** The type of the elements of an array. */
export type NpyDtype = NpyScalar | NpySubarray | NpyStruct;

/** Largest element, in bytes. */
const itemsizeMax: number = 16 * 1024 * 1024;

const kinds: ReadonlyMap<string, NpyScalarKind> = new Map([
  ["b", "bool"],
  ["i", "int"],
  ["u", "uint"],
  ["f", "float"],
  ["c", "complex"],
  ["S", "bytes"],
  ["U", "text"],
  ["V", "void"],
  ["M", "datetime"],
  ["m", "timedelta"],
]);

const sizes: Readonly<Record<string, readonly number[]>> = {
  b: [1],
  i: [1, 2, 4, 8],
  u: [1, 2, 4, 8],
  f: [2, 4, 8, 12, 16],
  c: [8, 16, 24, 32],
  M: [8],
  m: [8],
};

const scalarPattern =
  /^([<>|])([biufcSUVMm])(0|[1-9][0-9]{0,9})(?:\[([1-9][0-9]{0,9})?(Y|M|W|D|h|m|s|ms|us|μs|ns|ps|fs|as)\])?$/;

/**
 * The type that a header describes.
 *
 * Only what is listed here is read: booleans, integers, floats, complex numbers, bytes, text, raw
 * bytes, dates, durations, records and arrays of them. Python objects are refused at any depth.
 * @throws `REPLAY_NPY_INVALID`
 * @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export function parseDescr(descr: PythonLiteral): NpyDtype {
  if (descr.kind === "text") return parseScalar(descr.value);
  if (descr.kind === "list") return parseStruct(descr.items);
  // An array as an element: (type, shape).
  if (descr.kind === "tuple" && descr.items.length === 2) {
    const [item, shape] = descr.items;
    if (item !== undefined && shape !== undefined)
      return subarray(parseDescr(item), parseShape(shape));
  }
  throw npyInvalid("dtype", "The type of the array is not described as NumPy does.");
}

/** A shape, or the length of a row, as a header has it. */
export function parseShape(shape: PythonLiteral): number[] {
  const items = shape.kind === "tuple" ? shape.items : [shape];
  return items.map((item) => {
    if (item.kind !== "integer")
      throw npyInvalid("shape", "A dimension of the array is not an integer.");
    if (item.value < 0n) throw npyInvalid("shape", "A dimension of the array is negative.");
    if (item.value > BigInt(Number.MAX_SAFE_INTEGER))
      throw npyInvalid("shape", `A dimension of the array, ${item.value}, is too large.`);
    return Number(item.value);
  });
}

/** The product of dimensions and an element's size, never rounded. */
export function sizeOf(shape: readonly number[], itemsize: number): number {
  const size = shape.reduce((product, length) => product * BigInt(length), BigInt(itemsize));
  if (size > BigInt(Number.MAX_SAFE_INTEGER))
    throw npyInvalid("shape", `The array would have ${size} bytes.`);
  return Number(size);
}

function parseScalar(text: string): NpyDtype {
  const [, order, letter = "", digits, count = "", unit] = scalarPattern.exec(text) ?? [];
  if (/^[<>|=]?O/.test(text))
    throw npyInvalid("object", "The array holds Python objects, which are never loaded.");
  const kind = kinds.get(letter);
  const isDate = kind === "datetime" || kind === "timedelta";
  const size = Number(digits);
  if (
    kind === undefined ||
    (unit !== undefined && !isDate) ||
    sizes[letter]?.includes(size) === false
  )
    throw npyInvalid("dtype", `The type ${shown(text)} is not one that is read.`);
  const itemsize = kind === "text" ? size * 4 : size;
  const isPlain = kind === "bytes" || kind === "void" || itemsize <= 1;
  if (order === "|" && !isPlain)
    throw npyInvalid("dtype", `The type ${shown(text)} does not say the order of its bytes.`);
  checkItemsize(itemsize);
  const isBigEndian = order === ">" && !isPlain;
  return { kind, itemsize, isBigEndian, ...(isDate && { unit: unit ? count + unit : "" }) };
}

function parseStruct(items: readonly PythonLiteral[]): NpyStruct {
  const fields: NpyField[] = [];
  const names = new Set<string>();
  let offset = 0;
  for (const item of items) {
    if (item.kind !== "tuple" || item.items.length < 2 || item.items.length > 3)
      throw npyInvalid("dtype", "A field of the array is not described as NumPy does.");
    const [naming, descr, shape] = item.items;
    if (naming === undefined || descr === undefined) continue;
    const [name, title] = namesOf(naming);
    const inner = parseDescr(descr);
    const dtype = shape === undefined ? inner : subarray(inner, parseShape(shape));
    const isPadding = name === "" && dtype.kind === "void";
    if (!isPadding) {
      for (const used of title === undefined || title === name ? [name] : [name, title])
        if (used === "" || names.has(used) || !names.add(used))
          throw npyInvalid(
            "dtype",
            `The array has two fields ${shown(used)}, or one without name.`,
          );
      fields.push({ name, offset, dtype });
    }
    offset += dtype.itemsize;
    checkItemsize(offset);
  }
  return { kind: "struct", itemsize: offset, fields };
}

/** A name, or a title and a name. */
function namesOf(naming: PythonLiteral): [name: string, title?: string] {
  if (naming.kind === "text") return [naming.value];
  const [title, name] = naming.kind === "tuple" ? naming.items : [];
  if (naming.kind === "tuple" && naming.items.length === 2)
    if (title?.kind === "text" && name?.kind === "text") return [name.value, title.value];
  throw npyInvalid("dtype", "A field of the array has no name.");
}

function subarray(item: NpyDtype, shape: readonly number[]): NpySubarray {
  const itemsize = sizeOf(shape, item.itemsize);
  checkItemsize(itemsize);
  checkItemsize(sizeOf(shape, 1)); // Elements without bytes are counted, too.
  return { kind: "array", itemsize, shape, item };
}

function checkItemsize(itemsize: number): void {
  if (itemsize > itemsizeMax)
    throw npyInvalid("limit", `An element has ${itemsize} bytes; at most ${itemsizeMax} are read.`);
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
