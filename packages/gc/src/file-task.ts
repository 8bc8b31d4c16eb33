import { createHash, hash } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  type Stats,
} from "node:fs";
import type { Digest } from "@reseal/hash";

/** What of a stat record tells that a file has not changed. */
export interface FileStamp {
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly ino: number;
}

/**
 * Whether a later change of a file would be seen in its stat record.
 * @param tickMs A time of the same file system, before the file was read.
 */
export function isSettled(
  { mtimeMs, ctimeMs }: Pick<FileStamp, "mtimeMs" | "ctimeMs">,
  tickMs: number,
): boolean {
  return ctimeMs < tickMs && mtimeMs < tickMs;
}

/** What several threads do together: each takes the next files until none is left. */
export interface FileTask {
  /** Absolute. */
  readonly folder: string;
  /** Whether files are read, or only looked at. */
  readonly isRead: boolean;
  readonly bufferBytes: number;
  readonly memory: SharedArrayBuffer;
  readonly tick?: Tick | undefined;
}

/** A moment before any file was opened, by the clock of the file system that they are on. */
export interface Tick {
  readonly timeMs: number;
  /** The file system: files on another one have times of another clock. */
  readonly dev: number;
}

/** Why there is no digest, or no stat record, of a file. */
export type FileProblem = "gone" | "changed" | "no file" | "unreadable";

const problemNames = [undefined, "gone", "changed", "no file", "unreadable"] as const;
const stampBytes = 32;
const algorithm = "sha256:";
/** Of a digest as it is written, as Latin-1. */
const digestBytes = 71;
const controlBytes = 16;
const [nextFile, doneFiles, doneKibibytes] = [0, 1, 2];

/**
 * What is known of some files, in memory that threads share: no message goes from one to another
 * for a file, and no object is made of it.
 */
export class FileTable {
  readonly count: number;
  readonly memory: SharedArrayBuffer;
  /** Of each file size, both times and inode; NaN where they are not known. */
  readonly stamps: Float64Array;
  readonly #control: Int32Array;
  readonly #digests: Buffer;
  readonly #problems: Uint8Array;
  #text: string | undefined;

  constructor(count: number, memory: SharedArrayBuffer = newMemory(count)) {
    this.count = count;
    this.memory = memory;
    this.#control = new Int32Array(memory, 0, controlBytes / 4);
    this.stamps = new Float64Array(memory, controlBytes, 4 * count);
    const digestsAt = controlBytes + stampBytes * count;
    this.#digests = Buffer.from(memory, digestsAt, digestBytes * count);
    this.#problems = new Uint8Array(memory, digestsAt + digestBytes * count, count);
  }

  /** How much was done, by all threads. */
  get done(): { readonly files: number; readonly bytes: number } {
    const control = this.#control;
    const bytes = 1024 * Atomics.load(control, doneKibibytes);
    return { files: Atomics.load(control, doneFiles), bytes };
  }

  /** How many bytes the files have, as far as their stat records are known. */
  get bytes(): number {
    let sum = 0;
    for (let at = 0; at < this.stamps.length; at += 4) sum += this.stamps[at] || 0;
    return sum;
  }

  /** A new table of some of the files, with their stat records. */
  part(indexes: readonly number[]): FileTable {
    const table = new FileTable(indexes.length);
    for (const [place, index] of indexes.entries())
      for (let at = 0; at < 4; at += 1)
        table.stamps[4 * place + at] = this.stamps[4 * index + at] ?? Number.NaN;
    return table;
  }

