import type { Stats } from "node:fs";
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import type { Digest } from "@reseal/hash";

/**
 * What is known of a file's bytes as long as its stat record does not change. A `text` or any
 * other `file` passed the scan, a `binary` one was refused as code, and what was only `referenced`
 * was not scanned.
 */
export interface KnownFile {
  /** Absent for a refused one, whose bytes nobody needs. */
  readonly digest?: Digest | undefined;
  readonly kind: "text" | "binary" | "file" | "referenced";
}

const kinds = ["text", "binary", "file", "referenced"] as const;

type Row = readonly [
  path: string,
  size: number,
  modifiedMs: number,
  changedMs: number,
  inode: number,
  hex: string,
  kind: number,
];

const format = "reseal-stat-cache/2";

/**
 * Remembers digests of files that passed the secret scan, so that unchanged ones are not read.
 *
 * A row is trusted while size, modification time, change time and inode are the same, and only if
 * the file had last changed before the clock tick in which it was read: a change in the same tick
 * would leave the same times. The times are the file system's own, not this machine's clock.
 * A cache that cannot be read is an empty cache.
 */
export class StatCache {
  readonly #file: string;
  readonly #scanKey: string;
  readonly #old: ReadonlyMap<string, Row>;
  readonly #rows = new Map<string, Row>();
  /** When the old rows were written, by the file system's clock: what they name was durable then. */
  readonly savedMs: number | undefined;
  #isChanged = false;

  private constructor(file: string, scanKey: string, old: OldRows) {
    this.#file = file;
    this.#scanKey = scanKey;
    this.#old = old.rows;
    this.savedMs = old.savedMs;
  }

  /** `scanKey` stands for the secrets and rules of the scan; another key empties the cache. */
  static open(file: string, scanKey: string): StatCache {
    return new StatCache(file, scanKey, readRows(file, scanKey));
  }

  /** What is known of the file, kept for the next time. */
  get(path: string, stats: Stats): KnownFile | undefined {
    const row = this.#old.get(path);
    if (
      row === undefined ||
      row[1] !== stats.size ||
      row[2] !== stats.mtimeMs ||
      row[3] !== stats.ctimeMs ||
      row[4] !== stats.ino
    )
      return undefined;
    this.#rows.set(path, row);
    const kind = kinds[row[6]] ?? "binary";
    return row[5] === "" ? { kind } : { digest: `sha256:${row[5]}`, kind };
  }

  /** Remember a file that was read after `tickMs`, a time of the same file system. */
  set(path: string, stats: Stats, known: KnownFile, tickMs: number): void {
    this.#isChanged = true;
    this.#rows.delete(path);
    if (stats.ctimeMs >= tickMs || stats.mtimeMs >= tickMs) return;
    this.#rows.set(path, [
      path,
      stats.size,
      stats.mtimeMs,
      stats.ctimeMs,
      stats.ino,
      known.digest?.slice("sha256:".length) ?? "",
      kinds.indexOf(known.kind),
    ]);
  }

  /**
   * Write the rows of this walk, once what they name is stored for good; a failure costs only time
   * later and is not reported.
   */
  save(): void {
    if (!this.#isChanged && this.#rows.size === this.#old.size) return;
    const temporary = `${this.#file}.${process.pid}.tmp`;
    try {
      mkdirSync(dirname(this.#file), { recursive: true });
      const text = JSON.stringify({
        format,
        scan_key: this.#scanKey,
        rows: [...this.#rows.values()],
      });
      writeFileSync(temporary, text, { mode: 0o600 });
      renameSync(temporary, this.#file);
    } catch {
      // A full disk must not fail a run that only wanted to remember something.
    }
  }
}

interface OldRows {
  readonly rows: ReadonlyMap<string, Row>;
  readonly savedMs?: number;
}

function readRows(file: string, scanKey: string): OldRows {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, "r");
    const savedMs = fstatSync(descriptor).mtimeMs;
    const parsed: unknown = JSON.parse(readFileSync(descriptor, "utf8"));
    const cache = parsed as { format?: unknown; scan_key?: unknown; rows?: unknown };
    if (cache.format !== format || cache.scan_key !== scanKey || !Array.isArray(cache.rows))
      return { rows: new Map() };
    return { rows: new Map((cache.rows as Row[]).map((row) => [row[0], row])), savedMs };
  } catch {
    return { rows: new Map() };
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
