import { createReadStream, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { ByteSource } from "@reseal/store";

/** The files of an exported bundle as they lie there, whether the manifest lists them or not. */
export interface ExportedFiles {
  /** All paths, sorted. */
  list(): readonly string[];
  /** The bytes of one, `undefined` when it is not there. Nothing says what they should be. */
  open(path: string): ByteSource | undefined;
}

/** The files of a bundle in a folder. */
export function filesOfFolder(folder: string): ExportedFiles {
  return {
    list: () => listFiles(folder).sort(),
    open(path) {
      const full = join(folder, path);
      // A link could lead anywhere, a pipe to no end.
      const isThere = lstatSync(full, { throwIfNoEntry: false })?.isFile() === true;
      return isThere ? createReadStream(full) : undefined;
    },
  };
}

/**
 * Paths of all that is no folder. Not Node's own recursion: that follows links to folders, which
 * may lead to the root of the disk or in a circle.
 */
function listFiles(folder: string): string[] {
  const files: string[] = [];
  const folders = [""];
  for (let prefix = folders.pop(); prefix !== undefined; prefix = folders.pop())
    for (const entry of readdirSync(join(folder, prefix), { withFileTypes: true })) {
      const path = `${prefix}${entry.name}`;
      if (!entry.isDirectory()) files.push(path);
      // A store that a command made while somebody stood in the bundle is not part of it.
      else if (path !== ".reseal") folders.push(`${path}/`);
    }
  return files;
}
