import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname } from "node:path";
import { type PoolManifest, validate } from "@reseal/schema";
import { gcErrors } from "./errors.ts";
import { readKnownScan } from "./known-scan.ts";
import { syncPath } from "./move-file.ts";
import type { PoolPlaces } from "./pool.ts";

/**
 * Read the manifest of a pool; `undefined` when there is none.
 * @throws `GC_MANIFEST_CORRUPT`, naming the backup when there is one
 */
export async function readManifest(places: PoolPlaces): Promise<PoolManifest | undefined> {
  if (!existsSync(places.manifest)) return undefined;
  let reason: string;
  try {
    const value: unknown = JSON.parse(readFileSync(places.manifest, "utf8"));
    const [finding] = await validate("pool-manifest", value);
    if (finding === undefined) return value as PoolManifest;
    reason = `${finding.pointer || "it"} ${finding.message}`;
  } catch (error) {
    reason = (error as Error).message;
  }
  const backup = existsSync(places.backup)
    ? `The last good one is ${places.backup}.`
    : "There is no backup.";
  throw gcErrors.MANIFEST_CORRUPT(
    `${places.manifest} is no manifest of a pool: ${reason}. ${backup}`,
    { details: { path: places.manifest, backup: places.backup } },
  );
}

/**
 * Write the manifest in one step, and keep the one that was there as the backup, in one step too.
 * A corrupt one does not take the place of a good backup.
 */
export function writeManifest(places: PoolPlaces, manifest: PoolManifest): void {
  if (readKnownScan(places) !== undefined || isWholeJson(places.manifest)) {
    const copy = `${places.backup}.tmp`;
    copyFileSync(places.manifest, copy);
    syncPath(copy);
    renameSync(copy, places.backup);
  }
  replaceFile(places.manifest, `${JSON.stringify(manifest, null, 2)}\n`);
}

/** What was torn or overwritten is no JSON; to check more would cost more than the scan. */
function isWholeJson(path: string): boolean {
  try {
    JSON.parse(readFileSync(path, "utf8"));
    return true;
  } catch {
    return false;
  }
}

/** Write a file so that readers see the old text or the new one, also after a power cut. */
export function replaceFile(path: string, text: string): void {
  const temporary = `${path}.tmp`;
  try {
    const file = openSync(temporary, "w", 0o644);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    syncPath(dirname(path));
  } catch (cause) {
    throw gcErrors.WRITE_FAILED(`${basename(path)} cannot be written.`, { cause });
  }
}
