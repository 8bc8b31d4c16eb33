import { pipeline } from "node:stream/promises";
import {
  constants,
  createZstdCompress,
  createZstdDecompress,
  zstdCompressSync,
  zstdDecompressSync,
} from "node:zlib";
import type { ByteSource } from "../blob-store.ts";
import { storeErrors } from "../errors.ts";

const level = 3;
/** Largest window that is read: 8 MiB, what RFC 8878 asks of every decoder. */
const windowLogMax = 23;
const pieceBytes = 1024 * 1024;
/** What a caller may make us set aside for a frame that holds less. */
const chunkBytesMax = 32 * 1024 * 1024;
// Functions, so that zlib is loaded with the first frame and not at the start.
const writing = () => ({ [constants.ZSTD_c_compressionLevel]: level });
const reading = () => ({ [constants.ZSTD_d_windowLogMax]: windowLogMax });

/** Bytes of a frame's beginning that {@link zstdContentSize} needs. */
export const zstdHeaderBytes = 18;

/**
 * Write bytes as one Zstandard frame that says how long they are.
 * @param size Their exact length in bytes.
 */
export function encodeZstd(
  source: ByteSource,
  size: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const options = { params: writing(), pledgedSrcSize: size, chunkSize: pieceBytes };
  return through(source, createZstdCompress(options));
}

/** The same for bytes in memory. */
export function encodeZstdBytes(bytes: Uint8Array): Uint8Array {
  return zstdCompressSync(bytes, { params: writing(), pledgedSrcSize: bytes.byteLength });
}

/**
 * Restore the bytes of a Zstandard frame. They come piece by piece, so whoever takes them decides
 * how much is too much.
 * @throws `STORE_ENCODING_INVALID`
 * @see https://www.rfc-editor.org/rfc/rfc8878
 */
export async function* decodeZstd(source: ByteSource): AsyncGenerator<Uint8Array, void, undefined> {
  const decompress = createZstdDecompress({ params: reading(), chunkSize: pieceBytes });
  try {
    yield* through(source, decompress);
  } catch (error) {
    throw zstdFailure(error);
  }
}

/**
 * The same for a frame in memory.
 * @param size How long the bytes have to be; more are not restored.
 */
export function decodeZstdBytes(frame: Uint8Array, size: number): Uint8Array {
  try {
    // One buffer of the right size, where the default is many of 16 KiB that are joined at the end.
    const chunkSize = Math.min(Math.max(64, size), chunkBytesMax);
    const options = { params: reading(), maxOutputLength: Math.max(1, size), chunkSize };
    return zstdDecompressSync(frame, options);
  } catch (error) {
    throw zstdFailure(error);
  }
}

/**
 * How long the bytes of a frame are, as its header says; `undefined` when it does not begin as a
 * frame of ours.
 * @param first The first {@link zstdHeaderBytes} bytes, or all where there are fewer.
 * @see https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1.1
 */
export function zstdContentSize(first: Uint8Array): number | undefined {
  const view = new DataView(first.buffer, first.byteOffset, first.byteLength);
  if (first.byteLength < 6 || view.getUint32(0, true) !== 0xfd2fb528) return undefined;
  const descriptor = view.getUint8(4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const at = 5 + (isSingleSegment ? 0 : 1) + dictionaryBytes;
  const kind = descriptor >> 6;
  const length = kind === 0 ? Number(isSingleSegment) : 2 ** kind;
  if (length === 0 || first.byteLength < at + length) return undefined;
  if (length === 1) return view.getUint8(at);
  if (length === 2) return view.getUint16(at, true) + 256;
  if (length === 4) return view.getUint32(at, true);
  const size = Number(view.getBigUint64(at, true));
  return Number.isSafeInteger(size) ? size : undefined;
}

type Transform = ReturnType<typeof createZstdCompress>;

async function* through(
  source: ByteSource,
  transform: Transform,
): AsyncGenerator<Uint8Array, void, undefined> {
  const feeding = pipeline(source, transform);
  feeding.catch(() => undefined); // It is thrown where the bytes are taken, or below.
  try {
    yield* transform as AsyncIterable<Uint8Array>;
  } finally {
    transform.destroy();
  }
  await feeding;
}

function zstdFailure(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  if (!code.startsWith("ZSTD_") && !code.startsWith("Z_") && code !== "ERR_BUFFER_TOO_LARGE")
    return error;
  return storeErrors.ENCODING_INVALID(`The compressed bytes cannot be restored: ${code}.`, {
    details: { code },
    cause: error,
  });
}
