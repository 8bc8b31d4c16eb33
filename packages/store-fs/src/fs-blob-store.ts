import { closeSync, existsSync, readSync, unlinkSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { type Digest, digestFromHex } from "@reseal/hash";
import {
  abortableSource,
  type BlobBatch,
  type BlobEncoding,
  type BlobForm,
  type BlobInfo,
  type BlobProblem,
  type BlobStore,
  type BulkOptions,
  type ByteSource,
  type ChangeFormOptions,
  decodedBlob,
  errnoOf,
  type FormChange,
  type LocalCopy,
  type OperationOptions,
  type PutOptions,
  readFailure,
  storeErrors,
  verifiedSource,
  writeFailure,
} from "@reseal/store";
import { checkInLanes, copyInLanes } from "./blobs-in-lanes.ts";
import { changeForm } from "./change-form.ts";
import {
  encodedFile,
  encodedSuffix,
  formOfBlob,
  type OpenedBlob,
  openEitherForm,
  sizeOfOpen,
} from "./encoded-blob.ts";
import { openFileBytes } from "./file-bytes.ts";
import { type BatchPlace, FsBatch } from "./fs-batch.ts";
import { FsSync, type Report } from "./fs-sync.ts";
import { Lanes } from "./lanes.ts";
import {
  assertFolder,
  assertSameFileSystem,
  blobPath,
  makeFolder,
  temporaryBeside,
} from "./layout.ts";
import { sweepTemporaryFolders } from "./temporary-folder.ts";

/** How to open a folder of blobs. */
export interface FsBlobStoreOptions {
  /** Absolute folder for temporary files, on the blobs' file system; default `tmp` beside them. */
  readonly temporary?: string | undefined;
  /** Open what is there, change nothing, and refuse to write. */
  readonly readOnly?: boolean | undefined;
  /** Whether blobs may be compressed; default true, which only costs time. */
  readonly isMixed?: boolean | undefined;
  /**
   * Called before a blob is first compressed: what reads this folder must know of compressed blobs
   * from then on.
   */
  readonly onCompress?: (() => Promise<void>) | undefined;
  /** Told where the file system keeps less than the full promise. */
  readonly report?: Report | undefined;
}

/**
 * Open blobs in a folder, and make the folder when it is not there.
 *
 * A blob is the file `ab/abcdef…`, named by its SHA-256, with exactly its bytes and read-only mode:
 * `sha256sum` checks it. Temporary files that dead processes left are removed.
 * @param directory Absolute.
 * @throws `STORE_WRITE_FAILED`, `STORE_READ_ONLY`; `STORE_UNAVAILABLE` when opened read-only and
 * the folder is not there.
 */
export async function openFsBlobStore(
  directory: string,
  options: FsBlobStoreOptions = {},
): Promise<BlobStore> {
  const {
    temporary = temporaryBeside(directory),
    readOnly = false,
    isMixed = true,
    onCompress = async () => undefined,
    report = () => undefined,
  } = options;
  if (readOnly) {
    assertFolder(directory);
  } else {
    await makeFolder(directory, 0o755, report);
    await makeFolder(temporary, 0o700, report);
    assertSameFileSystem(directory, temporary);
    sweepTemporaryFolders(temporary);
  }
  return new FsBlobStore(
    {
      root: directory,
      temporary,
      sync: new FsSync(directory, report),
      lanes: new Lanes(),
      isMixed,
    },
    readOnly,
    onCompress,
  );
}

/** A file of a blob, in one form or the other. */
const blobName = /^[0-9a-f]{64}(\.zst)?$/;
const smallBytesMax = 1024 * 1024;

class FsBlobStore implements BlobStore {
  readonly location: string;
  #place: BatchPlace;
  readonly #readOnly: boolean;
  readonly #onCompress: () => Promise<void>;

  constructor(place: BatchPlace, readOnly: boolean, onCompress: () => Promise<void>) {
    this.location = place.root;
    this.#place = place;
    this.#readOnly = readOnly;
    this.#onCompress = onCompress;
  }

  async put(source: ByteSource | Uint8Array, options: PutOptions = {}): Promise<BlobInfo> {
    await using batch = await this.openBatch({ signal: options.signal });
    const info = await batch.put(source, { expected: options.expected });
    await batch.commit();
    return info;
  }

  async openBatch({ signal }: OperationOptions = {}): Promise<BlobBatch> {
    signal?.throwIfAborted();
    this.#assertWritable();
    return new FsBatch(this.#place, signal);
  }

  async get(digest: Digest, { signal }: OperationOptions = {}): Promise<ByteSource> {
    signal?.throwIfAborted();
    const blob = this.#openBlob(digest);
    try {
      const info = { digest, size: sizeOfOpen(blob) };
      // One call for a small blob. A large one is opened again when it is read: a source that
      // nobody reads must not keep a file open.
      if (blob.isEncoded || info.size > smallBytesMax) return this.#readPieces(info, signal);
      const source = abortableSource(once(readWhole(blob.file, info.size)), signal);
      return verifiedSource(source, info, this.location);
    } catch (error) {
      throw readFailure(error, blob.path);
    } finally {
      closeSync(blob.file);
    }
  }

  localFile(digest: Digest): string | undefined {
    const { file } = blobPath(this.location, digest);
    return this.#place.isMixed && !existsSync(file) ? undefined : file;
  }

  prepare(): void {
    this.#place.lanes.prepare();
  }

  check(blobs: readonly BlobInfo[], options?: BulkOptions): Promise<readonly BlobProblem[]> {
    return checkInLanes(this.#place.lanes, this.location, blobs, options);
  }

  copyOut(copies: readonly LocalCopy[], options?: BulkOptions): Promise<void> {
    return copyInLanes(this.#place.lanes, this.location, copies, options);
  }

  async stat(digest: Digest, { signal }: OperationOptions = {}): Promise<BlobInfo | undefined> {
    signal?.throwIfAborted();
    const form = formOfBlob(blobPath(this.location, digest));
    if (form === undefined) assertFolder(this.location);
    return form === undefined ? undefined : { digest, size: form.size };
  }

  async formOf(digest: Digest, { signal }: OperationOptions = {}): Promise<BlobForm | undefined> {
    signal?.throwIfAborted();
    const form = formOfBlob(blobPath(this.location, digest));
    if (form === undefined) {
      assertFolder(this.location);
      return undefined;
    }
    const { size, encoding, storedSize } = form;
    return { digest, size, encoding, storedSize };
  }

  async changeForm(
    digests: readonly Digest[],
    encoding: BlobEncoding,
    options: ChangeFormOptions = {},
  ): Promise<readonly FormChange[]> {
    options.signal?.throwIfAborted();
    if (options.dryRun !== true) {
      this.#assertWritable();
      if (encoding !== "identity") await this.#onCompress();
      this.#place = { ...this.#place, isMixed: true };
    }
    return await changeForm(this.#place, digests, encoding, options);
  }

  async *list({ signal }: OperationOptions = {}): AsyncIterable<BlobInfo> {
    signal?.throwIfAborted();
    for (const prefix of await this.#names(this.location, /^[0-9a-f]{2}$/)) {
      const folder = `${this.location}/${prefix}`;
      let last = "";
      for (const name of await this.#names(folder, blobName)) {
        signal?.throwIfAborted();
        const hex = name.replace(encodedSuffix, "");
        if (!hex.startsWith(prefix)) continue; // Not a place in which anybody looks for it.
        if (hex === last) continue; // There in both forms.
        last = hex;
        const form = formOfBlob({ hex, file: `${folder}/${hex}` });
        if (form !== undefined) yield { digest: digestFromHex(hex), size: form.size };
      }
    }
  }

  async delete(digest: Digest, { signal }: OperationOptions = {}): Promise<boolean> {
    signal?.throwIfAborted();
    this.#assertWritable();
    const path = blobPath(this.location, digest);
    // Its own bytes last: while they are there, nobody looks for the compressed ones.
    const wasEncoded = removeFile(encodedFile(path));
    const wasThere = removeFile(path.file) || wasEncoded;
    if (!wasThere) assertFolder(this.location);
    return wasThere;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#place.lanes[Symbol.asyncDispose]();
  }

  #assertWritable(): void {
    if (!this.#readOnly) return;
    throw storeErrors.READ_ONLY(`${this.location} was opened for reading only.`, {
      details: { location: this.location },
    });
  }

  #openBlob(digest: Digest): OpenedBlob {
    const blob = openEitherForm(blobPath(this.location, digest));
    if (blob !== undefined) return blob;
    assertFolder(this.location);
    throw storeErrors.BLOB_NOT_FOUND(`Blob ${digest} is not in ${this.location}.`, {
      details: { digest, location: this.location },
    });
  }

  /** The bytes of a large blob, opened in the form that it has when they are asked for. */
  async *#readPieces(info: BlobInfo, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    const blob = this.#openBlob(info.digest);
    try {
      const source = abortableSource(openFileBytes(blob.file, blob.path), signal);
      const read = blob.isEncoded ? decodedBlob : verifiedSource;
      yield* read(source, info, this.location);
    } finally {
      closeSync(blob.file);
    }
  }

  /** Sorted names in a folder that can be ours; what else lies there is left alone. */
  async #names(folder: string, pattern: RegExp): Promise<string[]> {
    try {
      return (await readdir(folder)).filter((name) => pattern.test(name)).sort();
    } catch (error) {
      const errno = errnoOf(error);
      // A file with the name of a folder, or a folder that has gone since.
      const isFolderOfBlobs = folder !== this.location;
      if (isFolderOfBlobs && (errno === "ENOTDIR" || errno === "ENOENT")) return [];
      if (errno === "ENOENT") assertFolder(folder);
      throw readFailure(error, folder);
    }
  }
}

/** @returns `false` when it was not there. */
function removeFile(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw writeFailure(error, path);
    return false;
  }
}

/** At most one byte more than there should be: enough to see that there are too many. */
function readWhole(file: number, size: number): Uint8Array {
  const buffer = Buffer.allocUnsafeSlow(size + 1);
  let length = 0;
  for (;;) {
    const count = readSync(file, buffer, length, buffer.byteLength - length, null);
    length += count;
    if (count === 0 || length > size) return buffer.subarray(0, length);
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.byteLength > 0) yield bytes;
}
