import { type Dirent, readdirSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { gcErrors } from "./errors.ts";
import { FileTable } from "./file-task.ts";
import type { FileThreads } from "./file-threads.ts";
import type { PoolPlaces } from "./pool.ts";

/** The files of a pool by name, in the order in which the system lists them. */
export interface PoolListing {
  /** Relative to the pool. */
  readonly paths: readonly string[];
  /** But the pool's own. */
  readonly folders: readonly string[];
  readonly linkCount: number;
}

/** What a walk found. */
export interface WalkedPool {
  readonly listing: PoolListing;
  /** Files that entries depend on: those of some family, and records; links are not followed. */
  readonly paths: readonly string[];
  /** Of each of them its family; none when it is only a record. */
  readonly families: readonly (string | undefined)[];
  /** Folders with a `run.json`, the record of a run. */
  readonly records: ReadonlySet<string>;
  /** Of each of them the stat record; none where it is not looked at before it is read. */
  readonly table: FileTable;
}

/** Options of {@link listPool}. */
export interface ListOptions {
  readonly filesMax: number;
  readonly threads: FileThreads;
  /** What lies in the pool's own folder, and not what is in the others. */
  readonly isFlat?: boolean | undefined;
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
export async function walkPool(
  { folder, ...places }: PoolPlaces,
  { familyOf, isAllRead = false, ...options }: WalkOptions,
): Promise<WalkedPool> {
  const listing = listPool({ folder, ...places }, options);
  const paths: string[] = [];
  const families: (string | undefined)[] = [];
  const records = new Set<string>();
  for (const path of listing.paths) {
    const family = familyOf(path);
    const isRecord = path.endsWith("run.json") && basename(path) === "run.json";
    if (family === undefined && !isRecord) continue;
    if (isRecord) records.add(path.slice(0, Math.max(0, path.length - "/run.json".length)));
    paths.push(path);
    families.push(family);
  }
  const { threads, signal } = options;
  const isLookedAt = !isAllRead || listing.paths.length < filesOfAnySize;
  const table = isLookedAt
    ? await threads.look({ folder, paths, signal })
    : await lookAtRecords(folder, { paths, families }, options);
  return { listing, paths, families, records, table };
}

/** Files that are only records are not read by the scan: their stat records would not be known. */
async function lookAtRecords(
  folder: string,
  { paths, families }: Pick<WalkedPool, "paths" | "families">,
  { threads, signal }: ListOptions,
): Promise<FileTable> {
  const table = new FileTable(paths.length);
  const records = [...paths.keys()].filter((index) => families[index] === undefined);
  const some = records.map((index) => paths[index] ?? "");
  const seen = await threads.look({ folder, paths: some, signal });
  for (const [place, index] of records.entries()) table.setStamp(index, seen.stamp(place));
  return table;
}

/**
 * List the files of a pool. The pool's own state and its trash are left out.
 * @throws `GC_TOO_MANY_FILES` naming the setting, `GC_READ_FAILED`
 */
export function listPool(
  places: PoolPlaces,
  { filesMax, threads, isFlat = false, signal, onProgress }: ListOptions,
): PoolListing {
  const paths: string[] = [];
  const folders: string[] = [];
  const own = new Set(ownPaths(places));
  let linkCount = 0;
  const rest = [""];
  for (let folder = rest.pop(); folder !== undefined; folder = rest.pop()) {
    signal?.throwIfAborted();
    for (const entry of readFolder(join(places.folder, folder))) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (own.has(path) || (folder === "" && isState(entry.name))) continue;
      if (entry.isFile()) {
        if (paths.length === filesMax) throw tooManyFiles(places.folder, filesMax);
        paths.push(path);
      } else if (entry.isDirectory()) {
        folders.push(path);
        if (!isFlat) rest.push(path);
      } else if (entry.isSymbolicLink()) linkCount += 1;
    }
    threads.expect(paths.length);
    onProgress?.(paths.length);
  }
  return { paths, folders, linkCount };
}

/** State that can be put elsewhere, relative to the pool. */
export function ownPaths({ folder, trash, manifest, backup }: PoolPlaces): string[] {
  return [trash, manifest, backup].map((path) => relative(folder, path));
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
