import { closeSync, constants, existsSync, fstatSync, openSync, read, readSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  type ByteSource,
  decodeDictionary,
  decodeForeignDictionary,
  hasDictionaryHeader,
  hasForeignDictionary,
} from "@reseal/store";
import { gcErrors } from "./errors.ts";
import { compactPathOf, isCompactPath } from "./plan-compaction.ts";

const readSome = promisify(read);
const readFlags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);
const pieceBytes = 256 * 1024;
const headerBytes = 64;

/** The bytes of a file of a pool as they lie there. A symbolic link is not followed. */
function storedBytes(path: string): ByteSource {
  return piecesOf(path, () => Buffer.allocUnsafeSlow(pieceBytes));
}

/** The same for who is done with a piece before the next: their memory is used again. */
export function transientBytes(path: string): ByteSource {
  const buffers = [Buffer.allocUnsafeSlow(pieceBytes), Buffer.allocUnsafeSlow(pieceBytes)];
  let turn = 0;
  return piecesOf(path, () => {
    turn = 1 - turn;
    return buffers[turn] ?? Buffer.allocUnsafeSlow(pieceBytes);
  });
}

/** @param memory For the next piece, which is read while the one before it is worked on. */
async function* piecesOf(path: string, memory: () => Buffer): ByteSource {
  const file = openOrThrow(path);
  const readOne = async (): Promise<Buffer> => {
    const buffer = memory();
    const { bytesRead } = await readSome(file, buffer, 0, pieceBytes, null);
    return buffer.subarray(0, bytesRead);
  };
  let next = readOne();
  try {
    for (;;) {
      const piece = await next;
      if (piece.byteLength === 0) return;
      next = readOne();
      next.catch(() => undefined); // It is told when its turn comes.
      yield piece;
    }
  } finally {
    await next.catch(() => undefined); // The file must not be closed, and its number used, before.
    closeSync(file);
  }
}

/** Whether a file is in the dictionary form. */
export function isDictionaryFile(path: string): boolean {
  return hasDictionaryHeader(beginningOf(path));
}

function beginningOf(path: string): Uint8Array {
  const file = openOrThrow(path);
  try {
    const first = Buffer.alloc(headerBytes);
    return first.subarray(0, readSync(file, first, 0, headerBytes, 0));
  } finally {
    closeSync(file);
  }
}

/** A file of a pool to be read. */
export interface PoolFile {
  /** Absolute path of what lies there. */
  readonly path: string;
  /** Whether it is compacted: what is read is the original. */
  readonly isCompact: boolean;
  /** Another program compacted it: the records are those of the original, not the bytes. */
  readonly isForeign: boolean;
  /** The original bytes; a compacted file is checked against the digest of its original. */
  readonly bytes: () => ByteSource;
}

/**
 * Open a file of a pool as it was before it was compacted, by its own name or by that of the
 * compacted file.
 * @throws `GC_FILE_NOT_FOUND`; while reading `STORE_ENCODING_INVALID`
 */
export function openPoolFile(folder: string, path: string): PoolFile {
  const plain = join(folder, path);
  const compact = join(folder, compactPathOf(path));
  if (existsSync(plain)) return (isCompactPath(path) && compactFile(plain)) || storedFile(plain);
  if (path.endsWith(".jsonl") && existsSync(compact)) {
    const file = compactFile(compact);
    if (file !== undefined) return file;
    throw gcErrors.READ_FAILED(`${compact} is no compacted file.`, {
      details: { path: compact },
      hint: "Bring the original back from the trash or a backup.",
    });
  }
  throw notFound(path);
}

function storedFile(path: string): PoolFile {
  return { path, isCompact: false, isForeign: false, bytes: () => storedBytes(path) };
}

/** `undefined` for a file that nobody compacted. */
function compactFile(path: string): PoolFile | undefined {
  const first = beginningOf(path);
  if (hasDictionaryHeader(first))
    return {
      path,
      isCompact: true,
      isForeign: false,
      bytes: () => decodeDictionary(storedBytes(path)),
    };
  if (!hasForeignDictionary(first)) return undefined;
  const bytes = (): ByteSource => decodeForeignDictionary(storedBytes(path));
  return { path, isCompact: true, isForeign: true, bytes };
}

function openOrThrow(path: string): number {
  let file: number;
  try {
    file = openSync(path, readFlags);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") throw notFound(path);
    throw gcErrors.READ_FAILED(`${path} cannot be read.`, { cause, details: { path } });
  }
  if (fstatSync(file).isFile()) return file;
  closeSync(file);
  throw gcErrors.READ_FAILED(`${path} is not a regular file.`, { details: { path } });
}

function notFound(path: string): Error {
  return gcErrors.FILE_NOT_FOUND(`There is no file ${path}.`, { details: { path } });
}
