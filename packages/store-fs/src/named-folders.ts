import { existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { errnoOf, readFailure, writeFailure } from "@reseal/store";
import { assertFolder, type BlobPath, makeOneFolder } from "./layout.ts";

/** So many files bring something into most folders of a store, if there are hardly any yet. */
const filesMin = 512;
const foldersMax = 64;

/**
 * Folders of a batch in which blobs lie as in the store, `ab/abcdef…`: into a store that has no
 * such folder yet it is moved as a whole, which takes one step instead of one for each blob.
 */
export class NamedFolders {
  readonly #root: string;
  readonly #folders: string[] = [];

  /** @param root The folder of the blobs. */
  constructor(root: string) {
    this.#root = root;
  }

  /** Whether it pays for so many files: not where the store has its folders. */
  isWorth(fileCount: number): boolean {
    return fileCount >= filesMin && namesIn(this.#root).length <= foldersMax;
  }

  /** Make one. What is in it counts only when it is added. */
  make(folder: string): void {
    try {
      mkdirSync(folder, { mode: 0o700 });
    } catch (error) {
      throw writeFailure(error, folder);
    }
  }

  /** Take one in which all blobs are whole. */
  add(folder: string): void {
    this.#folders.push(folder);
  }

  /**
   * Make the folders that blobs need and the store lacks, but for those that will be moved.
   * @returns those that it lacks, by their names.
   */
  prepare(blobs: readonly BlobPath[]): ReadonlySet<string> {
    const prefixes = new Set(blobs.map(({ prefix }) => prefix));
    const missing = new Set([...prefixes].filter((prefix) => !existsSync(this.#target(prefix))));
    for (const prefix of missing) {
      const comes = this.#folders.some((folder) => existsSync(`${folder}/${prefix}`));
      if (!comes) makeOneFolder(this.#target(prefix), 0o755);
    }
    return missing;
  }

  /**
   * Move folders into the store. Their blobs are durable, their names not yet.
   * @returns the folders that were moved; another process may have made some meanwhile.
   */
  publish(missing: ReadonlySet<string>): ReadonlySet<string> {
    const moved = new Set<string>();
    for (const folder of this.#folders)
      for (const prefix of namesIn(folder)) {
        if (!missing.has(prefix)) continue;
        const from = `${folder}/${prefix}`;
        if (moveFolder(from, this.#target(prefix))) moved.add(from);
        else makeOneFolder(this.#target(prefix), 0o755);
      }
    return moved;
  }

  #target(prefix: string): string {
    return `${this.#root}/${prefix}`;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    assertFolder(folder);
    throw readFailure(error, folder);
  }
}

/** What a system says when a folder cannot take the place of another. */
const occupied: ReadonlySet<string | undefined> = new Set([
  "ENOTEMPTY",
  "EEXIST",
  "EPERM",
  "EACCES",
]);

/** @returns `false` when there is something of that name. */
function moveFolder(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (occupied.has(errnoOf(error))) return false; // Then file by file.
    throw writeFailure(error, to);
  }
}
