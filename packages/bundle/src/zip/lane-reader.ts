import { type PartReader, siblingModule } from "@reseal/store";
import { readSmall } from "./read-small.ts";
import type { PlacedEntry } from "./tiling.ts";
import { openZipSource, type ZipSource } from "./zip-source.ts";

// Reads entries of an archive in whichever thread stages them. A module of its own, and an entry of
// its own in a bundle.

/** How another thread finds this module. */
export const partReaderModule: string = siblingModule(import.meta.url, "lane-reader").href;

/** Make a reader of the archive at a path. What it is asked for is an entry's {@link PlacedEntry}. */
export function createPartReader(path: unknown): PartReader {
  let source: ZipSource | undefined;
  return {
    read(entry) {
      if (source === undefined) {
        source = openZipSource(String(path));
        // After the entries that are read without a pause; nobody tells when the last was read.
        setImmediate(() => {
          source?.[Symbol.dispose]();
          source = undefined;
        });
      }
      return readSmall(source, entry as PlacedEntry);
    },
  };
}
