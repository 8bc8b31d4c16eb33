import { type PartReader, siblingModule } from "@reseal/store";
import { ManyInflater } from "./inflate-many.ts";
import { readSmall, type SmallEntry } from "./read-small.ts";
import { openZipSource, type ZipSource } from "./zip-source.ts";

// Reads entries of an archive in whichever thread stages them. A module of its own, and an entry of
// its own in a bundle.

/** An entry without the names of its facts, which cost more to copy than the facts. */
type Part = readonly [
  path: string,
  size: number,
  compressedSize: number,
  crc32: number,
  dataOffset: number,
  isDeflated: boolean,
];

/** What a reader is asked for to read an entry. */
export function partOf(entry: SmallEntry): Part {
  const { path, size, compressedSize, crc32, dataOffset, method } = entry;
  return [path, size, compressedSize, crc32, dataOffset, method === "deflated"];
}

function entryOf(part: Part): SmallEntry {
  const [path, size, compressedSize, crc32, dataOffset, isDeflated] = part;
  const method = isDeflated ? "deflated" : "stored";
  return { path, size, compressedSize, crc32, dataOffset, method };
}

/** How another thread finds this module. */
export const partReaderModule: string = siblingModule(import.meta.url, "lane-reader").href;

/** What is read ahead. A lane reads some 64 entries that follow each other, and then others. */
const aheadBytes = 128 * 1024;

/** Make a reader of the archive at a path. What it is asked for is what {@link partOf} gives. */
export function createPartReader(path: unknown): PartReader {
  let source: ZipSource | undefined;
  const window = Buffer.allocUnsafeSlow(aheadBytes);
  const inflater = new ManyInflater();
  const open = (): ZipSource => {
    if (source !== undefined) return source;
    // Until the entries are read that are read without a pause; nobody tells when the last was.
    setImmediate(() => {
      source?.[Symbol.dispose]();
      source = undefined;
      inflater.forget();
    });
    source = openZipSource(String(path), window);
    return source;
  };
  return {
    expect(parts) {
      try {
        inflater.inflate(
          open(),
          parts.map((part) => entryOf(part as Part)),
        );
      } catch {
        inflater.forget(); // What is wrong is said of the part that is read.
      }
    },
    read(part) {
      const entry = entryOf(part as Part);
      return inflater.take(entry) ?? readSmall(open(), entry);
    },
  };
}
