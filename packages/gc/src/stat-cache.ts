import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { Digest } from "@reseal/hash";
import type { FileFacts } from "./hash-task.ts";

type Row = readonly [
  path: string,
  size: number,
  modifiedMs: number,
  changedMs: number,
  inode: number,
  hex: string,
];

const format = "reseal-pool-cache/1";

/** What of a stat record tells that a file has not changed. */
export type FileStamp = Pick<FileFacts, "size" | "mtimeMs" | "ctimeMs" | "ino">;

/**
 * Remembers digests of files by their stat record, so that unchanged ones are not read again.
 *
 * A row is trusted while size, times and inode are the same, and only written when the file had
 * last changed before the tick in which the scan began: a change in the same tick would leave the
 * same times. A cache that cannot be read is an empty one.
 */
export class PoolCache {
  readonly #file: string;
  readonly #old: ReadonlyMap<string, Row>;

  constructor(file: string) {
    this.#file = file;
    this.#old = readRows(file);
  }

  get(path: string, stamp: FileStamp): Digest | undefined {
    const row = this.#old.get(path);
    const isSame =
      row !== undefined &&
      row[1] === stamp.size &&
      row[2] === stamp.mtimeMs &&
      row[3] === stamp.ctimeMs &&
      row[4] === stamp.ino;
    return isSame ? `sha256:${row[5]}` : undefined;
  }

  /**
   * Keep what is known now. A failure costs only time later and is not reported.
   * @param tickMs A time of the same file system, before any of the files was read.
   */
  save(
    files: Iterable<readonly [path: string, stamp: FileStamp, digest: Digest]>,
    tickMs: number,
  ): void {
    const rows: Row[] = [];
    let isChanged = false;
    for (const [path, stamp, digest] of files) {
      if (stamp.ctimeMs >= tickMs || stamp.mtimeMs >= tickMs) continue;
      isChanged ||= this.get(path, stamp) !== digest;
      const { size, mtimeMs, ctimeMs, ino } = stamp;
      rows.push([path, size, mtimeMs, ctimeMs, ino, digest.slice("sha256:".length)]);
    }
    if (!isChanged && rows.length === this.#old.size) return;
    try {
      const temporary = `${this.#file}.tmp`;
      writeFileSync(temporary, JSON.stringify({ format, rows }));
      renameSync(temporary, this.#file);
    } catch {
      // A full disk must not fail a scan that only wanted to remember something.
    }
  }
}

function readRows(file: string): ReadonlyMap<string, Row> {
  try {
    const cache = JSON.parse(readFileSync(file, "utf8")) as { format?: unknown; rows?: unknown };
    if (cache.format !== format || !Array.isArray(cache.rows)) return new Map();
    return new Map((cache.rows as Row[]).map((row) => [row[0], row]));
  } catch {
    return new Map();
  }
}
