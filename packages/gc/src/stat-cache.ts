import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { type Digest, isDigest } from "@reseal/hash";
import type { FileStamp } from "./hash-task.ts";

export type { FileStamp } from "./hash-task.ts";

const format = "reseal-pool-cache/2";

/** Column by column: to read and to write a million objects takes longer than to scan. */
interface Columns {
  readonly paths: string[];
  readonly sizes: number[];
  readonly modified: number[];
  readonly changed: number[];
  readonly inodes: number[];
  /** Of each digest the 64 hexadecimal digits, without anything between them. */
  readonly digests: string;
}

const hexLength = 64;

/**
 * Remembers digests of files by their stat record, so that unchanged ones are not read again.
 *
 * A file is trusted while size, times and inode are the same, and only remembered when it had last
 * changed before the tick in which the scan began: a change in the same tick would leave the same
 * times. A cache that cannot be read is an empty one.
 */
export class PoolCache {
  readonly #file: string;
  readonly #columns: Columns;
  readonly #places: ReadonlyMap<string, number>;

  constructor(file: string) {
    this.#file = file;
    this.#columns = readColumns(file);
    this.#places = new Map(this.#columns.paths.map((path, place) => [path, place]));
  }

  get isEmpty(): boolean {
    return this.#places.size === 0;
  }

  get(path: string, stamp: FileStamp): Digest | undefined {
    const place = this.#places.get(path);
    if (place === undefined) return undefined;
    const { sizes, modified, changed, inodes, digests } = this.#columns;
    const isSame =
      sizes[place] === stamp.size &&
      modified[place] === stamp.mtimeMs &&
      changed[place] === stamp.ctimeMs &&
      inodes[place] === stamp.ino;
    if (!isSame) return undefined;
    const digest = `sha256:${digests.slice(place * hexLength, (place + 1) * hexLength)}`;
    return isDigest(digest) ? digest : undefined;
  }

  /**
   * Keep what is known now. A failure costs only time later and is not reported.
   * @param tickMs A time of the same file system, before any of the files was read.
   */
  save(
    files: Iterable<{ readonly path: string; readonly stamp: FileStamp; readonly digest: Digest }>,
    tickMs: number,
  ): void {
    const columns: Omit<Columns, "digests"> = {
      paths: [],
      sizes: [],
      modified: [],
      changed: [],
      inodes: [],
    };
    const digests: string[] = [];
    let isChanged = false;
    for (const { path, stamp, digest } of files) {
      if (!isSettled(stamp, tickMs)) continue;
      isChanged ||= this.get(path, stamp) !== digest;
      columns.paths.push(path);
      columns.sizes.push(stamp.size);
      columns.modified.push(stamp.mtimeMs);
      columns.changed.push(stamp.ctimeMs);
      columns.inodes.push(stamp.ino);
      digests.push(digest.slice("sha256:".length));
    }
    if (!isChanged && digests.length === this.#columns.paths.length) return;
    try {
      const temporary = `${this.#file}.tmp`;
      const cache = { format, ...columns, digests: digests.join("") };
      writeFileSync(temporary, JSON.stringify(cache));
      renameSync(temporary, this.#file);
    } catch {
      // A full disk must not fail a scan that only wanted to remember something.
    }
  }
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

function readColumns(file: string): Columns {
  const nothing = { paths: [], sizes: [], modified: [], changed: [], inodes: [], digests: "" };
  try {
    const cache = JSON.parse(readFileSync(file, "utf8")) as Partial<Columns & { format: unknown }>;
    const { paths, sizes, modified, changed, inodes, digests } = cache;
    const isWhole =
      cache.format === format &&
      [paths, sizes, modified, changed, inodes].every((column) => Array.isArray(column)) &&
      digests?.length === (paths?.length ?? 0) * hexLength;
    return isWhole ? (cache as Columns) : nothing;
  } catch {
    return nothing;
  }
}
