import { closeSync, fsyncSync, openSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { syncFileSystem } from "@reseal/store";

/** Up to this number each is synced by itself; it waits for nobody else's data. */
const oneByOneMax = 16;

/** Make the names in a folder durable. */
export function syncFolder(folder: string): void {
  if (process.platform === "win32") return; // It has no way to; NTFS journals names.
  syncPath(folder);
}

/**
 * Make all files of a folder, and all names in it, durable.
 * @param fileCount About how many files it has.
 */
export async function syncTree(folder: string, fileCount: number): Promise<void> {
  if (fileCount > oneByOneMax && (await syncFileSystem(folder))) return;
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) syncFolder(path);
    else syncPath(path);
  }
  syncFolder(folder);
}

function syncPath(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
