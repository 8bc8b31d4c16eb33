import { closeSync, constants, openSync, readSync, utimesSync } from "node:fs";
import { isResealError } from "@reseal/errors";
import { type Digest, digestBytes } from "@reseal/hash";
import {
  type BlobEncoding,
  type BlobForm,
  type ByteSource,
  decodedBlob,
  decodeZstdBytes,
  encodeZstd,
  encodeZstdBytes,
  isWorthwhile,
  readFailure,
  storeErrors,
  verifiedSource,
} from "@reseal/store";
import { encodedFile, formOfBlob, regularStats } from "./encoded-blob.ts";
import { fileBytes } from "./file-bytes.ts";
import type { Checkpoint } from "./file-stager.ts";
import { type BlobPath, blobPath } from "./layout.ts";
import { TemporaryFiles } from "./temporary-file.ts";

/** Up to this size a blob is compressed in one go, which is a good deal faster. */
const wholeBytesMax = 32 * 1024 * 1024;
const readFlags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);

/** A blob and its new form, which nobody sees yet. */
export interface PreparedForm extends BlobForm {
  readonly status: "changed" | "unchanged" | "not_smaller";
  readonly storedSizeBefore: number;
  /** The new form's file; absent when there is none to be put in place. */
  readonly temporary?: string | undefined;
  /** The old form's file, that goes when the new one is there. */
  readonly old?: string | undefined;
}

/** Where an encoder works. */
export interface EncodingPlace {
  /** The folder of the blobs. */
  readonly root: string;
  /** A folder that nobody else writes to, made on the first file; without it nothing is written. */
  readonly temporary: string | undefined;
  readonly encoding: BlobEncoding;
}

/** Writes blobs in another form, and reads back what it wrote. Every lane has its own. */
export class BlobEncoder {
  readonly #root: string;
  readonly #encoding: BlobEncoding;
  readonly #files: TemporaryFiles | undefined;
  /** Used for blob after blob: a new one for each would cost more than reading it. */
  #buffer: Uint8Array = Buffer.alloc(0);

  constructor({ root, temporary, encoding }: EncodingPlace) {
    this.#root = root;
    this.#encoding = encoding;
    this.#files = temporary === undefined ? undefined : new TemporaryFiles(temporary);
  }

  /** @throws `STORE_BLOB_NOT_FOUND`, `STORE_BLOB_CORRUPT`, `STORE_WRITE_FAILED` */
  async prepare(digest: Digest, checkpoint: Checkpoint): Promise<PreparedForm> {
    const path = blobPath(this.#root, digest);
    const found = formOfBlob(path);
    if (found === undefined)
      throw storeErrors.BLOB_NOT_FOUND(`Blob ${digest} is not in ${this.#root}.`, {
        details: { digest, location: this.#root },
      });
    const { size, encoding, storedSize } = found;
    const form = { digest, size, encoding, storedSize, storedSizeBefore: storedSize };
    return this.#encoding === "zstd"
      ? await this.#prepareEncoded(path, form, checkpoint)
      : await this.#preparePlain(path, form, checkpoint);
  }

  async #prepareEncoded(
    path: BlobPath,
    form: Before,
    checkpoint: Checkpoint,
  ): Promise<PreparedForm> {
    if (form.encoding === "zstd") return { ...form, status: "unchanged" };
    const written =
      form.size <= wholeBytesMax
        ? this.#encodeWhole(path, form)
        : await this.#write(encodeZstd(this.#plainBytes(path, form), form.size), checkpoint);
    const { size: storedSize, path: temporary } = written;
    if (!isWorthwhile(form.size, storedSize)) return { ...form, status: "not_smaller" };
    const done = { ...form, encoding: "zstd", storedSize, status: "changed" } as const;
    if (temporary === undefined) return done;
    // What was written is read again: only what gives back the blob's bytes may take its place.
    if (form.size <= wholeBytesMax) this.#assertRestores(path, temporary, form, storedSize);
    else await readAll(decodedBlob(fileBytes(temporary), form, temporary), checkpoint);
    keepTimes(path.file, temporary);
    return { ...done, temporary, old: path.file };
  }

  async #preparePlain(path: BlobPath, form: Before, checkpoint: Checkpoint): Promise<PreparedForm> {
    const old = encodedFile(path);
    if (form.encoding === "identity") {
      if (regularStats(old) === undefined) return { ...form, status: "unchanged" };
      // An interrupted change left both. Its own bytes stay if they are in order.
      await readAll(this.#plainBytes(path, form), checkpoint);
      return { ...form, status: "unchanged", old };
    }
    const written =
      form.size <= wholeBytesMax
        ? this.#decodeWhole(old, form)
        : await this.#write(decodedBlob(fileBytes(old), form, this.#root), checkpoint);
    const { size: storedSize, path: temporary } = written;
    const done = { ...form, encoding: "identity", storedSize, status: "changed" } as const;
    if (temporary === undefined) return done;
    keepTimes(old, temporary);
    return { ...done, temporary, old };
  }

  #plainBytes(path: BlobPath, blob: BlobForm): ByteSource {
    return verifiedSource(fileBytes(path.file), blob, this.#root);
  }

  /** A new form that is written is checked when it is read again: then the blob's bytes are, too. */
  #encodeWhole(path: BlobPath, { digest, size }: BlobForm): Written {
    const bytes = this.#readWhole(path.file, size);
    const frame = encodeZstdBytes(bytes);
    const isWritten = this.#files !== undefined && isWorthwhile(size, frame.byteLength);
    if (!isWritten) this.#assertWhole(bytes, digest, size);
    return { size: frame.byteLength, path: isWritten ? this.#files?.write(frame) : undefined };
  }

  #assertWhole(bytes: Uint8Array, digest: Digest, size: number): void {
    if (bytes.byteLength === size && digestBytes(bytes) === digest) return;
    throw storeErrors.BLOB_CORRUPT(`Blob ${digest} in ${this.#root} does not match its digest.`, {
      details: { digest, size, location: this.#root },
    });
  }

  /** Read the new form again. When it does not restore the blob, that may have been damaged before. */
  #assertRestores(path: BlobPath, temporary: string, form: BlobForm, storedSize: number): void {
    try {
      this.#restored(temporary, form, storedSize);
    } catch (error) {
      this.#assertWhole(this.#readWhole(path.file, form.size), form.digest, form.size);
      throw error;
    }
  }

