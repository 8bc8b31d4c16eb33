import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path/posix";

/** A manifest is not longer than this. */
const bytesMax = 64 * 1024 * 1024;

/**
 * Tells which files of a pool belong to a sealed bundle: those in a folder with the manifest of
 * one, or below it.
 * @param root Absolute, of the pool.
 */
export function sealedFolderTest(root: string): (path: string) => boolean {
  const known = new Map<string, boolean>();
  const isSealed = (folder: string): boolean => {
    const found = known.get(folder);
    if (found !== undefined) return found;
    const above = folder !== "." && isSealed(dirname(folder));
    const result = above || hasBundleManifest(join(root, folder, "manifest.json"));
    known.set(folder, result);
    return result;
  };
  return (path) => isSealed(dirname(path));
}

function hasBundleManifest(file: string): boolean {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined || !stats.isFile()) return false;
  // What cannot be looked at is taken for sealed: nothing changes then.
  if (stats.size > bytesMax) return true;
  try {
    const value = JSON.parse(readFileSync(file, "utf8")) as unknown;
    return typeof value === "object" && value !== null && "content" in value && "context" in value;
  } catch {
    return true;
  }
}
