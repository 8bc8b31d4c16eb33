import { lstatSync, readdirSync, type Stats, utimesSync } from "node:fs";
import { errnoOf, readFailure, storeErrors, writeFailure } from "@reseal/store";
import { encodedSuffix, formOfBlob } from "./encoded-blob.ts";
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
  isMixed: boolean,
): (blob: BlobPath & { readonly size: number }) => boolean {
  if (count < listedMin) {
    return (blob) => findFile(blob, blob.size, isMixed) !== undefined;
  }
  let listed = "";
  let names: ReadonlySet<string> = new Set();
  return (blob) => {
    if (blob.prefix !== listed) names = namesIn(`${root}/${blob.prefix}`);
    listed = blob.prefix;
    const isNamed = names.has(blob.hex) || names.has(blob.hex + encodedSuffix);
    return isNamed && findFile(blob, blob.size, true) !== undefined;
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
