import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { bundleErrors } from "../errors.ts";
import { corrupt } from "./zip-errors.ts";

/** The bytes of an archive, at any place. */
export interface ZipSource extends Disposable {
  /** For people: the path, or what the bytes are called. */
  readonly location: string;
  /** Whether another thread can open it by its location. */
  readonly isFile: boolean;
  readonly size: number;
  /**
   * Exactly these bytes. They are good until the next call.
   * @throws `BUNDLE_ZIP_CORRUPT` when the file ends before them: it changed since it was opened.
   */
  read(offset: number, length: number): Buffer;
}

/**
 * Open a file, or take bytes that are in memory.
 * @param window Where to read ahead; nobody else may use it before the source is disposed of.
 */
export function openZipSource(source: string | Uint8Array, window?: Buffer): ZipSource {
  return typeof source === "string" ? new FileSource(source, window) : new MemorySource(source);
}

const windowBytes = 1024 * 1024;
/** From a read that begins so close behind the last one, copying what lies between costs less. */
const gapMax = 16 * 1024;
// Without O_NONBLOCK, opening a named pipe waits for a writer that may never come.
const readFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

class MemorySource implements ZipSource {
  readonly location = "archive";
  readonly isFile = false;
  readonly size: number;
  readonly #bytes: Buffer;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.size = bytes.byteLength;
  }

  read(offset: number, length: number): Buffer {
    const bytes = this.#bytes.subarray(offset, offset + length);
    if (bytes.byteLength < length) throw endsEarly(this.location);
    return bytes;
  }

  [Symbol.dispose](): void {}
}

class FileSource implements ZipSource {
  readonly location: string;
  readonly isFile = true;
  readonly size: number;
  #file: number | undefined;
  readonly #aheadBytes: number;
  #window: Buffer | undefined;
  #windowStart = 0;
  #windowEnd = 0;
  #lastEnd = -1;

  constructor(path: string, window: Buffer | undefined) {
    this.location = path;
    this.#window = window;
    this.#aheadBytes = window?.byteLength ?? windowBytes;
    try {
      this.#file = openSync(path, readFlags);
    } catch (cause) {
      const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
      throw bundleErrors.NOT_A_BUNDLE(`${path} cannot be read: ${why}.`, { cause });
    }
    const stats = fstatSync(this.#file);
    if (!stats.isFile()) {
      this[Symbol.dispose]();
      throw bundleErrors.NOT_A_BUNDLE(`${path} is not a regular file.`);
    }
    this.size = stats.size;
  }

  read(offset: number, length: number): Buffer {
    const end = offset + length;
    if (end > this.size) throw endsEarly(this.location);
    const goesOn = offset >= this.#lastEnd && offset - this.#lastEnd <= gapMax;
    this.#lastEnd = end;
    if (offset < this.#windowStart || end > this.#windowEnd) {
      // Only what is read in order is read ahead.
      this.#fill(offset, goesOn ? Math.max(length, this.#aheadBytes) : length);
    }
    const window = this.#window ?? Buffer.alloc(0);
    return window.subarray(offset - this.#windowStart, end - this.#windowStart);
  }

  [Symbol.dispose](): void {
    if (this.#file === undefined) return;
    closeSync(this.#file);
    this.#file = undefined;
    this.#window = undefined;
    this.#windowEnd = 0;
  }

  #open(): number {
    if (this.#file === undefined) throw new TypeError(`${this.location} is closed.`);
    return this.#file;
  }

  #fill(offset: number, wanted: number): void {
    const length = Math.min(wanted, this.size - offset);
    if (this.#window === undefined || this.#window.byteLength < length)
      this.#window = Buffer.allocUnsafeSlow(Math.max(length, this.#aheadBytes));
    const file = this.#open();
    this.#windowStart = offset;
    this.#windowEnd = offset;
    while (this.#windowEnd < offset + length) {
      const filled = this.#windowEnd - offset;
      const count = readSync(file, this.#window, filled, length - filled, this.#windowEnd);
      if (count === 0) throw endsEarly(this.location);
      this.#windowEnd += count;
    }
  }
}

function endsEarly(location: string): Error {
  return corrupt("changed", `${location} ends before the bytes that it should hold.`);
}
