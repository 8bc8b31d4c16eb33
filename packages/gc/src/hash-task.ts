import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";
import { type Digest, digestBytes } from "@reseal/hash";

/** Files that one thread digests in one go. */
export interface HashTask {
  /** Absolute. */
  readonly folder: string;
  /** Relative to the folder. */
  readonly paths: readonly string[];
  /** What the files were a moment ago, when that is known: those that still are so were not written to. */
  readonly stamps?: readonly (FileStamp | undefined)[] | undefined;
  readonly bufferBytes: number;
}

/** What of a stat record tells that a file has not changed. */
export type FileStamp = Pick<FileFacts, "size" | "mtimeMs" | "ctimeMs" | "ino">;

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
export function hashTask({ folder, paths, stamps, bufferBytes }: HashTask): FileFacts[] {
  if (ownBuffer.byteLength !== bufferBytes) ownBuffer = Buffer.allocUnsafeSlow(bufferBytes);
  return paths.map((path, index) => hashFile(`${folder}/${path}`, ownBuffer, stamps?.[index]));
}

/** Of this thread, for one task after the other. */
let ownBuffer: Buffer = Buffer.alloc(0);

function hashFile(path: string, buffer: Buffer, known: FileStamp | undefined): FileFacts {
  try {
    const file = openSync(path, readFlags);
    try {
      for (let attempt = known === undefined ? 1 : 0; ; attempt += 1) {
        const before = attempt === 0 && known !== undefined ? known : fstatSync(file);
        if (isStats(before) && !before.isFile()) return { ...factsOf(before), problem: "ENOTFILE" };
        const { digest, size } = hashOpenFile(file, before.size, buffer);
        const after = fstatSync(file);
        if (size === after.size && isSameStamp(before, after)) return { digest, ...factsOf(after) };
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

function isStats(facts: FileStamp | Stats): facts is Stats {
  return "isFile" in facts;
}

/** Whether a file with one of two stat records has not changed since it had the other. */
export function isSameStamp(a: FileStamp, b: FileStamp): boolean {
  return a.size === b.size && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs && a.ino === b.ino;
}

function factsOf({ size, mtimeMs, ctimeMs, ino }: Stats): FileFacts {
  return { size, mtimeMs, ctimeMs, ino };
}
