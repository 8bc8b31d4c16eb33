import { lstatSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isProcessGone, processName, writeFailure } from "@reseal/store";

const namePattern = /^[a-z]+\.([0-9a-f]*\.[0-9a-f-]*\.\d+(?:-\d+)?\.\d*\.[0-9a-f]{16})$/;
const foreignAgeMaxMs = 7 * 24 * 3600 * 1000;

/**
 * The name of the process that a temporary folder belongs to; `undefined` when the folder is none
 * of {@link makeTemporaryFolder}.
 */
export function temporaryFolderOwner(name: string): string | undefined {
  return namePattern.exec(name)?.[1];
}

/**
 * Make a folder for temporary files, for nobody else to read. When its process is dead, the next
 * who opens the store removes it.
 * @param purpose A word of lower-case letters that begins its name.
 */
export function makeTemporaryFolder(parent: string, purpose = "blobs"): string {
  const folder = join(parent, `${purpose}.${processName()}`);
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    throw writeFailure(error, folder);
  }
  return folder;
}

/** Remove a folder of temporary files, also when it is gone. */
export function removeTemporaryFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

/**
 * Remove what dead processes left. Living ones keep theirs; what another host left goes after a
 * week without a change.
 */
export function sweepTemporaryFolders(parent: string): void {
  for (const name of readdirSync(parent)) {
    const owner = temporaryFolderOwner(name);
    if (owner === undefined) continue; // Not one of these.
    const folder = join(parent, name);
    if (isProcessGone(owner) ?? isOld(folder)) removeTemporaryFolder(folder);
  }
}

function isOld(folder: string): boolean {
  try {
    const paths = [folder, ...readdirSync(folder).map((name) => join(folder, name))];
    const changed = paths.map((path) => lstatSync(path).mtimeMs);
    return Date.now() - Math.max(...changed) > foreignAgeMaxMs;
  } catch {
    return false; // Its owner is at work on it.
  }
}
