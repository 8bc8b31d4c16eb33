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
  readonly stamp: FileStamp;
}

/** What a walk found. */
export interface WalkedPool {
  /** Files of some family, in any order; links are not followed. */
  readonly matched: readonly WalkedFile[];
  /** Folders with a `run.json`, the record of a run, and what is known of it. */
  readonly records: ReadonlyMap<string, FileStamp>;
  /** Files that were seen, of a family or not. */
  readonly fileCount: number;
  readonly linkCount: number;
}

/** Options of {@link walkPool}. */
export interface WalkOptions {
  readonly familyOf: (path: string) => string | undefined;
  readonly filesMax: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((files: number) => void) | undefined;
}

/**
 * List the files of a pool. The pool's own state and its trash are left out.
 * @throws `GC_TOO_MANY_FILES` naming the setting, `GC_READ_FAILED`
 */
export function walkPool(places: PoolPlaces, options: WalkOptions): WalkedPool {
  const { familyOf, filesMax, signal, onProgress } = options;
  const matched: WalkedFile[] = [];
  const records = new Map<string, FileStamp>();
  const ownTrash = relative(places.folder, places.trash);
  const own = new Set([
    ownTrash,
    relative(places.folder, places.manifest),
    relative(places.folder, places.backup),
  ]);
  let fileCount = 0;
  let linkCount = 0;
  const folders = [""];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    signal?.throwIfAborted();
    for (const entry of readFolder(join(places.folder, folder))) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (own.has(path) || (folder === "" && isState(entry.name))) continue;
      if (entry.isSymbolicLink()) linkCount += 1;
      else if (entry.isDirectory()) folders.push(path);
      else if (entry.isFile()) {
        fileCount += 1;
        if (fileCount > filesMax) throw tooManyFiles(places.folder, filesMax);
        const family = familyOf(path);
        const isRecord = entry.name === "run.json";
        if (family === undefined && !isRecord) continue;
        const stats = lstatSync(`${places.folder}/${path}`, { throwIfNoEntry: false });
        if (stats === undefined) continue; // Removed meanwhile.
        const stamp = stampOf(stats);
        if (isRecord) records.set(folder, stamp);
        if (family !== undefined) matched.push({ path, family, stamp });
      }
    }
    onProgress?.(fileCount);
  }
  return { matched, records, fileCount, linkCount };
}

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
