import { createHash } from "node:crypto";
import { lstatSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { PoolManifest } from "@reseal/schema";
import type { PoolPlaces } from "./pool.ts";
import type { FileStamp } from "./stat-cache.ts";
import type { WalkedPool } from "./walk-pool.ts";

const format = "reseal-pool-known/1";

/** What of a manifest is known without reading its entries. */
export type ManifestFacts = Pick<PoolManifest, "scanned_at" | "scanner" | "summary" | "families">;

/**
 * What the last scan found, and how one can tell that another would find the same. It is kept
 * beside the manifest, so that neither has to be read, checked and made again when nothing changed.
 */
export interface KnownScan extends ManifestFacts {
  /** Of all files that entries follow from; absent when one may have changed unseen. */
  readonly fingerprint?: string | undefined;
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

/** Stands for the names and stat records of all files that entries follow from. */
export function fingerprintOf({ matched, records }: WalkedPool): string {
  const numbers = new Float64Array(4 * (matched.length + records.size));
  let at = 0;
  const add = ({ size, mtimeMs, ctimeMs, ino }: FileStamp): void => {
    numbers[at] = size;
    numbers[at + 1] = mtimeMs;
    numbers[at + 2] = ctimeMs;
    numbers[at + 3] = ino;
    at += 4;
  };
  let names = `${matched.length}\0${records.size}\0`;
  for (const { path, stamp } of matched) {
    names += `${path}\0`; // No path can have it.
    add(stamp);
  }
  for (const [folder, stamp] of records) {
    names += `${folder}\0`;
    add(stamp);
  }
  return createHash("sha256").update(names).update(numbers).digest("hex");
}
