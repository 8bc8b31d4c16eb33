import { createHash } from "node:crypto";
import { appendFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { Digest } from "@reseal/hash";
import { type FileStamp, type FileTable, isSettled } from "./file-task.ts";

const format = "reseal-pool-cache/3";

/** What is kept, in one piece: to read it makes hardly an object. */
interface Kept {
  /** Stands for all of it; nothing where there was nothing to be read. */
  readonly digest: string | undefined;
  readonly files: number;
  /** Of each file size, both times and inode. */
  readonly stamps: Float64Array;
  /** Of each file 32 bytes. */
  readonly digests: Buffer;
  /** With a NUL between them. */
  readonly paths: string;
}

/** A file to be remembered. */
interface CachedFile extends FileStamp {
  readonly path: string;
  readonly digest: Digest;
}

const stampBytes = 32;
const digestBytes = 32;
const nothing: Kept = {
  digest: undefined,
  files: 0,
  stamps: new Float64Array(),
  digests: Buffer.alloc(0),
  paths: "",
};

/**
 * Remembers digests of files by their stat record, so that unchanged ones are not read again.
 *
 * A file is trusted while size, times and inode are the same, and only remembered when it had last
 * changed before the tick in which the scan began: a change in the same tick would leave the same
 * times. A cache that cannot be read, or is not what was written, is an empty one.
 */
export class PoolCache {
  readonly #file: string;
  readonly #kept: Kept;
  #paths: readonly string[] | undefined;
  #places: ReadonlyMap<string, number> | undefined;
  #hex: string | undefined;
  #next = 0;
  #hits = 0;

  constructor(file: string) {
    this.#file = file;
    this.#kept = readKept(file);
  }

  get files(): number {
    return this.#kept.files;
  }

  /** Of all files, with a NUL between them. */
  get paths(): string {
    return this.#kept.paths;
  }

  /** Of each file size, both times and inode. */
  get stamps(): Float64Array {
    return this.#kept.stamps;
  }

  /** Stands for all that was known when it was read; nothing where it could not be. */
  get digest(): string | undefined {
    return this.#kept.digest;
  }

  /** The digest of a file of a table; found at once when they are asked for in the order they had. */
  get(path: string, table: FileTable, index: number): Digest | undefined {
    const place = this.#placeOf(path);
    if (place === undefined) return undefined;
    const { stamps, digests } = this.#kept;
    for (let at = 0; at < 4; at += 1)
      if (stamps[4 * place + at] !== table.stamps[4 * index + at]) return undefined;
    this.#hits += 1;
    this.#hex ??= digests.toString("hex");
    return `sha256:${this.#hex.slice(2 * digestBytes * place, 2 * digestBytes * (place + 1))}`;
  }

  /**
   * Keep what is known now. A failure costs only time later and is not reported.
   * @param tickMs A time of the same file system, before any of the files was read.
   * @returns what stands for it; nothing where it could not be written
   */
  save(files: readonly CachedFile[], tickMs: number): string | undefined {
    const { files: known, digest } = this.#kept;
    if (known === files.length && known === this.#hits) return digest;
    const settled = files.filter((file) => isSettled(file, tickMs));
    const stamps = new Float64Array(4 * settled.length);
    for (const [index, { size, mtimeMs, ctimeMs, ino }] of settled.entries()) {
      stamps[4 * index] = size;
      stamps[4 * index + 1] = mtimeMs;
      stamps[4 * index + 2] = ctimeMs;
      stamps[4 * index + 3] = ino;
    }
    const hex = settled.map((file) => file.digest.slice("sha256:".length)).join("");
    const paths = settled.map(({ path }) => path).join("\0");
    const body = [Buffer.from(stamps.buffer), Buffer.from(hex, "hex"), Buffer.from(paths)];
    const saved = digestOf(body);
    if (saved === digest) return digest;
    try {
      const temporary = `${this.#file}.tmp`;
      const header = JSON.stringify({ format, files: settled.length, body: saved });
      writeFileSync(temporary, `${header}\n`);
      for (const part of body) appendFileSync(temporary, part);
      renameSync(temporary, this.#file);
      return saved;
    } catch {
      return undefined; // A full disk must not fail a scan that only wanted to remember something.
    }
  }

  #placeOf(path: string): number | undefined {
    if (this.#kept.files === 0) return undefined;
    this.#paths ??= this.#kept.paths.split("\0");
    if (this.#paths[this.#next] !== path) {
      this.#places ??= new Map(this.#paths.map((one, place) => [one, place]));
      const place = this.#places.get(path);
      if (place === undefined) return undefined;
      this.#next = place;
    }
    this.#next += 1;
    return this.#next - 1;
  }
}

function readKept(file: string): Kept {
  try {
    const bytes = readFileSync(file);
    const end = bytes.indexOf("\n");
    const header = JSON.parse(bytes.toString("utf8", 0, end)) as Readonly<Record<string, unknown>>;
    const body = bytes.subarray(end + 1);
    const { files } = header;
    const digest = digestOf([body]);
    if (header.format !== format || header.body !== digest || typeof files !== "number")
      return nothing;
    const stampsEnd = files * stampBytes;
    const digestsEnd = stampsEnd + files * digestBytes;
    return {
      digest,
      files,
      stamps: new Float64Array(Uint8Array.from(body.subarray(0, stampsEnd)).buffer),
      digests: body.subarray(stampsEnd, digestsEnd),
      paths: body.toString("utf8", digestsEnd),
    };
  } catch {
    return nothing;
  }
}

function digestOf(body: readonly Buffer[]): string {
  const hash = createHash("sha256");
  for (const part of body) hash.update(part);
  return hash.digest("hex");
}
