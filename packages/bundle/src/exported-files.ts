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
    list: () =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory())
        .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, "/").length))
        // A store that a command made while somebody stood in the bundle is not part of it.
        .filter((path) => !path.startsWith(".reseal/"))
        .sort(),
    open(path) {
      const full = join(folder, path);
      // A link could lead anywhere, a pipe to no end.
      const isThere = lstatSync(full, { throwIfNoEntry: false })?.isFile() === true;
      return isThere ? createReadStream(full) : undefined;
    },
  };
}
