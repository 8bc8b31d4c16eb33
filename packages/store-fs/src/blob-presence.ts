import { lstatSync, readdirSync, type Stats, utimesSync } from "node:fs";
import { storeErrors } from "@reseal/store";
import { errnoOf, readFailure, writeFailure } from "./fs-errors.ts";
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
 * @returns `undefined` when it is not there.
 * @throws `STORE_BLOB_CORRUPT` when what is there has another size.
 */
export function findBlob(path: BlobPath, size: number): Presence | undefined {
  const stats = blobStats(path, size);
  if (stats === undefined) return undefined;
  const now = Date.now();
  if (now - stats.mtimeMs > refreshAfterMs) refresh(path.file, now);
  return { isUnsettled: now - stats.ctimeMs < settledAfterMs };
}

/** A blob's facts; `undefined` when it is not there, an error when it is not what it should be. */
function blobStats(path: BlobPath, size: number): Stats | undefined {
  let stats: Stats | undefined;
  try {
    stats = lstatSync(path.file, { throwIfNoEntry: false });
  } catch (error) {
    throw readFailure(error, path.file);
  }
  if (stats === undefined || (stats.isFile() && stats.size === size)) return stats;
  const digest = `sha256:${path.hex}`;
  throw storeErrors.BLOB_CORRUPT(`Blob ${digest} is there, but not with ${size} bytes.`, {
    details: { digest, size, actual_size: stats.size, path: path.file },
  });
}

/** From this number on, listing the folders of blobs costs less than a look at each blob. */
const listedMin = 1024;

/**
 * A test for many blobs, asked in the order of their digits: whether each is there, perhaps since
 * another process brought it. Another that comes between the answer and a rename has the same
 * bytes, so that nothing is lost when one takes the other's place.
 */
export function presenceTest(
  root: string,
  count: number,
): (blob: BlobPath & { readonly size: number }) => boolean {
  if (count < listedMin) return (blob) => blobStats(blob, blob.size) !== undefined;
  let listed = "";
  let names: ReadonlySet<string> = new Set();
  return (blob) => {
    if (blob.prefix !== listed) names = namesIn(`${root}/${blob.prefix}`);
    listed = blob.prefix;
    return names.has(blob.hex) && blobStats(blob, blob.size) !== undefined;
  };
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
