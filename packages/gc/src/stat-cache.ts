import { createHash } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { Digest } from "@reseal/hash";
import type { FileStamp, FileTable } from "./file-task.ts";

const format = "reseal-pool-cache/3";

/** What is kept: numbers as they are in memory, text in one piece. To read it makes hardly an object. */
interface Columns {
  /** Stands for all that is kept. */
  readonly digest: string | undefined;
  readonly paths: readonly string[];
  /** Of each file size, both times and inode. */
  readonly stamps: Float64Array;
  /** Of each digest the 64 hexadecimal digits, without anything between them. */
  readonly digests: string;
}

/** A file to be remembered. */
interface CachedFile extends FileStamp {
  readonly path: string;
  readonly digest: Digest;
}

const hexLength = 64;
const stampBytes = 32;

/**
 * Remembers digests of files by their stat record, so that unchanged ones are not read again.
 *
 * A file is trusted while size, times and inode are the same, and only remembered when it had last
 * changed before the tick in which the scan began: a change in the same tick would leave the same
 * times. A cache that cannot be read, or is not what was written, is an empty one.
 */
export class PoolCache {
  readonly #file: string;
  readonly #columns: Columns;
  #places: ReadonlyMap<string, number> | undefined;
  #next = 0;
  #hits = 0;

  constructor(file: string) {
    this.#file = file;
    this.#columns = readColumns(file);
  }

  get isEmpty(): boolean {
    return this.#columns.paths.length === 0;
  }

  get paths(): readonly string[] {
    return this.#columns.paths;
  }

  /** Stands for all that it knew when it was read; nothing where it could not be. */
  get digest(): string | undefined {
    return this.#columns.digest;
  }

  /** Of each of `paths` size, both times and inode. */
  get stamps(): Float64Array {
    return this.#columns.stamps;
  }

  /** The digest of a file of a table; found at once when they are asked for in the order they had. */
  get(path: string, table: FileTable, index: number): Digest | undefined {
    const place = this.#placeOf(path);
    if (place === undefined) return undefined;
    const { stamps, digests } = this.#columns;
    for (let at = 0; at < 4; at += 1)
      if (stamps[4 * place + at] !== table.stamps[4 * index + at]) return undefined;
    this.#hits += 1;
    return `sha256:${digests.slice(place * hexLength, (place + 1) * hexLength)}`;
  }

  /**
   * Keep what is known now. A failure costs only time later and is not reported.
   * @param tickMs A time of the same file system, before any of the files was read.
   * @returns what stands for it; nothing where it could not be written
   */
  save(files: readonly CachedFile[], tickMs: number): string | undefined {
    const { paths: known, digest } = this.#columns;
    if (known.length === files.length && known.length === this.#hits) return digest;
    const settled = files.filter((file) => isSettled(file, tickMs));
    const stamps = new Float64Array(4 * settled.length);
    for (const [index, { size, mtimeMs, ctimeMs, ino }] of settled.entries()) {
      stamps[4 * index] = size;
      stamps[4 * index + 1] = mtimeMs;
      stamps[4 * index + 2] = ctimeMs;
      stamps[4 * index + 3] = ino;
    }
    const digests = settled.map(({ digest }) => digest.slice("sha256:".length)).join("");
    const paths = settled.map(({ path }) => path).join("\0");
    const body = Buffer.concat([Buffer.from(stamps.buffer), Buffer.from(digests + paths)]);
    const saved = digestOf(body);
    if (saved === digest) return digest;
    try {
      const temporary = `${this.#file}.tmp`;
      const header = JSON.stringify({ format, files: settled.length, body: saved });
      writeFileSync(temporary, Buffer.concat([Buffer.from(`${header}\n`), body]));
      renameSync(temporary, this.#file);
      return saved;
    } catch {
      return undefined; // A full disk must not fail a scan that only wanted to remember something.
    }
  }

  #placeOf(path: string): number | undefined {
    const { paths } = this.#columns;
    if (paths[this.#next] !== path) {
      this.#places ??= new Map(paths.map((one, place) => [one, place]));
      const place = this.#places.get(path);
      if (place === undefined) return undefined;
      this.#next = place;
    }
    this.#next += 1;
    return this.#next - 1;
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
  const nothing = { digest: undefined, paths: [], stamps: new Float64Array(), digests: "" };
  try {
    const bytes = readFileSync(file);
    const end = bytes.indexOf("\n");
    const header = JSON.parse(bytes.toString("utf8", 0, end)) as Readonly<Record<string, unknown>>;
    const body = bytes.subarray(end + 1);
    const { files } = header;
    const digest = digestOf(body);
    if (header.format !== format || header.body !== digest || typeof files !== "number")
      return nothing;
    const stampsEnd = files * stampBytes;
    const digestsEnd = stampsEnd + files * hexLength;
    return {
      digest,
      paths: files === 0 ? [] : body.toString("utf8", digestsEnd).split("\0"),
      stamps: new Float64Array(Uint8Array.from(body.subarray(0, stampsEnd)).buffer),
      digests: body.toString("latin1", stampsEnd, digestsEnd),
    };
  } catch {
    return nothing;
  }
}

function digestOf(body: Buffer): string {
  return createHash("sha256").update(body).digest("hex");
}
