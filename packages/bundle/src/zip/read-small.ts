import { constants, crc32, inflateRawSync } from "node:zlib";
import type { PlacedEntry } from "./tiling.ts";
import { corrupt } from "./zip-errors.ts";
import type { ZipSource } from "./zip-source.ts";

/** What must be known of an entry to read it. */
export type SmallEntry = Omit<PlacedEntry, "isFolder" | "isExecutable">;

/**
 * Read an entry that fits into memory: one buffer, one call, no stream. The bytes are good until
 * the source is read again.
 * @throws `BUNDLE_ZIP_CORRUPT`
 */
export function readSmall(source: ZipSource, entry: SmallEntry): Buffer {
  const { path, size, compressedSize, dataOffset, method } = entry;
  const data = source.read(dataOffset, compressedSize);
  const bytes = method === "stored" ? data : inflate(data, entry);
  if (bytes.byteLength !== size)
    throw corrupt("data", `${path} has ${bytes.byteLength} bytes, not ${size}.`, { path });
  if (crc32(bytes) !== entry.crc32)
    throw corrupt("crc", `The bytes of ${path} do not match its CRC-32.`, { path });
  return bytes;
}

function inflate(data: Buffer, { path, size }: SmallEntry): Buffer {
  try {
    const { buffer, engine } = inflateRawInfo(data, wholeOf(size));
    if (engine.bytesWritten === data.byteLength) return buffer;
  } catch (cause) {
    throw corrupt("data", `${path} cannot be inflated to ${size} bytes.`, { path, cause });
  }
  throw corrupt("data", `${path} has bytes behind the end of its data.`, { path });
}

/** With `info`, Node gives the number of bytes that were read as well; its types do not know. */
export type InflateInfo = (
  data: Uint8Array,
  options: ReturnType<typeof wholeOf>,
) => { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } };

const inflateRawInfo = inflateRawSync as unknown as InflateInfo;

/** Options that inflate so many bytes at once; a stream that gives more ends with an error. */
export function wholeOf(size: number): {
  readonly chunkSize: number;
  readonly maxOutputLength: number;
  readonly info: true;
} {
  // Room for one more, or zlib would be called again to see whether there is more.
  const chunkSize = Math.max(constants.Z_MIN_CHUNK, size + 1);
  return { chunkSize, maxOutputLength: Math.max(1, size), info: true };
}
