import type { ResealError } from "@reseal/errors";
import type { BlobInfo, ByteSource } from "./blob-store.ts";
import type { BulkOptions } from "./bulk.ts";
import { verifiedSource } from "./byte-source.ts";
import { decodeZstd } from "./encodings/zstd.ts";
import { storeErrors } from "./errors.ts";

/**
 * How a blob's bytes lie in a store: as they are, or as one Zstandard frame. A blob's digest and
 * size are those of its bytes in whatever form.
 */
export type BlobEncoding = "identity" | "zstd";

/** How one blob is stored. */
export interface BlobForm extends BlobInfo {
  readonly encoding: BlobEncoding;
  /** Bytes that it takes in the store. */
  readonly storedSize: number;
}

/** Options of `BlobStore.changeForm`. */
export interface ChangeFormOptions extends BulkOptions {
  /** Find out what would come of it, and change nothing. */
  readonly dryRun?: boolean | undefined;
}

/** What became of one blob that was to change its form. */
export interface FormChange extends BlobForm {
  /**
   * - `changed`: it has the new form, or with `dryRun` would have it.
   * - `unchanged`: it had the form that was asked for.
   * - `not_smaller`: it would not be smaller by an eighth at least, and was left as it is.
   * - `failed`: it was left as it is.
   */
  readonly status: "changed" | "unchanged" | "not_smaller" | "failed";
  readonly storedSizeBefore: number;
  /** With `failed`: `STORE_BLOB_CORRUPT` or `STORE_BLOB_NOT_FOUND`. */
  readonly error?: ResealError | undefined;
}

/** Whether a compressed form saves enough to be worth the reading. */
export function isWorthwhile(size: number, encodedSize: number): boolean {
  return encodedSize <= size - size / 8;
}

/**
 * The bytes of a compressed blob, checked against its digest.
 * @param frame Its bytes as they are stored.
 * @throws `STORE_BLOB_CORRUPT`
 */
export function decodedBlob(
  frame: ByteSource,
  blob: BlobInfo,
  location: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  return verifiedSource(restored(frame, blob, location), blob, location);
}

async function* restored(
  frame: ByteSource,
  { digest, size }: BlobInfo,
  location: string,
): AsyncGenerator<Uint8Array> {
  try {
    yield* decodeZstd(frame);
  } catch (cause) {
    if ((cause as Partial<ResealError>).code !== storeErrors.ENCODING_INVALID.code) throw cause;
    throw storeErrors.BLOB_CORRUPT(`Blob ${digest} in ${location} cannot be decompressed.`, {
      details: { digest, size, location },
      cause,
    });
  }
}
