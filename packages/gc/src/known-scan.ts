import { createHash } from "node:crypto";
import { lstatSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { PoolManifest } from "@reseal/schema";
import { isTrustedFileSystem } from "@reseal/store";
import { type FileStamp, isSettled } from "./file-task.ts";
import type { PoolPlaces } from "./pool.ts";
import { PoolCache } from "./stat-cache.ts";
import {
  type ListOptions,
  listPool,
  ownPaths,
  type PoolListing,
  type WalkedPool,
} from "./walk-pool.ts";

const format = "reseal-pool-known/2";

/** What of a manifest is known without reading its entries. */
export type ManifestFacts = Pick<PoolManifest, "scanned_at" | "scanner" | "summary" | "families">;

/**
 * What the last scan found, and how one can tell that another would find the same. It is kept
 * beside the manifest, so that neither has to be read, checked and made again when nothing changed.
 */
export interface KnownScan extends ManifestFacts {
  /** Files of a family. */
  readonly files: number;
  /** Of all that entries follow from; absent when something may have changed unseen. */
  readonly fingerprint?: Fingerprint | undefined;
  /** Of the pins that were in force. */
  readonly pins: string;
}

/**
 * Read what is known of a pool. A manifest that anybody else has written or touched since, or
 * within the same tick of the clock, is not known.
 */
export function readKnownScan(places: PoolPlaces): KnownScan | undefined {
  try {
    const known = JSON.parse(readFileSync(places.known, "utf8")) as {
      readonly format?: unknown;
      readonly manifest: FileStamp;
      readonly scan: KnownScan;
    };
    if (known.format !== format) return undefined;
    const { size, mtimeMs, ctimeMs, ino } = lstatSync(places.manifest);
    const { manifest } = known;
    const isSame =
      manifest.size === size &&
      manifest.mtimeMs === mtimeMs &&
      manifest.ctimeMs === ctimeMs &&
      manifest.ino === ino &&
      ctimeMs < lstatSync(places.known).ctimeMs;
    return isSame ? known.scan : undefined;
  } catch {
    return undefined; // It is only a shortcut.
  }
}

/** Keep what is known of a pool whose manifest was just written, or has not changed. */
export function writeKnownScan(places: PoolPlaces, scan: KnownScan): void {
  try {
    const { size, mtimeMs, ctimeMs, ino } = lstatSync(places.manifest);
    const manifest: FileStamp = { size, mtimeMs, ctimeMs, ino };
    const temporary = `${places.known}.tmp`;
    writeFileSync(temporary, `${JSON.stringify({ format, manifest, scan })}\n`);
    renameSync(temporary, places.known);
  } catch {
    // The next scan takes longer, that is all.
  }
}

/** What tells that a pool looks as it did. */
export interface Fingerprint {
  /** Stands for the files of the families with their stat records: the cache that has them. */
  readonly cache: string;
  /** Stands for the names of all files; of those in the pool's own folder where `isFlat`. */
  readonly names: string;
  /** In the other folders no name has changed while their own stat records are the same. */
  readonly isFlat: boolean;
  /** Records of runs, and those folders. */
  readonly others: {
    readonly paths: readonly string[];
    /** Of each size, both times and inode. */
    readonly stamps: readonly number[];
  };
  /** Files of no family, and links. */
  readonly otherFiles: number;
  readonly links: number;
}

/**
 * What a pool looks like; nothing where a later change might not be seen.
 * @param tickMs A time of the same file system, before the pool was looked at.
 */
export function fingerprintOf(
  places: PoolPlaces,
  { listing, paths, families, table }: WalkedPool,
  { cache, tickMs }: { readonly cache: string; readonly tickMs: number },
): Fingerprint | undefined {
  const records = paths.flatMap((path, index) =>
    families[index] === undefined ? [{ path, ...table.stamp(index) }] : [],
  );
  if (!records.every((record) => isSettled(record, tickMs))) return undefined;
  const folders = foldersThatTell(places, listing.folders, tickMs);
  const isFlat = folders !== undefined;
  const others = [...records, ...(folders ?? [])];
  return {
    cache,
    names: namesDigest(isFlat ? flat(listing) : listing),
    isFlat,
    others: {
      paths: others.map(({ path }) => path),
      stamps: others.flatMap(({ size, mtimeMs, ctimeMs, ino }) => [size, mtimeMs, ctimeMs, ino]),
    },
    otherFiles: listing.paths.length - paths.length + records.length,
    links: listing.linkCount,
  };
}

/** Folders with their stat records, where these change with the names in them. */
function foldersThatTell(
  places: PoolPlaces,
  paths: readonly string[],
  tickMs: number,
): (FileStamp & { readonly path: string })[] | undefined {
  const { folder } = places;
  // Whoever writes the state changes the folder that it is in.
  if (ownPaths(places).some((path) => path.includes("/") && !path.startsWith("../")))
    return undefined;
  if (!isTrustedFileSystem(folder)) return undefined;
  const { dev: ownDev } = lstatSync(folder);
  const found: (FileStamp & { readonly path: string })[] = [];
  for (const path of paths) {
    const stats = lstatSync(`${folder}/${path}`, { throwIfNoEntry: false });
    if (stats?.dev !== ownDev || !isSettled(stats, tickMs)) return undefined;
    const { size, mtimeMs, ctimeMs, ino } = stats;
    found.push({ path, size, mtimeMs, ctimeMs, ino });
  }
  return found;
}

/** Whether a pool looks as it did. Nothing but names and stat records is read. */
export async function isUnchanged(
  places: PoolPlaces,
  known: Fingerprint,
  options: ListOptions,
): Promise<boolean> {
  const { isFlat, others } = known;
  const cache = new PoolCache(places.cache);
  if (cache.digest !== known.cache) return false;
  if (cache.files + known.otherFiles > options.filesMax) return false;
  if (namesDigest(listPool(places, { ...options, isFlat })) !== known.names) return false;
  const { threads, signal } = options;
  const paths = [cache.paths, ...others.paths].slice(cache.files === 0 ? 1 : 0).join("\0");
  const { stamps } = await threads.look({ folder: places.folder, paths, signal });
  const start = cache.stamps.length;
  return (
    cache.stamps.every((value, at) => value === stamps[at]) &&
    others.stamps.every((value, at) => value === stamps[start + at])
  );
}

/** What a listing has of the pool's own folder. */
function flat({ paths, folders, linkCount }: PoolListing): PoolListing {
  const isTop = (path: string): boolean => !path.includes("/");
  return { paths: paths.filter(isTop), folders: folders.filter(isTop), linkCount };
}

/** No path can have the character that divides them. */
function namesDigest({ paths, folders }: PoolListing): string {
  const text = [...paths, "", ...folders].join("\0");
  return createHash("sha256").update(text).digest("hex");
}
