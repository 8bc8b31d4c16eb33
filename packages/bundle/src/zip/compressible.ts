import { deflateRawSync } from "node:zlib";

/** A deflated form that is not smaller than this, in parts of the file, is not worth inflating. */
export const worthwhile = 0.98;
/** What is compressed by its name is tried only when a sample shrinks as much as this. */
const surprising = 0.75;

const compressedExtensions: ReadonlySet<string> = new Set(
  (
    "7z aac avif br bz2 docx egg epub flac gif gz heic jar jpeg jpg jxl lz4 lzma m4a m4v mkv mov " +
    "mp3 mp4 mpeg npz odp ods odt ogg opus png pptx rar tgz txz tzst webm webp whl woff woff2 " +
    "xlsx xz zip zst"
  ).split(" "),
);

const compressedTypes =
  /^(?:video\/|audio\/(?!x?-?wav)|image\/(?:avif|gif|jpeg|jxl|png|webp)$|application\/(?:gzip|zip|zstd|x-7z-compressed|x-bzip2?|x-npz|x-xz)$)/;

/** Whether a file's name or type says that it is compressed already. Some of them are not. */
export function isCompressedKind(path: string, mediaType: string): boolean {
  const extension = /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
  return compressedExtensions.has(extension) || compressedTypes.test(mediaType);
}

export const sliceBytes: number = 64 * 1024;
export const sliceEvery: number = 4 * 1024 * 1024;
const kindSampleBytes = 16 * 1024;
/** Up to this size, trying costs less than guessing wrong. */
const triedBytesMax = 1024 * 1024;

/** Whether it may pay to deflate bytes that are in memory. Depends on the bytes and the name alone. */
export function looksCompressible(bytes: Uint8Array, isCompressed: boolean): boolean {
  if (bytes.byteLength === 0) return false;
  if (isCompressed) {
    const start = Math.max(0, Math.floor((bytes.byteLength - kindSampleBytes) / 2));
    return shrinksTo(bytes.subarray(start, start + kindSampleBytes)) < surprising;
  }
  if (bytes.byteLength <= triedBytesMax) return true;
  const sample = createSample();
  sample.push(bytes);
  return sample.looksCompressible(false);
}

/** Slices of a stream, deflated one by one to tell what all of it would shrink to. */
export interface Sample {
  /** Take the next bytes of the stream. They are not kept. */
  push(bytes: Uint8Array): void;
  /** Take no notice of the next bytes, of which none is of a slice. */
  skip(byteCount: number): void;
  looksCompressible(isCompressed: boolean): boolean;
}

/** Begin a sample: the first 64 KiB of every 4 MiB. */
export function createSample(): Sample {
  let position = 0;
  let taken = 0;
  let shrunk = 0;
  let slice = Buffer.allocUnsafe(sliceBytes);
  let filled = 0;
  const flush = (): void => {
    if (filled === 0) return;
    shrunk += shrinksTo(slice.subarray(0, filled)) * filled;
    taken += filled;
    filled = 0;
  };
  return {
    push(bytes) {
      for (let at = 0; at < bytes.byteLength; ) {
        const inPeriod = (position + at) % sliceEvery;
        if (inPeriod >= sliceBytes) {
          at += sliceEvery - inPeriod;
          continue;
        }
        const piece = bytes.subarray(at, at + sliceBytes - inPeriod);
        slice.set(piece, filled);
        filled += piece.byteLength;
        at += piece.byteLength;
        if (filled === sliceBytes) flush();
      }
      position += bytes.byteLength;
    },
    skip(byteCount) {
      position += byteCount;
    },
    looksCompressible(isCompressed) {
      flush();
      slice = Buffer.alloc(0);
      return taken > 0 && shrunk / taken < (isCompressed ? surprising : worthwhile);
    },
  };
}

function shrinksTo(bytes: Uint8Array): number {
  return deflateRawSync(bytes, { level: 1 }).byteLength / bytes.byteLength;
}
