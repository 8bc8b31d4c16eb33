import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  read,
  readSync,
  unlinkSync,
} from "node:fs";
import { readdir } from "node:fs/promises";
import { promisify } from "node:util";
import { type Digest, digestFromHex } from "@reseal/hash";
import {
  abortableSource,
  type BlobBatch,
  type BlobInfo,
  type BlobProblem,
  type BlobStore,
  type BulkOptions,
  type ByteSource,
  type LocalCopy,
  type OperationOptions,
  type PutOptions,
  storeErrors,
  verifiedSource,
} from "@reseal/store";
import { checkInLanes, copyInLanes } from "./blobs-in-lanes.ts";
import { FsBatch } from "./fs-batch.ts";
import { errnoOf, readFailure, writeFailure } from "./fs-errors.ts";
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
  return new FsBlobStore(directory, temporary, readOnly, new FsSync(directory, report));
}

const smallBytesMax = 1024 * 1024;
const pieceBytes = 256 * 1024;
const readFlags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);
const readSome = promisify(read);

class FsBlobStore implements BlobStore {
  readonly location: string;
  readonly #temporary: string;
  readonly #readOnly: boolean;
  readonly #sync: FsSync;
  readonly #lanes = new Lanes();

  constructor(directory: string, temporary: string, readOnly: boolean, sync: FsSync) {
    this.location = directory;
    this.#temporary = temporary;
    this.#readOnly = readOnly;
    this.#sync = sync;
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
    const place = {
      root: this.location,
      temporary: this.#temporary,
      sync: this.#sync,
      lanes: this.#lanes,
    };
    return new FsBatch(place, signal);
  }

  async get(digest: Digest, { signal }: OperationOptions = {}): Promise<ByteSource> {
    signal?.throwIfAborted();
    const { file: path } = blobPath(this.location, digest);
    const file = this.#openBlob(digest, path);
    try {
      const { size } = fstatSync(file);
      // One call for a small blob. A large one is opened again when it is read: a source that
      // nobody reads must not keep a file open.
      const source =
        size <= smallBytesMax ? once(readWhole(file, size)) : this.#readPieces(digest, path);
      return verifiedSource(abortableSource(source, signal), { digest, size }, this.location);
    } catch (error) {
      throw readFailure(error, path);
    } finally {
      closeSync(file);
    }
  }

  localFile(digest: Digest): string {
    return blobPath(this.location, digest).file;
  }

  check(blobs: readonly BlobInfo[], options?: BulkOptions): Promise<readonly BlobProblem[]> {
    return checkInLanes(this.#lanes, this.location, blobs, options);
  }

  copyOut(copies: readonly LocalCopy[], options?: BulkOptions): Promise<void> {
    return copyInLanes(this.#lanes, this.location, copies, options);
  }

  async stat(digest: Digest, { signal }: OperationOptions = {}): Promise<BlobInfo | undefined> {
    signal?.throwIfAborted();
    const { file } = blobPath(this.location, digest);
    const size = sizeOf(file);
    if (size === undefined) assertFolder(this.location);
    return size === undefined ? undefined : { digest, size };
  }

  async *list({ signal }: OperationOptions = {}): AsyncIterable<BlobInfo> {
    signal?.throwIfAborted();
    for (const prefix of await this.#names(this.location, /^[0-9a-f]{2}$/)) {
      const folder = `${this.location}/${prefix}`;
      for (const hex of await this.#names(folder, /^[0-9a-f]{64}$/)) {
        signal?.throwIfAborted();
        if (!hex.startsWith(prefix)) continue; // Not a place in which anybody looks for it.
        const size = sizeOf(`${folder}/${hex}`);
        if (size !== undefined) yield { digest: digestFromHex(hex), size };
      }
    }
  }

  async delete(digest: Digest, { signal }: OperationOptions = {}): Promise<boolean> {
    signal?.throwIfAborted();
    this.#assertWritable();
    const { file } = blobPath(this.location, digest);
    try {
      unlinkSync(file);
      return true;
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw writeFailure(error, file);
      assertFolder(this.location);
      return false;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lanes[Symbol.asyncDispose]();
  }

  #assertWritable(): void {
    if (!this.#readOnly) return;
    throw storeErrors.READ_ONLY(`${this.location} was opened for reading only.`, {
      details: { location: this.location },
    });
  }

  #openBlob(digest: Digest, path: string): number {
    try {
      return openSync(path, readFlags);
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw readFailure(error, path);
      assertFolder(this.location);
      throw storeErrors.BLOB_NOT_FOUND(`Blob ${digest} is not in ${this.location}.`, {
        details: { digest, location: this.location },
        cause: error,
      });
    }
  }

  async *#readPieces(digest: Digest, path: string): AsyncGenerator<Uint8Array> {
    const file = this.#openBlob(digest, path);
    try {
      for (;;) {
        // A new buffer for each piece: readers may keep what they get.
        const buffer = Buffer.allocUnsafeSlow(pieceBytes);
        const { bytesRead } = await readSome(file, buffer, 0, pieceBytes, null);
        if (bytesRead === 0) return;
        yield buffer.subarray(0, bytesRead);
      }
    } catch (error) {
      throw readFailure(error, path);
    } finally {
      closeSync(file);
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

/** Length of a blob; `undefined` when it is not there. */
function sizeOf(path: string): number | undefined {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined || stats.isFile()) return stats?.size;
  } catch (error) {
    throw readFailure(error, path);
  }
  throw storeErrors.READ_FAILED(`${path} is not a regular file.`, { details: { path } });
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
