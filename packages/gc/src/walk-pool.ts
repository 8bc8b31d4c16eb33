import { type Dirent, lstatSync, readdirSync, type Stats } from "node:fs";
import { join, relative } from "node:path";
import { gcErrors } from "./errors.ts";
import type { PoolPlaces } from "./pool.ts";
import type { FileStamp } from "./stat-cache.ts";

/** A file of some family. */
export interface WalkedFile {
  /** Relative to the pool. */
  readonly path: string;
  readonly family: string;
  /** Absent where files are not looked at before they are read. */
  readonly stamp?: FileStamp | undefined;
  /** Which of the stamps of the walk is its own. */
  readonly place: number;
}

/** The files of a pool by name, in the order in which the system lists them. */
export interface PoolListing {
  /** Relative to the pool. */
  readonly paths: readonly string[];
  readonly linkCount: number;
}

/** What a walk found. */
export interface WalkedPool {
  readonly listing: PoolListing;
  /** Files of some family, in any order; links are not followed. */
  readonly matched: readonly WalkedFile[];
  /** Folders with a `run.json`, the record of a run. */
  readonly records: ReadonlySet<string>;
  /** For each path `1` when entries depend on the file: it is of some family, or a record. */
  readonly looked: string;
  /**
   * Of each such file size, both times and inode, one after the other; NaN when it is gone, and
   * where it is not looked at before it is read.
   */
  readonly stamps: Float64Array;
}

/** Options of {@link listPool}. */
export interface ListOptions {
  readonly filesMax: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((files: number) => void) | undefined;
}

/** Options of {@link walkPool}. */
export interface WalkOptions extends ListOptions {
  readonly familyOf: (path: string) => string | undefined;
  /** All files will be read: to look at each before would only take time. */
  readonly isAllRead?: boolean | undefined;
}

/** From this number of files on, nobody has to know their sizes to divide the work. */
const filesOfAnySize = 4096;

/**
 * Look at the files of a pool.
 * @throws `GC_TOO_MANY_FILES` naming the setting, `GC_READ_FAILED`
 */
export function walkPool(
  places: PoolPlaces,
  { familyOf, isAllRead = false, ...options }: WalkOptions,
): WalkedPool {
  const listing = listPool(places, options);
  const isLookedAt = !isAllRead || listing.paths.length < filesOfAnySize;
  const matched: WalkedFile[] = [];
  const records = new Set<string>();
  const stamps: number[] = [];
  const looked: string[] = [];
  for (const path of listing.paths) {
    const family = familyOf(path);
    const isRecord = path === "run.json" || path.endsWith("/run.json");
    looked.push(family === undefined && !isRecord ? "0" : "1");
    if (family === undefined && !isRecord) continue;
    const place = stamps.length / 4;
    if (!isLookedAt && !isRecord && family !== undefined) {
      stamps.push(...noStamp);
      matched.push({ path, family, place });
      continue;
    }
    const stats = lstatSync(`${places.folder}/${path}`, { throwIfNoEntry: false });
    if (stats === undefined) {
      stamps.push(...noStamp);
      continue; // Removed meanwhile.
    }
    const stamp = stampOf(stats);
    stamps.push(stamp.size, stamp.mtimeMs, stamp.ctimeMs, stamp.ino);
    if (isRecord) records.add(path.slice(0, Math.max(0, path.length - "/run.json".length)));
    if (family !== undefined) matched.push({ path, family, stamp, place });
  }
  return { listing, matched, records, looked: looked.join(""), stamps: Float64Array.from(stamps) };
}

/**
 * List the files of a pool. The pool's own state and its trash are left out.
 * @throws `GC_TOO_MANY_FILES` naming the setting, `GC_READ_FAILED`
 */
export function listPool(
  places: PoolPlaces,
  { filesMax, signal, onProgress }: ListOptions,
): PoolListing {
  const paths: string[] = [];
  const own = new Set(
    [places.trash, places.manifest, places.backup].map((path) => relative(places.folder, path)),
  );
  let linkCount = 0;
  const folders = [""];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    signal?.throwIfAborted();
    for (const entry of readFolder(join(places.folder, folder))) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (own.has(path) || (folder === "" && isState(entry.name))) continue;
      if (entry.isFile()) {
        if (paths.length === filesMax) throw tooManyFiles(places.folder, filesMax);
        paths.push(path);
      } else if (entry.isDirectory()) folders.push(path);
      else if (entry.isSymbolicLink()) linkCount += 1;
    }
    onProgress?.(paths.length);
  }
  return { paths, linkCount };
}

const noStamp = [Number.NaN, Number.NaN, Number.NaN, Number.NaN];

function stampOf({ size, mtimeMs, ctimeMs, ino }: Stats): FileStamp {
  return { size, mtimeMs, ctimeMs, ino };
}

/** What Reseal keeps in a pool besides the trash. */
function isState(name: string): boolean {
  return name === ".trash" || name.startsWith(".manifest");
}

function readFolder(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return []; // Removed meanwhile.
    throw gcErrors.READ_FAILED(`${path} cannot be listed.`, { cause });
  }
}

function tooManyFiles(folder: string, filesMax: number): Error {
  return gcErrors.TOO_MANY_FILES(
    `${folder} holds more than ${filesMax} files, the limit of indexing.max_files_per_scan. Nothing was changed.`,
    { details: { folder, max_files_per_scan: filesMax } },
  );
}