  #decodeWhole(file: string, form: BlobForm): Written {
    const bytes = this.#restored(file, form, form.storedSize);
    return { size: bytes.byteLength, path: this.#files?.write(bytes) };
  }

  /** The bytes of a compressed blob, checked. */
  #restored(file: string, { digest, size }: BlobForm, storedSize: number): Uint8Array {
    let cause: unknown;
    try {
      const bytes = decodeZstdBytes(this.#readWhole(file, storedSize), size);
      if (bytes.byteLength === size && digestBytes(bytes) === digest) return bytes;
    } catch (error) {
      if (!isResealError(error) || error.code !== storeErrors.ENCODING_INVALID.code) throw error;
      cause = error;
    }
    throw storeErrors.BLOB_CORRUPT(`The compressed form of ${digest} does not restore it.`, {
      details: { digest, size, location: this.#root },
      cause,
    });
  }

  /** All bytes of a file, good until the next are read; at most one more than there should be. */
  #readWhole(path: string, size: number): Uint8Array {
    if (this.#buffer.byteLength <= size) this.#buffer = Buffer.allocUnsafeSlow(size + 1);
    const buffer = this.#buffer;
    let length = 0;
    try {
      const file = openSync(path, readFlags);
      try {
        for (let count = -1; count !== 0 && length <= size; length += count)
          count = readSync(file, buffer, length, size + 1 - length, null);
      } finally {
        closeSync(file);
      }
    } catch (error) {
      throw readFailure(error, path);
    }
    return buffer.subarray(0, length);
  }

  /** Write a new form to a temporary file, or only count it. */
  async #write(source: ByteSource, checkpoint: Checkpoint): Promise<Written> {
    if (this.#files === undefined) return { size: await readAll(source, checkpoint) };
    const file = this.#files.open();
    try {
      for await (const chunk of source) {
        checkpoint();
        await file.write(chunk);
      }
      return { size: file.finish().size, path: file.path };
    } catch (error) {
      file.discard();
      throw error;
    }
  }
}

type Before = BlobForm & Pick<PreparedForm, "storedSizeBefore">;

interface Written {
  readonly size: number;
  readonly path?: string | undefined;
}

async function readAll(source: ByteSource, checkpoint: Checkpoint): Promise<number> {
  let size = 0;
  for await (const chunk of source) {
    checkpoint();
    size += chunk.byteLength;
  }
  return size;
}

/** Whoever collects garbage by age takes a blob for as old as it was. */
function keepTimes(from: string, to: string): void {
  const stats = regularStats(from);
  if (stats !== undefined) utimesSync(to, stats.atimeMs / 1000, stats.mtimeMs / 1000);
}
