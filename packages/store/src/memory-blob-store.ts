import { strict as assert } from "node:assert";
import { open } from "node:fs/promises";
import { isResealError } from "@reseal/errors";
import { compareUtf8, type Digest, digestBytes, parseDigest } from "@reseal/hash";
import {
  type BlobEncoding,
  type BlobForm,
  type ChangeFormOptions,
  decodedBlob,
  type FormChange,
  isWorthwhile,
} from "./blob-form.ts";
import type {
  BlobBatch,
  BlobInfo,
  BlobStore,
  ByteSource,
  OperationOptions,
  PutOptions,
} from "./blob-store.ts";
import type {
  BatchFile,
  BlobProblem,
  BulkOptions,
  LocalCopy,
  PutFileResult,
  PutFilesOptions,
} from "./bulk.ts";
import { abortableSource, collectBytes, verifiedSource } from "./byte-source.ts";
import { encodeZstdBytes } from "./encodings/zstd.ts";
import { storeErrors } from "./errors.ts";
import { checkOneByOne, copyOneByOne, putOneByOne } from "./one-by-one.ts";

/** Blobs in memory, with ways to break them as a disk or a network would. */
export interface MemoryBlobStore extends BlobStore {
  formOf: NonNullable<BlobStore["formOf"]>;
  changeForm: NonNullable<BlobStore["changeForm"]>;
  /** Change a blob's bytes behind the store's back. */
  damage(digest: Digest, change: (bytes: Uint8Array) => Uint8Array): void;
  /** Make every look-up of a digest fail, as a lost connection does. */
  obstruct(digest: Digest): void;
}

/** A blob store that lives as long as the process: the double for tests. */
export function createMemoryBlobStore(): MemoryBlobStore {
  return new MemoryBlobStoreImplementation();
}

interface StoredBlob {
  readonly size: number;
  /** As they are stored. */
  readonly bytes: Uint8Array;
  readonly encoding: BlobEncoding;
}

class MemoryBlobStoreImplementation implements MemoryBlobStore {
  readonly location = "memory";
  readonly #blobs = new Map<Digest, StoredBlob>();
  readonly #obstructed = new Set<Digest>();

  async put(source: ByteSource | Uint8Array, options: PutOptions = {}): Promise<BlobInfo> {
    const bytes = await readAll(source, options);
    return this.publish(bytes);
  }

  async openBatch({ signal }: OperationOptions = {}): Promise<BlobBatch> {
    signal?.throwIfAborted();
    return new MemoryBatch(this, signal);
  }

  async get(digest: Digest, { signal }: OperationOptions = {}): Promise<ByteSource> {
    signal?.throwIfAborted();
    const blob = this.#find(digest);
    if (blob === undefined) {
      throw storeErrors.BLOB_NOT_FOUND(`Blob ${digest} is not in ${this.location}.`, {
        details: { digest, location: this.location },
      });
    }
    const source = abortableSource(chunked(blob.bytes), signal);
    const info = { digest, size: blob.size };
    const read = blob.encoding === "zstd" ? decodedBlob : verifiedSource;
    return read(source, info, this.location);
  }

  check(blobs: readonly BlobInfo[], options?: BulkOptions): Promise<readonly BlobProblem[]> {
    return checkOneByOne(this, blobs, options);
  }

  copyOut(copies: readonly LocalCopy[], options?: BulkOptions): Promise<void> {
    return copyOneByOne(this, copies, options);
  }

  async stat(digest: Digest, { signal }: OperationOptions = {}): Promise<BlobInfo | undefined> {
    signal?.throwIfAborted();
    const blob = this.#find(digest);
    return blob === undefined ? undefined : { digest, size: blob.size };
  }

  async formOf(digest: Digest, { signal }: OperationOptions = {}): Promise<BlobForm | undefined> {
    signal?.throwIfAborted();
    const blob = this.#find(digest);
    if (blob === undefined) return undefined;
    const { size, encoding, bytes } = blob;
    return { digest, size, encoding, storedSize: bytes.byteLength };
  }

  async changeForm(
    digests: readonly Digest[],
    encoding: BlobEncoding,
    { signal, dryRun }: ChangeFormOptions = {},
  ): Promise<readonly FormChange[]> {
    const changes: FormChange[] = [];
    for (const digest of digests) {
      signal?.throwIfAborted();
      changes.push(await this.#changeForm(digest, encoding, dryRun));
    }
    return changes;
  }

  async #changeForm(
    digest: Digest,
    encoding: BlobEncoding,
    dryRun: boolean | undefined,
  ): Promise<FormChange> {
    const form = await this.formOf(digest);
    const nothing = { digest, size: 0, encoding, storedSize: 0 };
    const before = { ...(form ?? nothing), storedSizeBefore: form?.storedSize ?? 0 };
    if (form?.encoding === encoding) return { ...before, status: "unchanged" };
    try {
      const bytes = await collectBytes(await this.get(digest));
      const stored = encoding === "zstd" ? encodeZstdBytes(bytes) : bytes;
      const storedSize = stored.byteLength;
      if (encoding === "zstd" && !isWorthwhile(bytes.byteLength, storedSize))
        return { ...before, status: "not_smaller" };
      if (dryRun !== true)
        this.#blobs.set(digest, { size: bytes.byteLength, bytes: stored, encoding });
      return { ...before, encoding, storedSize, status: "changed" };
    } catch (error) {
      if (!isResealError(error)) throw error;
      return { ...before, status: "failed", error };
    }
  }

