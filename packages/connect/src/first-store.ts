import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Stores } from "@reseal/store";
import {
  fsyncFolder,
  makeTemporaryFolder,
  removeTemporaryFolder,
  sweepTemporaryFolders,
} from "@reseal/store-fs";
import { type OpenOptions, openStores } from "./open-stores.ts";
import { storeFolderAt } from "./store-folder.ts";

/**
 * Work with the store in a folder. When there is none yet it is made beside its place and appears
 * there when `work` has succeeded: what fails leaves no store behind.
 *
 * `work` is done again in the store that is there, when another process made one meanwhile.
 * @throws What `openStores` throws, and `work`.
 */
export async function withFirstStore<Result>(
  location: string,
  options: Omit<OpenOptions, "create" | "readOnly">,
  work: (stores: Stores) => Promise<Result>,
): Promise<Result> {
  const { root } = storeFolderAt(location);
  const parent = dirname(root);
  sweepBeside(parent); // Also where the store is: who made it may have died before it cleaned up.
  if (!isFree(root)) return await withStore(root, options, work);
  const firstMade = mkdirSync(parent, { recursive: true });
  const staging = makeTemporaryFolder(parent, "importing");
  try {
    const result = await withStore(join(staging, basename(root)), options, work);
    if (publish(join(staging, basename(root)), root)) {
      await syncUpTo(parent, firstMade);
      return result;
    }
  } catch (error) {
    removeTemporaryFolder(staging);
    removeEmpty(parent, firstMade);
    throw error;
  } finally {
    removeTemporaryFolder(staging);
  }
  return await withStore(root, options, work);
}

async function withStore<Result>(
  location: string,
  options: OpenOptions,
  work: (stores: Stores) => Promise<Result>,
): Promise<Result> {
  await using stores = await openStores(location, { ...options, create: true });
  return await work(stores);
}

/** Remove what dead processes left beside a store; where that is not possible, it stays. */
function sweepBeside(parent: string): void {
  try {
    sweepTemporaryFolders(parent);
  } catch {
    // The folder may not be there yet; or the store is open to us, and the folder that it is in not.
  }
}

function isFree(root: string): boolean {
  try {
    return !existsSync(root) || readdirSync(root).length === 0;
  } catch {
    return false; // What is wrong with it, opening says.
  }
}

/** `false` when somebody has made something there. */
function publish(built: string, root: string): boolean {
  try {
    if (process.platform === "win32" && existsSync(root)) rmdirSync(root); // No rename replaces it.
    renameSync(built, root);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
    return false;
  }
}

/** Make the name of the store durable, and those of the folders that were made for it. */
async function syncUpTo(parent: string, firstMade: string | undefined): Promise<void> {
  const last = firstMade === undefined ? parent : dirname(firstMade);
  for (let folder = parent; ; folder = dirname(folder)) {
    await fsyncFolder(folder, () => undefined);
    if (folder === last || folder === dirname(folder)) return;
  }
}

/** Remove the folders that were made, as far as nobody else uses them. */
function removeEmpty(parent: string, firstMade: string | undefined): void {
  if (firstMade === undefined) return;
  const last = dirname(firstMade);
  for (let folder = parent; folder !== last && folder !== dirname(folder); folder = dirname(folder))
    try {
      rmdirSync(folder);
    } catch {
      return; // It is in use.
    }
}
