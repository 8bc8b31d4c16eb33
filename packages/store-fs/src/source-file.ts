import { closeSync, constants, fstatSync, openSync, read, readSync, type Stats } from "node:fs";
import { promisify } from "node:util";
import { errnoOf, storeErrors } from "@reseal/store";

const readSome = promisify(read);
// Without O_NONBLOCK, opening a named pipe waits for a writer that may never come.
const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * A local file that is being stored. It is read through one open handle, and looked at before and
 * after, so that what is stored is what the file held at one time.
 */
export class SourceFile implements Disposable {
  readonly path: string;
  readonly size: number;
  readonly #file: number;
  readonly #before: Stats;

  /** @throws `STORE_FILE_UNREADABLE` when there is no regular file. */
  constructor(path: string) {
    this.path = path;
    try {
      this.#file = openSync(path, flags);
    } catch (error) {
      throw unreadable(path, errnoOf(error) ?? String(error), error);
    }
    this.#before = fstatSync(this.#file);
    if (!this.#before.isFile()) {
      closeSync(this.#file);
      throw unreadable(path, "not a regular file", undefined);
    }
    this.size = this.#before.size;
  }

  /**
   * Read all of it at once into a buffer with room for at least one byte more.
   * @throws `STORE_FILE_CHANGED`
   */
  readWhole(buffer: Uint8Array): Uint8Array {
    let length = 0;
    try {
      for (;;) {
        const room = buffer.byteLength - length;
        const count = readSync(this.#file, buffer, length, room, null);
        length += count;
        // Less than there was room for, at the size that it should have, is the end.
        if (count === 0 || length > this.size || (length === this.size && count < room)) break;
      }
    } catch (error) {
      throw unreadable(this.path, errnoOf(error) ?? String(error), error);
    }
    this.#assertUnchanged(length);
    return buffer.subarray(0, length);
  }

  /**
   * Read it piece by piece, the next piece while the last is at work. Each piece is good until the
   * next is asked for.
   * @throws `STORE_FILE_CHANGED`
   */
  async *readPieces(buffers: readonly [Uint8Array, Uint8Array]): AsyncGenerator<Uint8Array> {
    let [current, other] = buffers;
    let length = 0;
    let reading = this.#read(current);
    try {
      for (;;) {
        const count = await reading;
        length += count;
        if (count === 0 || length > this.size) break;
        reading = this.#read(other);
        yield current.subarray(0, count);
        [current, other] = [other, current];
      }
    } finally {
      await reading.catch(() => undefined); // The handle must not close under it.
    }
    this.#assertUnchanged(length);
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  async #read(buffer: Uint8Array): Promise<number> {
    try {
      const { bytesRead } = await readSome(this.#file, buffer, 0, buffer.byteLength, null);
      return bytesRead;
    } catch (error) {
      throw unreadable(this.path, errnoOf(error) ?? String(error), error);
    }
  }

  #assertUnchanged(length: number): void {
    const before = this.#before;
    const after = fstatSync(this.#file);
    if (
      length === this.size &&
      before.size === after.size &&
      before.mtimeMs === after.mtimeMs &&
      before.ctimeMs === after.ctimeMs
    ) {
      return;
    }
    throw storeErrors.FILE_CHANGED(`${this.path} changed while it was read.`, {
      details: { path: this.path },
    });
  }
}

function unreadable(path: string, why: string, cause: unknown): Error {
  return storeErrors.FILE_UNREADABLE(`${path} cannot be read: ${why}.`, {
    details: { path, errno: errnoOf(cause) },
    cause,
  });
}
