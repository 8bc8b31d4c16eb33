import { constants, crc32, deflateRawSync } from "node:zlib";
import { looksCompressible, worthwhile } from "./compressible.ts";
import type { methods } from "./format.ts";
import { defaultLimits } from "./limits.ts";
import { localHeader } from "./records.ts";

/** A file that waits to become part of an archive. */
export interface PackItem {
  readonly path: string;
  readonly size: number;
  /** Whether its name or type says that it is compressed already. */
  readonly isCompressed: boolean;
}

/** A file that has become part of an archive. */
export interface PackedItem {
  readonly method: keyof typeof methods;
  readonly crc: number;
  readonly compressedSize: number;
  /** Bytes of its header and data. */
  readonly recordBytes: number;
}

/** Files as they stand in the archive, one after the other. */
export interface PackedBatch {
  readonly bytes: Uint8Array;
  readonly items: readonly PackedItem[];
}

/** How hard to try; 6 is what others take, 0 is not at all. */
export type DeflateLevel = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;

/** Small files whose bytes lie one after the other. */
export interface PackTask {
  readonly bytes: Uint8Array;
  readonly items: readonly PackItem[];
  readonly level: DeflateLevel;
}

/** Make the records of small files. */
export function packBatch({ bytes, items, level }: PackTask): PackedBatch {
  const chunks: Uint8Array[] = [];
  const packed: PackedItem[] = [];
  let at = 0;
  let byteCount = 0;
  for (const item of items) {
    const content = bytes.subarray(at, at + item.size);
    at += item.size;
    const deflated = level === 0 ? undefined : deflate(content, item, level);
    const data = deflated ?? content;
    const method = deflated === undefined ? "stored" : "deflated";
    const crc = crc32(content);
    const compressedSize = data.byteLength;
    const name = Buffer.from(item.path);
    const header = localHeader({ name, method, crc, compressedSize, size: item.size });
    chunks.push(header, data);
    const recordBytes = header.byteLength + compressedSize;
    byteCount += recordBytes;
    packed.push({ method, crc, compressedSize, recordBytes });
  }
  const out = new Uint8Array(byteCount);
  let end = 0;
  for (const chunk of chunks) {
    out.set(chunk, end);
    end += chunk.byteLength;
  }
  return { bytes: out, items: packed };
}

/** The deflated form when it pays. */
function deflate(
  content: Uint8Array,
  { size, isCompressed }: PackItem,
  level: DeflateLevel,
): Uint8Array | undefined {
  if (!looksCompressible(content, isCompressed)) return undefined;
  const data = deflateWhole(content, level, constants.Z_DEFAULT_STRATEGY);
  if (data.byteLength > size * worthwhile) return undefined;
  // What shrinks too well looks like a bomb. Without repetitions it shrinks to an eighth at best.
  const isTooSmall = data.byteLength * defaultLimits.ratioMax < size;
  return isTooSmall ? deflateWhole(content, level, constants.Z_HUFFMAN_ONLY) : data;
}

function deflateWhole(content: Uint8Array, level: DeflateLevel, strategy: number): Uint8Array {
  // Room for all that is worth keeping, so that it is one piece.
  const chunkSize = Math.max(constants.Z_MIN_CHUNK, content.byteLength);
  return deflateRawSync(content, { level, strategy, chunkSize });
}
