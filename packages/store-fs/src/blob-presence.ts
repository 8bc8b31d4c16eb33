import { lstatSync, readdirSync, type Stats, statSync, utimesSync } from "node:fs";
import { errnoOf, readFailure, storeErrors, writeFailure } from "@reseal/store";
import { encodedSuffix, formOfBlob, regularStats } from "./encoded-blob.ts";
import type { BlobPath } from "./layout.ts";

/** A name younger than this may belong to a batch whose folders are not synced yet. */
const settledAfterMs = 10 * 60_000;
/** A blob that is used again looks new to whoever collects garbage by age; once an hour will do. */
const refreshAfterMs = 3600_000;

/** What a batch needs to know of a blob that is stored already. */
export interface Presence {
  /** Its name may not be durable yet. */
  readonly isUnsettled: boolean;
}

/**
 * Find a blob that is about to be used, and make it look new.
 * @param isMixed Whether it may be compressed, which costs a second look at what is not there.
 * @param durableAtMs When it was known to be durable, if that is known.
 * @returns `undefined` when it is not there.
 * @throws `STORE_BLOB_CORRUPT` when what is there has another size.
 */
export function findBlob(
  path: BlobPath,
  size: number,
  isMixed: boolean,
  durableAtMs: number = Number.NEGATIVE_INFINITY,
): Presence | undefined {
  const found = findFile(path, size, isMixed);
  if (found === undefined) return undefined;
  const now = Date.now();
  if (now - found.stats.mtimeMs > refreshAfterMs) refresh(found.path, now);
  const { ctimeMs } = found.stats;
  return { isUnsettled: now - ctimeMs < settledAfterMs && ctimeMs > durableAtMs };
}

interface FoundFile {
  readonly path: string;
  readonly stats: Stats;
}

/** A blob's file; `undefined` when it is not there, an error when it is not what it should be. */
function findFile(path: BlobPath, size: number, isMixed: boolean): FoundFile | undefined {
  let stats: Stats | undefined;
  try {
    stats = lstatSync(path.file, { throwIfNoEntry: false });
  } catch (error) {
    throw readFailure(error, path.file);
  }
  if (stats?.isFile() && stats.size === size) return { path: path.file, stats };
  const form = stats === undefined && isMixed ? formOfBlob(path) : undefined;
  if (form?.size === size) return form;
  if (stats === undefined && form === undefined) return undefined;
  const digest = `sha256:${path.hex}`;
  throw storeErrors.BLOB_CORRUPT(`Blob ${digest} is there, but not with ${size} bytes.`, {
    details: { digest, size, actual_size: form?.size ?? stats?.size, path: path.file },
  });
}

/**
 * Bytes of a folder, in the file systems that tell, for each of its names; and how many names are
 * listed in the time that a look at one blob takes.
 */
const bytesOfName = 72;
const namesInLook = 5;

/**
 * Find the blobs of many that are not there, by their names. Where a folder holds little else,
 * listing it costs less than a look at each blob.
 * @param isMixed Whether they may be compressed.
 */
export function missingNames<Blob extends BlobPath>(
  root: string,
  blobs: readonly Blob[],
  isMixed: boolean,
): readonly Blob[] {
  const byPrefix = Map.groupBy(blobs, ({ prefix }) => prefix);
  return [...byPrefix].flatMap(([prefix, part]) => {
    const names = namesIfFew(`${root}/${prefix}`, part.length * namesInLook);
    return part.filter((blob) =>
      names === undefined
        ? !isThereInSomeForm(blob, isMixed)
        : !names.has(blob.hex) && !names.has(blob.hex + encodedSuffix),
    );
  });
}

/**
 * The blobs of many that are there: perhaps another process brought them since. Another that comes between the answer and a rename has the same bytes, so that nothing is
 * lost when one takes the other's place.
 * @throws `STORE_BLOB_CORRUPT` when what is there has another size.
 */
export function presentBlobs<Blob extends BlobPath & { readonly size: number }>(
  root: string,
  blobs: readonly Blob[],
  isMixed: boolean,
): ReadonlySet<Blob> {
  const missing = new Set(missingNames(root, blobs, isMixed));
  return new Set(
    blobs.filter((blob) => !missing.has(blob) && findFile(blob, blob.size, true) !== undefined),
  );
}

function isThereInSomeForm(blob: BlobPath, isMixed: boolean): boolean {
  return regularStats(blob.file) !== undefined || (isMixed && formOfBlob(blob) !== undefined);
}

function namesIfFew(folder: string, countMax: number): ReadonlySet<string> | undefined {
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats === undefined) return new Set();
  return stats.size > countMax * bytesOfName ? undefined : namesIn(folder);
}

function namesIn(folder: string): ReadonlySet<string> {
  try {
    return new Set(readdirSync(folder));
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return new Set();
    throw readFailure(error, folder);
  }
}

function refresh(file: string, now: number): void {
  try {
    utimesSync(file, now / 1000, now / 1000);
  } catch (error) {
    const errno = errnoOf(error);
    // In a shared store the blob may be somebody else's; then they keep it.
    if (errno !== "EPERM" && errno !== "EACCES" && errno !== "ENOENT") {
      throw writeFailure(error, file);
    }
  }
}
