import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";
import { type Digest, digestBytes } from "@reseal/hash";

/** Files that one thread digests in one go. */
export interface HashTask {
  /** Absolute. */
  readonly folder: string;
  /** Relative to the folder. */
  readonly paths: readonly string[];
  readonly bufferBytes: number;
}

/** What was read of a file. */
export interface FileFacts {
  /** Absent when it could not be read as one file. */
  readonly digest?: Digest | undefined;
  /** Why not: an error code of the system, or `CHANGED` when it was written to meanwhile. */
  readonly problem?: string | undefined;
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly ino: number;
}

const readFlags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);
const attemptsMax = 3;

/** Digest files one after the other, in this thread. */
export function hashTask({ folder, paths, bufferBytes }: HashTask): FileFacts[] {
  const buffer = Buffer.allocUnsafeSlow(bufferBytes);
  return paths.map((path) => hashFile(`${folder}/${path}`, buffer));
}

function hashFile(path: string, buffer: Buffer): FileFacts {
  try {
    const file = openSync(path, readFlags);
    try {
      for (let attempt = 1; ; attempt += 1) {
        const before = fstatSync(file);
        if (!before.isFile()) return { ...factsOf(before), problem: "ENOTFILE" };
        const { digest, size } = hashOpenFile(file, before.size, buffer);
        const after = fstatSync(file);
        if (size === after.size && isSame(before, after)) return { ...factsOf(after), digest };
        if (attempt === attemptsMax) return { ...factsOf(after), problem: "CHANGED" };
      }
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const problem = (error as NodeJS.ErrnoException).code;
    if (problem === undefined) throw error;
    return { problem, size: 0, mtimeMs: 0, ctimeMs: 0, ino: 0 };
  }
}

function hashOpenFile(
  file: number,
  expected: number,
  buffer: Buffer,
): { readonly digest: Digest; readonly size: number } {
  let position = 0;
  let count = readSync(file, buffer, 0, buffer.byteLength, position);
  if (count === expected && count < buffer.byteLength)
    return { digest: digestBytes(buffer.subarray(0, count)), size: count };
  const digester = createHash("sha256");
  while (count > 0) {
    digester.update(buffer.subarray(0, count));
    position += count;
    count = readSync(file, buffer, 0, buffer.byteLength, position);
  }
  return { digest: `sha256:${digester.digest("hex")}`, size: position };
}

function isSame(a: Stats, b: Stats): boolean {
  return a.size === b.size && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs;
}

function factsOf({ size, mtimeMs, ctimeMs, ino }: Stats): FileFacts {
  return { size, mtimeMs, ctimeMs, ino };
}
