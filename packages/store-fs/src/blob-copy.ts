import { closeSync, constants, fstatSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { createDigester, type Digest, digestBytes } from "@reseal/hash";
import {
  type BlobInfo,
  decodedBlob,
  errnoOf,
  type LocalCopy,
  readFailure,
  storeErrors,
} from "@reseal/store";
import { type OpenedBlob, openEitherForm } from "./encoded-blob.ts";
import { openFileBytes } from "./file-bytes.ts";
import type { Checkpoint } from "./file-stager.ts";
import { assertFolder, blobPath } from "./layout.ts";

const bufferBytes = 1024 * 1024;

/** Reads blobs whole: to check them, or to write them elsewhere. Every lane has its own. */
export class BlobCopier {
  readonly #root: string;
  readonly #buffer: Uint8Array = Buffer.allocUnsafeSlow(bufferBytes);

  /** @param root The folder of the blobs. */
  constructor(root: string) {
    this.#root = root;
  }

  /**
   * Done when this returns, unless the blob is compressed.
   * @throws `STORE_BLOB_NOT_FOUND`, `STORE_BLOB_CORRUPT`, `STORE_READ_FAILED`
   */
  check(blob: BlobInfo, checkpoint: Checkpoint): void | Promise<void> {
    return this.#read(blob, checkpoint, () => undefined);
  }

  /** @throws as `check`, and `STORE_COPY_FAILED` */
  copy(blob: LocalCopy, checkpoint: Checkpoint): void | Promise<void> {
    const file = createFile(blob);
    const end = (isDone: boolean): void => {
      closeSync(file);
      if (!isDone) rmSync(blob.path, { force: true });
    };
    let reading: void | Promise<void>;
    try {
      reading = this.#read(blob, checkpoint, (bytes) => writeAll(file, bytes, blob.path));
    } catch (error) {
      end(false);
      throw error;
    }
    if (reading === undefined) return end(true);
    return reading.then(
      () => end(true),
      (error: unknown) => {
        end(false);
        throw error;
      },
    );
  }

  #read(blob: BlobInfo, checkpoint: Checkpoint, take: Take): void | Promise<void> {
    const opened = this.#open(blob.digest);
    if (opened.isEncoded) return this.#readEncoded(blob, opened, checkpoint, take);
    this.#readPlain(blob, opened, checkpoint, take);
    return undefined;
  }

  async #readEncoded(
    blob: BlobInfo,
    { file, path }: OpenedBlob,
    checkpoint: Checkpoint,
    take: Take,
  ): Promise<void> {
    try {
      for await (const bytes of decodedBlob(openFileBytes(file, path), blob, this.#root)) {
        checkpoint();
        take(bytes);
      }
    } finally {
      closeSync(file);
    }
  }

  #readPlain(
    { digest, size }: BlobInfo,
    { file, path }: OpenedBlob,
    checkpoint: Checkpoint,
    take: Take,
  ): void {
    try {
      if (size < bufferBytes) {
        // One byte more than there should be: enough to see that there are too many.
        const bytes = this.#buffer.subarray(0, this.#fill(file, path, size + 1, size));
        assertDigest(digest, size, digestBytes(bytes), bytes.byteLength);
        take(bytes);
        return;
      }
      const digester = createDigester();
      for (;;) {
        checkpoint();
        const rest = size - digester.size;
        const length = this.#fill(file, path, Math.min(bufferBytes, rest + 1), rest);
        if (length === 0 || length > rest) break;
        const bytes = this.#buffer.subarray(0, length);
        digester.update(bytes);
        take(bytes);
      }
      const actual = fstatSync(file).size;
      assertDigest(digest, size, digester.digest(), actual === size ? digester.size : actual);
    } finally {
      closeSync(file);
    }
  }

  /** Read up to `wanted` bytes; where the end is expected, a short read is the end. */
  #fill(file: number, path: string, wanted: number, endsAt: number): number {
    let length = 0;
    try {
      while (length < wanted) {
        const asked = wanted - length;
        const count = readSync(file, this.#buffer, length, asked, null);
        length += count;
        if (count === 0 || (count < asked && length === endsAt)) break;
      }
    } catch (error) {
      throw readFailure(error, path);
    }
    return length;
  }

  #open(digest: Digest): OpenedBlob {
    const opened = openEitherForm(blobPath(this.#root, digest));
    if (opened !== undefined) return opened;
    assertFolder(this.#root);
    throw storeErrors.BLOB_NOT_FOUND(`Blob ${digest} is not in ${this.#root}.`, {
      details: { digest, location: this.#root },
    });
  }
}

type Take = (bytes: Uint8Array) => void;

function assertDigest(digest: Digest, size: number, actual: Digest, length: number): void {
  if (length !== size) throw corrupt(digest, size, `ends after ${length} bytes`);
  if (actual !== digest) throw corrupt(digest, size, "does not match its digest");
}

function corrupt(digest: Digest, size: number, what: string): Error {
  return storeErrors.BLOB_CORRUPT(`Blob ${digest} ${what}.`, { details: { digest, size } });
}

function createFile({ path, mode }: LocalCopy): number {
  const flags =
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
  try {
    return openSync(path, flags, mode);
  } catch (error) {
    throw copyFailure(error, path);
  }
}

function writeAll(file: number, bytes: Uint8Array, path: string): void {
  try {
    for (let start = 0; start < bytes.byteLength; )
      start += writeSync(file, bytes, start, bytes.byteLength - start);
  } catch (error) {
    throw copyFailure(error, path);
  }
}

function copyFailure(cause: unknown, path: string): Error {
  const errno = errnoOf(cause);
  return storeErrors.COPY_FAILED(`Cannot write ${path}: ${errno ?? String(cause)}.`, {
    details: { path, errno },
    cause,
  });
}