  async *list({ signal }: OperationOptions = {}): AsyncIterable<BlobInfo> {
    for (const digest of [...this.#blobs.keys()].sort(compareUtf8)) {
      signal?.throwIfAborted();
      const blob = this.#blobs.get(digest);
      if (blob !== undefined) yield { digest, size: blob.size };
    }
  }

  async delete(digest: Digest, { signal }: OperationOptions = {}): Promise<boolean> {
    signal?.throwIfAborted();
    this.#find(digest);
    return this.#blobs.delete(digest);
  }

  damage(digest: Digest, change: (bytes: Uint8Array) => Uint8Array): void {
    const blob = this.#blobs.get(digest);
    assert(blob !== undefined, `There is no blob ${digest} to damage.`);
    this.#blobs.set(digest, { ...blob, bytes: change(new Uint8Array(blob.bytes)) });
  }

  obstruct(digest: Digest): void {
    this.#obstructed.add(digest);
  }

  /** Make bytes a blob, unless they are one. */
  publish(bytes: Uint8Array): BlobInfo {
    const info = { digest: digestBytes(bytes), size: bytes.byteLength };
    if (this.#find(info.digest) === undefined) {
      this.#blobs.set(info.digest, { size: info.size, bytes, encoding: "identity" });
    }
    return info;
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #find(digest: Digest): StoredBlob | undefined {
    if (this.#obstructed.has(parseDigest(digest))) {
      throw storeErrors.READ_FAILED(`Cannot tell whether blob ${digest} is in ${this.location}.`, {
        details: { digest, location: this.location },
      });
    }
    return this.#blobs.get(digest);
  }
}

class MemoryBatch implements BlobBatch {
  readonly #store: MemoryBlobStoreImplementation;
  readonly #signal: AbortSignal | undefined;
  readonly #kept: BlobInfo[] = [];
  #staged: Uint8Array[] | undefined = [];

  constructor(store: MemoryBlobStoreImplementation, signal: AbortSignal | undefined) {
    this.#store = store;
    this.#signal = signal;
  }

  async put(source: ByteSource | Uint8Array, options: PutOptions = {}): Promise<BlobInfo> {
    return this.#stage(await readAll(source, this.#withSignal(options)));
  }

  async putFile(path: string, options: PutOptions = {}): Promise<BlobInfo> {
    const { signal, expected } = this.#withSignal(options);
    await using file = await open(path).catch((cause: unknown) => {
      const errno = (cause as NodeJS.ErrnoException).code;
      const details = { path, errno };
      throw storeErrors.FILE_UNREADABLE(`${path} cannot be read.`, { details, cause });
    });
    const before = await file.stat({ bigint: true });
    const bytes = await file.readFile({ signal }).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== "EISDIR") throw cause;
      throw storeErrors.FILE_UNREADABLE(`${path} is a folder.`, { details: { path }, cause });
    });
    const after = await file.stat({ bigint: true });
    if (before.size !== after.size || before.mtimeNs !== after.mtimeNs) {
      throw storeErrors.FILE_CHANGED(`${path} changed while it was read.`, { details: { path } });
    }
    return this.#stage(await readAll(bytes, { expected }));
  }

  putFiles(
    files: readonly BatchFile[],
    options: PutFilesOptions = {},
  ): Promise<readonly PutFileResult[]> {
    return putOneByOne(this, files, { ...options, ...this.#withSignal(options) });
  }

  async keep(blobs: readonly BlobInfo[], options?: OperationOptions): Promise<readonly BlobInfo[]> {
    const missing: BlobInfo[] = [];
    for (const blob of blobs) {
      const found = await this.#store.stat(blob.digest, options);
      if (found === undefined) missing.push(blob);
      else this.#kept.push(blob);
    }
    return missing;
  }

  async commit({ signal }: OperationOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    this.#signal?.throwIfAborted();
    for (const { digest } of this.#kept)
      if ((await this.#store.stat(digest)) === undefined)
        throw storeErrors.BLOB_NOT_FOUND(`Blob ${digest} was removed during the batch.`);
    for (const bytes of this.#open()) this.#store.publish(bytes);
    this.#staged = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#staged = undefined;
  }

  #stage(bytes: Uint8Array): BlobInfo {
    this.#open().push(bytes);
    return { digest: digestBytes(bytes), size: bytes.byteLength };
  }

  #open(): Uint8Array[] {
    assert(this.#staged !== undefined, "The batch has ended.");
    return this.#staged;
  }

  #withSignal(options: PutOptions): PutOptions {
    this.#open();
    const signals = [options.signal, this.#signal].filter((signal) => signal !== undefined);
    return { ...options, signal: signals.length > 1 ? AbortSignal.any(signals) : signals[0] };
  }
}

async function readAll(
  source: ByteSource | Uint8Array,
  { expected, signal }: PutOptions,
): Promise<Uint8Array> {
  signal?.throwIfAborted();
  const bytes =
    source instanceof Uint8Array
      ? new Uint8Array(source)
      : await collectBytes(abortableSource(source, signal));
  const actual = digestBytes(bytes);
  if (expected === undefined || expected === actual) return bytes;
  throw storeErrors.DIGEST_MISMATCH(`Expected ${expected}, got ${actual}.`, {
    details: { expected, actual, size: bytes.byteLength },
  });
}

const chunkBytes = 64 * 1024;

/** Pieces of the size a file or a socket gives, so that readers meet the borders in tests too. */
async function* chunked(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += chunkBytes) {
    yield new Uint8Array(bytes.subarray(start, start + chunkBytes));
  }
}
