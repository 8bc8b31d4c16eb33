import { type Dirent, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { gcErrors } from "./errors.ts";
import type { PoolPlaces } from "./pool.ts";

/** What a walk found. */
export interface WalkedPool {
  /** Files of some family, relative to the pool and sorted; links are not followed. */
  readonly matched: readonly { readonly path: string; readonly family: string }[];
  /** Folders with a `run.json`, the record of a run. */
  readonly records: ReadonlySet<string>;
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
  const matched: { path: string; family: string }[] = [];
  const records = new Set<string>();
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
        if (entry.name === "run.json") records.add(folder);
        const family = familyOf(path);
        if (family !== undefined) matched.push({ path, family });
      }
    }
    onProgress?.(fileCount);
  }
  matched.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { matched, records, fileCount, linkCount };
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
