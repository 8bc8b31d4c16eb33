import { closeSync, constants, openSync, read } from "node:fs";
import { promisify } from "node:util";
import { readFailure } from "@reseal/store";

const readFlags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);
const readSome = promisify(read);
const pieceBytes = 256 * 1024;

/** The bytes of a file of the store, opened when they are first asked for. */
export async function* fileBytes(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  let file: number;
  try {
    file = openSync(path, readFlags);
  } catch (error) {
    throw readFailure(error, path);
  }
  try {
    yield* openFileBytes(file, path);
  } finally {
    closeSync(file);
  }
}

/** The bytes of an open file; closing it is the caller's. */
export async function* openFileBytes(
  file: number,
  path: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (;;) {
    // A new buffer for each piece: readers may keep what they get.
    const buffer = Buffer.allocUnsafeSlow(pieceBytes);
    let length: number;
    try {
      length = (await readSome(file, buffer, 0, pieceBytes, null)).bytesRead;
    } catch (error) {
      throw readFailure(error, path);
    }
    if (length === 0) return;
    yield buffer.subarray(0, length);
  }
}
