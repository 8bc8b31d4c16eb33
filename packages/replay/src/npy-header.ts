import { type NpyDtype, parseDescr, parseShape, sizeOf } from "./npy-dtype.ts";
import { npyInvalid } from "./npy-errors.ts";
import { type PythonLiteral, parsePythonLiteral } from "./npy-literal.ts";

/** What stands before the data of an array. */
export interface NpyHeader {
  readonly version: readonly [major: number, minor: number];
  readonly dtype: NpyDtype;
  /** Columns first: the first index changes fastest. */
  readonly isFortranOrder: boolean;
  readonly shape: readonly number[];
  /** Where the data begins. */
  readonly dataOffset: number;
  readonly elementCount: number;
  /** Bytes of the data: elements times the size of one. */
  readonly dataBytes: number;
}

/** The first bytes of a file, which say how long its header is. */
export interface NpyPrelude {
  readonly version: readonly [major: number, minor: number];
  readonly headerOffset: number;
  readonly headerBytes: number;
}

/** Enough bytes for {@link parsePrelude}. */
export const preludeBytes = 12;

/** Longest header of versions 2 and 3, in bytes; version 1 cannot have more than 65535. */
export const headerBytesMax: number = 1024 * 1024;

/** Most dimensions that NumPy knows. */
const dimensionsMax = 64;

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY

/**
 * Read the first {@link preludeBytes} of a file.
 * @throws `REPLAY_NPY_INVALID`
 */
export function parsePrelude(bytes: Uint8Array): NpyPrelude {
  if (bytes.byteLength < preludeBytes || magic.some((byte, index) => bytes[index] !== byte))
    throw npyInvalid("magic", "The file does not begin as a NumPy array does.");
  const [major = 0, minor = 0] = bytes.subarray(6, 8);
  if (major < 1 || major > 3 || minor !== 0)
    throw npyInvalid("version", `Version ${major}.${minor} of the format is not known.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (headerBytes > headerBytesMax)
    throw npyInvalid(
      "limit",
      `The header has ${headerBytes} bytes; at most ${headerBytesMax} are read.`,
    );
  if (headerBytes < 2) throw npyInvalid("header", "The header of the array is empty.");
  return { version: [major, minor], headerOffset: major === 1 ? 10 : 12, headerBytes };
}

/**
 * Read a header. It is never evaluated: a dict with exactly `descr`, `fortran_order` and `shape`.
 * @throws `REPLAY_NPY_INVALID`
 */
export function parseHeader(prelude: NpyPrelude, bytes: Uint8Array): NpyHeader {
  const literal = parsePythonLiteral(decode(bytes, prelude.version[0] >= 3 ? "utf-8" : "latin1"));
  const { descr, fortran_order, shape } = entriesOf(literal);
  if (fortran_order.kind !== "boolean")
    throw npyInvalid("header", "The header does not say True or False for fortran_order.");
  if (shape.kind !== "tuple") throw npyInvalid("shape", "The shape of the array is not a tuple.");
  if (shape.items.length > dimensionsMax)
    throw npyInvalid("shape", `The array has more than ${dimensionsMax} dimensions.`);
  const lengths = parseShape(shape);
  const dtype = parseDescr(descr);
  return {
    version: prelude.version,
    dtype,
    isFortranOrder: fortran_order.value,
    shape: lengths,
    dataOffset: prelude.headerOffset + prelude.headerBytes,
    elementCount: sizeOf(lengths, 1),
    dataBytes: sizeOf(lengths, dtype.itemsize),
  };
}

type Key = "descr" | "fortran_order" | "shape";

function entriesOf(literal: PythonLiteral): Readonly<Record<Key, PythonLiteral>> {
  if (literal.kind === "dict" && literal.entries.length === 3) {
    const map = new Map(literal.entries);
    const [descr, fortran_order, shape] = [
      map.get("descr"),
      map.get("fortran_order"),
      map.get("shape"),
    ];
    if (descr !== undefined && fortran_order !== undefined && shape !== undefined)
      return { descr, fortran_order, shape };
  }
  throw npyInvalid("header", "The header does not have exactly descr, fortran_order and shape.");
}

function decode(bytes: Uint8Array, encoding: "utf-8" | "latin1"): string {
  // TextDecoder's latin1 is Windows-1252, which is another code.
  if (encoding === "latin1") return Buffer.from(bytes).toString("latin1");
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw npyInvalid("header", "The header is not UTF-8.");
  }
}
