import { closeSync, constants as fileConstants, openSync, readSync } from "node:fs";
import { constants, crc32, deflateRawSync } from "node:zlib";
import { type Digest, digestBytes } from "@reseal/hash";
import { bundleErrors } from "../errors.ts";
import { looksCompressible, worthwhile } from "./compressible.ts";
import { lengths, type methods } from "./format.ts";
import { defaultLimits, smallBytesMax } from "./limits.ts";
import { localHeader } from "./records.ts";

/** A small file that waits to become part of an archive. */
export interface PackItem {
  readonly path: string;
  readonly size: number;
  /** Whether its name or type says that it is compressed already. */
  readonly isCompressed: boolean;
  /** Where its bytes lie; without it they are in the task. */
  readonly file?: { readonly path: string; readonly digest: Digest } | undefined;
}

/** Small files to make records of. */
export interface PackTask {
  readonly items: readonly PackItem[];
  /** The bytes of those that have no file, one after the other. */
  readonly bytes: Uint8Array;
  readonly level: DeflateLevel;
  /** Where the records go; as long as {@link recordsBytesMax} says. */
  readonly out: Uint8Array<SharedArrayBuffer>;
}

/** A file that has become part of an archive. */
export interface PackedItem {
  readonly method: keyof typeof methods;
  readonly crc: number;
  readonly compressedSize: number;
  /** Bytes of its header and data. */
  readonly recordBytes: number;
}

/** Bytes that the records of files need at most: what does not shrink is stored. */
export function recordsBytesMax(items: readonly Pick<PackItem, "path" | "size">[]): number {
  const bytesOf = ({ path, size }: Pick<PackItem, "path" | "size">): number =>
    lengths.local + Buffer.byteLength(path) + size;
  // One more, to see that a file is longer than it should be.
  return items.reduce((sum, item) => sum + bytesOf(item), 1);
}

/** How hard to try; 0 is not at all. */
export type DeflateLevel = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;

/**
 * Make the records of small files, one after the other.
 * @throws `BUNDLE_SOURCE_CHANGED` for a file that does not have its size and digest.
 */
export function packBatch({ items, bytes, level, out: shared }: PackTask): PackedItem[] {
  const out = Buffer.from(shared.buffer, shared.byteOffset, shared.byteLength);
  const packed: PackedItem[] = [];
  let at = 0;
  let end = 0;
  for (const item of items) {
    const { path, size, file } = item;
    const name = Buffer.from(path);
    const dataStart = end + lengths.local + name.byteLength;
    // Read to where it stands if it is stored.
    const stored = out.subarray(dataStart, dataStart + size);
    if (file === undefined) {
      stored.set(bytes.subarray(at, at + size));
      at += size;
    } else {
      readFile(file, path, size, out, dataStart);
    }
    const crc = crc32(stored);
    const deflated = level === 0 ? undefined : deflate(stored, item, level);
    if (deflated !== undefined) out.set(deflated, dataStart);
    const method = deflated === undefined ? "stored" : "deflated";
    const compressedSize = deflated?.byteLength ?? size;
    out.set(localHeader({ name, method, crc, compressedSize, size }), end);
    const recordEnd = dataStart + compressedSize;
    packed.push({ method, crc, compressedSize, recordBytes: recordEnd - end });
    end = recordEnd;
  }
  return packed;
}

const readFlags = fileConstants.O_RDONLY | (fileConstants.O_NOFOLLOW ?? 0);

function readFile(
  file: NonNullable<PackItem["file"]>,
  path: string,
  size: number,
  out: Buffer,
  start: number,
): void {
  const handle = openSync(file.path, readFlags);
  let length = 0;
  try {
    // One more than there should be, to see that there are too many.
    for (let count = -1; count !== 0 && length <= size; length += count)
      count = readSync(handle, out, start + length, size + 1 - length, null);
  } finally {
    closeSync(handle);
  }
  if (length === size && digestBytes(out.subarray(start, start + size)) === file.digest) return;
  throw bundleErrors.SOURCE_CHANGED(`${path} does not have its ${size} bytes any more.`, {
    details: { path, size },
  });
}

/** The deflated form when it pays. */
function deflate(
  content: Buffer,
  { size, isCompressed }: PackItem,
  level: DeflateLevel,
): Buffer | undefined {
  if (!looksCompressible(content, isCompressed)) return undefined;
  const data = deflateWhole(content, level, constants.Z_DEFAULT_STRATEGY);
  if (data.byteLength > size * worthwhile) return undefined;
  // What shrinks too well looks like a bomb. Without repetitions it shrinks to an eighth at best.
  const isTooSmall = data.byteLength * defaultLimits.ratioMax < size;
  return isTooSmall ? deflateWhole(content, level, constants.Z_HUFFMAN_ONLY) : data;
}

function deflateWhole(content: Buffer, level: DeflateLevel, strategy: number): Buffer {
  // Room for all that is worth keeping, so that it is one piece.
  const chunkSize = Math.min(smallBytesMax, Math.max(constants.Z_MIN_CHUNK, content.byteLength));
  return deflateRawSync(content, { level, strategy, chunkSize });
}
