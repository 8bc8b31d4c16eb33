import type { Digest } from "@reseal/hash";
import type { BlobEncoding, BlobForm, ChangeFormOptions, FormChange } from "./blob-form.ts";
import type {
  BatchFile,
  BlobProblem,
  BulkOptions,
  LocalCopy,
  PutFileResult,
  PutFilesOptions,
} from "./bulk.ts";

/** Bytes that arrive piece by piece. A Node stream, a web stream and a generator all fit. */
export type ByteSource = AsyncIterable<Uint8Array>;

/** What every operation that waits accepts. */
export interface OperationOptions {
  /** Stops the operation; after an abort nothing partial is visible. */
  readonly signal?: AbortSignal | undefined;
}

/** A blob's address and length in bytes. */
export interface BlobInfo {
  readonly digest: Digest;
  readonly size: number;
}

/** What the caller of {@link BlobBatch.keep} knows. */
export interface KeepOptions extends OperationOptions {
  /**
   * The caller saw these blobs durable, and wrote that down at this time of the store's file
   * system, in milliseconds: one that has not changed since needs no new sync.
   */
  readonly durableAtMs?: number | undefined;
}

/** Options of a write. */
export interface PutOptions extends OperationOptions {
  /** Refuse the bytes, with `STORE_DIGEST_MISMATCH`, unless they have this digest. */
  readonly expected?: Digest | undefined;
}

/**
 * Immutable bytes, addressed by the digest of their content.
 *
 * Every implementation must hold these, and `@reseal/store/conformance` checks them:
 * - **Atomic**: a blob is either absent or complete; no reader sees a part of one.
 * - **Read after write**: once `put` or a batch's `commit` resolves, `get`, `stat` and `list` see
 *   the blob, and a power cut does not take it back.
 * - **Idempotent**: putting the same bytes twice, also at the same time, is one blob; bytes that
 *   are there are never written again.
 * - **Verified**: every byte that leaves is checked against the digest; a mismatch ends the source
 *   with `STORE_BLOB_CORRUPT`, at the latest after the last byte.
 * - **Honest absence**: "not there" is said only when the backend said so. A failed permission
 *   check or a lost connection throws.
 */
export interface BlobStore extends AsyncDisposable {
  /** Where the blobs live, for people to read: a folder, a URL. */
  readonly location: string;
  /** Store one blob, durable when it resolves. */
  put(source: ByteSource | Uint8Array, options?: PutOptions): Promise<BlobInfo>;
  /** Collect many writes and make them visible and durable at once. */
  openBatch(options?: OperationOptions): Promise<BlobBatch>;
  /**
   * Read a blob, verified while it streams.
   * @throws `STORE_BLOB_NOT_FOUND` before the first byte, `STORE_BLOB_CORRUPT` while streaming.
   */
  get(digest: Digest, options?: OperationOptions): Promise<ByteSource>;
  /**
   * Say that much work comes, so that the store may start what it takes for that meanwhile. It
   * changes nothing else.
   */
  prepare?(): void;
  /**
   * Read blobs again from the first byte to the last, and give those that are not in order. For
   * many at once this is several times faster than `get` for each.
   */
  check(blobs: readonly BlobInfo[], options?: BulkOptions): Promise<readonly BlobProblem[]>;
  /**
   * Write blobs as new local files, each checked against its digest. After an error some may be
   * written; they are the caller's to remove. Nothing is synced.
   * @throws `STORE_BLOB_NOT_FOUND`, `STORE_BLOB_CORRUPT`, `STORE_COPY_FAILED`
   */
  copyOut(copies: readonly LocalCopy[], options?: BulkOptions): Promise<void>;
  /**
   * Where a blob lies as a local file with exactly its bytes, for a store that keeps such files.
   * Whoever reads it checks the digest. It says nothing about whether the blob is there, and a blob
   * that is compressed has no such file: whoever does not find it asks `get`.
   */
  localFile?(digest: Digest): string | undefined;
  /** How a blob is stored, for a store that knows several forms; `undefined` when it is not there. */
  formOf?(digest: Digest, options?: OperationOptions): Promise<BlobForm | undefined>;
  /**
   * Compress blobs, or bring them back to their own bytes. Digests, sizes and what readers get stay
   * the same. The old form goes away only after the new one was read back, found to give the bytes
   * of the digest, and made durable; after an interruption each blob is whole in one form or both.
   * Results come in the order of the digests.
   */
  changeForm?(
    digests: readonly Digest[],
    encoding: BlobEncoding,
    options?: ChangeFormOptions,
  ): Promise<readonly FormChange[]>;
  /** Address and length, or `undefined` when the blob is not there. Does not read the bytes. */
  stat(digest: Digest, options?: OperationOptions): Promise<BlobInfo | undefined>;
  /** Every blob, in order of its digest. */
  list(options?: OperationOptions): AsyncIterable<BlobInfo>;
  /** Remove a blob; `false` when it was not there. */
  delete(digest: Digest, options?: OperationOptions): Promise<boolean>;
}

/**
 * Writes that become visible together.
 *
 * Nothing is visible before `commit`, everything is visible and durable after it. Leaving the
 * batch without `commit` leaves no blob and no temporary file behind.
 */
export interface BlobBatch extends AsyncDisposable {
  /** Stage bytes. */
  put(source: ByteSource | Uint8Array, options?: PutOptions): Promise<BlobInfo>;
  /**
   * Stage a local file.
   * @throws `STORE_FILE_CHANGED` when the file changes while it is read.
   */
  putFile(path: string, options?: PutOptions): Promise<BlobInfo>;
  /**
   * Stage many local files, on several processor cores where that pays. Results come in the order
   * of the files. A file that cannot be staged is a result, not an error: the others go on.
   *
   * An inspector sees every file that has `inspectAs`, before anything of it is staged.
   */
  putFiles(
    files: readonly BatchFile[],
    options?: PutFilesOptions,
  ): Promise<readonly PutFileResult[]>;
  /**
   * Count blobs that are stored already as part of this batch: what collects garbage by age takes
   * them for new, and `commit` fails if one goes away meanwhile.
   * @returns those that are not there; they must be put again.
   */
  keep(blobs: readonly BlobInfo[], options?: KeepOptions): Promise<readonly BlobInfo[]>;
  /**
   * Say that hardly anything comes any more: the store may begin with what the commit would wait
   * for, and let go of what only staging needs. It changes nothing else.
   */
  settle?(): void;
  /** Publish all that was staged: synced, renamed, synced again. */
  commit(options?: OperationOptions): Promise<void>;
}
