import { createHash } from "node:crypto";
import { lstatSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { PoolManifest } from "@reseal/schema";
import type { FileStamp, FileTable } from "./file-task.ts";
import type { FileThreads } from "./file-threads.ts";
import type { PoolPlaces } from "./pool.ts";
import type { PoolListing, WalkedPool } from "./walk-pool.ts";

const format = "reseal-pool-known/1";

/** What of a manifest is known without reading its entries. */
export type ManifestFacts = Pick<PoolManifest, "scanned_at" | "scanner" | "summary" | "families">;

/**
 * What the last scan found, and how one can tell that another would find the same. It is kept
 * beside the manifest, so that neither has to be read, checked and made again when nothing changed.
 */
export interface KnownScan extends ManifestFacts {
  /** Files of a family. */
  readonly files: number;
  /** Of all files that entries follow from; absent when one may have changed unseen. */
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

/** Stands for the names of all files of a pool, and the stat records of those that count. */
export interface Fingerprint {
  readonly names: string;
  /** For each file `1` when its stat record counts. */
  readonly looked: string;
  readonly stamps: string;
}

/** What a pool looked like. */
export function fingerprintOf({ listing, looked, table }: WalkedPool): Fingerprint {
  return { names: namesDigest(listing), looked, stamps: stampsDigest(table) };
}

/** Whether a pool looks as it did. Nothing but names and stat records is read. */
export async function isUnchanged(
  folder: string,
  listing: PoolListing,
  known: Fingerprint,
  { threads, signal }: { readonly threads: FileThreads; readonly signal?: AbortSignal | undefined },
): Promise<boolean> {
  const { looked } = known;
  if (namesDigest(listing) !== known.names || looked.length !== listing.paths.length) return false;
  const paths = listing.paths.filter((_, index) => looked[index] === "1");
  return stampsDigest(await threads.look({ folder, paths, signal })) === known.stamps;
}

/** No path can have the character that divides them. */
function namesDigest({ paths }: PoolListing): string {
  return createHash("sha256").update(paths.join("\0")).digest("hex");
}

/** What is gone has no stat record, as little as what was never looked at. */
function stampsDigest({ stamps }: FileTable): string {
  return createHash("sha256").update(stamps).digest("hex");
}
