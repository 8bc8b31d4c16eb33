import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  mkdirSync,
  openSync,
  rmSync,
  write,
  writeSync,
} from "node:fs";
import { promisify } from "node:util";
import { createDigester, type Digest } from "@reseal/hash";
import { errnoOf, writeFailure } from "@reseal/store";
import { type BlobPath, makeOneFolder } from "./layout.ts";

/** Blobs are never written again, and the mode says so. */
const blobMode = 0o444;
const flags =
  constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
const writeSome = promisify(write);

/** Temporary files in a folder of their own, which is made with the first of them. */
export class TemporaryFiles {
  readonly #folder: string;
  readonly #modes = new BlobModes();
  #count = 0;

  /** @param folder Its parent is there, and nothing of its name is in it. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Write a whole small file at once, and give its path.
   *
   * Synchronous: for small files a promise for each call costs more than the call.
   */
  write(bytes: Uint8Array): string {
    const created = this.#create();
    writeWhole(created, bytes);
    return created.path;
  }

  /** Begin a file that is written piece by piece. */
  open(): TemporaryFile {
    const { file, path } = this.#create();
    return new TemporaryFile(file, path);
  }

  #create(): OpenTemporary {
    this.#count += 1;
    const path = `${this.#folder}/${this.#count}`;
    try {
      if (this.#count === 1) mkdirSync(this.#folder, { mode: 0o700 });
      return { file: this.#modes.create(path), path };
    } catch (error) {
      throw writeFailure(error, path);
    }
  }
}

/**
 * Temporary files that lie as in a store: `ab/abcdef…`. Several threads write to one such folder,
 * and what one of them has the others need not write.
 */
export class NamedFiles {
  readonly #folder: string;
  readonly #modes = new BlobModes();

  /** @param folder It is there. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Write a whole small blob under its name.
   * @returns its path; `undefined` when somebody else has written it, or is about to.
   */
  write({ prefix, hex }: Pick<BlobPath, "prefix" | "hex">, bytes: Uint8Array): string | undefined {
    const path = `${this.#folder}/${prefix}/${hex}`;
    let file: number | undefined;
    try {
      file = this.#create(path, `${this.#folder}/${prefix}`);
    } catch (error) {
      throw writeFailure(error, path);
    }
    if (file !== undefined) writeWhole({ file, path }, bytes);
    return file === undefined ? undefined : path;
  }

  /** @returns `undefined` when the file is there. */
  #create(path: string, folder: string): number | undefined {
    for (let isFolderMade = false; ; isFolderMade = true) {
      try {
        return this.#modes.create(path);
      } catch (error) {
        const errno = errnoOf(error);
        if (errno === "EEXIST") return undefined;
        if (errno !== "ENOENT" || isFolderMade) throw error;
        makeOneFolder(folder, 0o755); // As it is in the store, where it may be moved as a whole.
      }
    }
  }
}

/** Creates files with the mode of blobs, whatever the umask. */
class BlobModes {
  /** Learned from the first file, as asking for the umask would change it for a moment. */
  #umaskHidesMode: boolean | undefined;

  create(path: string): number {
    const file = openSync(path, flags, blobMode);
    this.#umaskHidesMode ??= (fstatSync(file).mode & 0o777) !== blobMode;
    if (this.#umaskHidesMode) fchmodSync(file, blobMode);
    return file;
  }
}

interface OpenTemporary {
  readonly file: number;
  readonly path: string;
}

function writeWhole({ file, path }: OpenTemporary, bytes: Uint8Array): void {
  try {
    try {
      writeAllSync(file, bytes);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    rmSync(path, { force: true });
    throw writeFailure(error, path);
  }
}

/** A file that is written piece by piece, and hashed on the way. */
export class TemporaryFile {
  readonly path: string;
  readonly #digester = createDigester();
  readonly #file: number;
  #isOpen = true;

  constructor(file: number, path: string) {
    this.#file = file;
    this.path = path;
  }

  /** Write the next bytes. They must not change before this resolves. */
  async write(bytes: Uint8Array): Promise<void> {
    const writing = writeAll(this.#file, bytes);
    this.#digester.update(bytes); // While another thread writes.
    try {
      await writing;
    } catch (error) {
      throw writeFailure(error, this.path);
    }
  }

  /** End the file. */
  finish(): { readonly digest: Digest; readonly size: number } {
    this.#isOpen = false;
    try {
      closeSync(this.#file);
    } catch (error) {
      throw writeFailure(error, this.path);
    }
    return { digest: this.#digester.digest(), size: this.#digester.size };
  }

  /** Remove the file, finished or not. */
  discard(): void {
    if (this.#isOpen) closeSync(this.#file);
    this.#isOpen = false;
    rmSync(this.path, { force: true });
  }
}

function writeAllSync(file: number, bytes: Uint8Array): void {
  for (let start = 0; start < bytes.byteLength; ) {
    start += writeSync(file, bytes, start, bytes.byteLength - start);
  }
}

async function writeAll(file: number, bytes: Uint8Array): Promise<void> {
  for (let start = 0; start < bytes.byteLength; ) {
    const { bytesWritten } = await writeSome(file, bytes, start, bytes.byteLength - start, null);
    start += bytesWritten;
  }
}