  /** Take the next files. @returns the first of them; `count` or more when none is left */
  take(files: number): number {
    return Atomics.add(this.#control, nextFile, files);
  }

  /** Leave the files that nobody has taken yet. */
  stop(): void {
    Atomics.store(this.#control, nextFile, this.count);
  }

  noteDone(files: number, bytes: number): void {
    Atomics.add(this.#control, doneKibibytes, Math.round(bytes / 1024));
    Atomics.add(this.#control, doneFiles, files);
  }

  problem(index: number): FileProblem | undefined {
    return problemNames[this.#problems[index] ?? 0];
  }

  /** The digest of a file that was read; once all are. */
  digest(index: number): Digest | undefined {
    if (this.#problems[index] !== 0) return undefined;
    this.#text ??= this.#digests.toString("latin1"); // Parts of one text are made without a copy.
    return this.#text.slice(digestBytes * index, digestBytes * (index + 1)) as Digest;
  }

  stamp(index: number): FileStamp {
    const { stamps } = this;
    const at = 4 * index;
    return {
      size: stamps[at] ?? Number.NaN,
      mtimeMs: stamps[at + 1] ?? Number.NaN,
      ctimeMs: stamps[at + 2] ?? Number.NaN,
      ino: stamps[at + 3] ?? Number.NaN,
    };
  }

  setStamp(index: number, { size, mtimeMs, ctimeMs, ino }: FileStamp): void {
    const { stamps } = this;
    const at = 4 * index;
    stamps[at] = size;
    stamps[at + 1] = mtimeMs;
    stamps[at + 2] = ctimeMs;
    stamps[at + 3] = ino;
  }

  hasStamp(index: number, { size, mtimeMs, ctimeMs, ino }: FileStamp): boolean {
    const { stamps } = this;
    const at = 4 * index;
    return (
      stamps[at] === size &&
      stamps[at + 1] === mtimeMs &&
      stamps[at + 2] === ctimeMs &&
      stamps[at + 3] === ino
    );
  }

  setDigest(index: number, hex: string): void {
    this.#digests.write(hex, digestBytes * index + algorithm.length, "latin1");
  }

  setProblem(index: number, problem: FileProblem): void {
    this.#problems[index] = problemNames.indexOf(problem);
  }
}

function newMemory(count: number): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(controlBytes + (stampBytes + digestBytes + 1) * count);
  new Float64Array(memory, controlBytes, 4 * count).fill(Number.NaN);
  const digests = Buffer.from(memory, controlBytes + stampBytes * count, digestBytes * count);
  digests.fill(algorithm.padEnd(digestBytes, "0"), "latin1");
  return memory;
}

/**
 * Do the next files of a task in this thread.
 * @param paths Relative to the folder.
 * @returns whether there may be more
 */
export function workOn(task: FileTask, paths: readonly string[]): () => boolean {
  const { folder, isRead, tick } = task;
  const table = new FileTable(paths.length, task.memory);
  const filesInPart = Math.min(32, Math.max(1, paths.length >> 6));
  const buffer = isRead ? Buffer.allocUnsafeSlow(task.bufferBytes) : Buffer.alloc(0);
  return () => {
    const start = table.take(filesInPart);
    const end = Math.min(start + filesInPart, paths.length);
    let bytes = 0;
    for (let index = start; index < end; index += 1) {
      const path = `${folder}/${paths[index]}`;
      if (isRead) bytes += read(path, index, table, { buffer, tick });
      else look(path, index, table);
    }
    if (end > start) table.noteDone(end - start, bytes);
    return end < paths.length;
  };
}

function look(path: string, index: number, table: FileTable): void {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined) table.setProblem(index, "gone");
    else table.setStamp(index, stats);
  } catch (error) {
    table.setProblem(index, problemOf(error));
  }
}

const readFlags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);
const attemptsMax = 3;

interface Reading {
  readonly buffer: Buffer;
  readonly tick: Tick | undefined;
}

/** @returns how many bytes it has */
function read(path: string, index: number, table: FileTable, reading: Reading): number {
  try {
    const file = openSync(path, readFlags);
    try {
      return readOpen(file, index, table, reading);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    table.setProblem(index, problemOf(error));
    return 0;
  }
}

/**
 * A file that still has the stat record that the table knows was not written to meanwhile; nor was
 * one that has not changed since the tick.
 */
function readOpen(file: number, index: number, table: FileTable, reading: Reading): number {
  const { buffer, tick } = reading;
  const isKnown = !Number.isNaN(table.stamps[4 * index]);
  for (let attempt = isKnown || tick !== undefined ? 0 : 1; ; attempt += 1) {
    if (attempt > 0) {
      const before = fstatSync(file);
      table.setStamp(index, before);
      if (!before.isFile()) {
        table.setProblem(index, "no file");
        return 0;
      }
    }
    const size = digestOpen(file, index, table, buffer);
    const after: Stats = fstatSync(file);
    if (attempt === 0 && !isKnown && isOlder(after, tick)) table.setStamp(index, after);
    if (size === after.size && table.hasStamp(index, after)) return size;
    if (attempt === attemptsMax) {
      table.setProblem(index, "changed");
      return size;
    }
  }
}

function isOlder(stats: Stats, tick: Tick | undefined): boolean {
  return stats.dev === tick?.dev && isSettled(stats, tick.timeMs) && stats.isFile();
}

function digestOpen(file: number, index: number, table: FileTable, buffer: Buffer): number {
  let position = 0;
  let count = readSync(file, buffer, 0, buffer.byteLength, position);
  if (count < buffer.byteLength) {
    table.setDigest(index, hash("sha256", buffer.subarray(0, count), "hex"));
    return count;
  }
  const digester = createHash("sha256");
  while (count > 0) {
    digester.update(buffer.subarray(0, count));
    position += count;
    count = readSync(file, buffer, 0, buffer.byteLength, position);
  }
  table.setDigest(index, digester.digest("hex"));
  return position;
}

function problemOf(error: unknown): FileProblem {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  return code === "ENOENT" ? "gone" : "unreadable";
}
