import { setImmediate as nextTurn } from "node:timers/promises";
import { type Digest, digestSource } from "@reseal/hash";
import type { ByteSource, OperationOptions } from "@reseal/store";
import { readDirectory } from "./directory.ts";
import { type AllZipLimits, defaultLimits, smallBytesMax, type ZipLimits } from "./limits.ts";
import { readLarge } from "./read-large.ts";
import { readSmall } from "./read-small.ts";
import { type PlacedEntry, placeEntries } from "./tiling.ts";
import { openZipSource, type ZipSource } from "./zip-source.ts";

/** A file of an archive. `dataOffset` is where its compressed data begins in the archive. */
export type ZipEntry = Omit<PlacedEntry, "isFolder">;

/** An archive whose structure has been checked as a whole; its data is checked as it is read. */
export interface ZipArchive extends AsyncDisposable {
  /** For people: the path of the archive. */
  readonly location: string;
  /** Its files, in the order of its directory. Folders are implied by them. */
  readonly entries: readonly ZipEntry[];
  find(path: string): ZipEntry | undefined;
  /**
   * The bytes of a file, checked against its size and CRC-32.
   * @throws `BUNDLE_ZIP_CORRUPT`, at the latest after the last byte.
   */
  open(entry: ZipEntry, options?: OperationOptions): ByteSource;
  /** Whether another thread can read this file at once: it is small, and the archive is a file. */
  isPart(entry: ZipEntry): boolean;
}

/** A file that was read to its end. */
export interface CheckedEntry {
  readonly path: string;
  readonly size: number;
  readonly digest: Digest;
}

/** Bytes read before others have their turn. */
const turnBytes = 4 * 1024 * 1024;

/**
 * Open an archive, from a file or from memory, and refuse it whole unless it means the same to
 * every reader and is safe on every system.
 *
 * One end record that ends with the file; headers, data and descriptors that fill the file without
 * gap or overlap; local headers that say what the directory says; stored or deflated, neither
 * encrypted nor split; names that are portable, unique and within limits; no links and no special
 * files; no more bytes than the limits allow.
 * @throws `BUNDLE_NOT_A_BUNDLE` when there is no file to read, `BUNDLE_ZIP_CORRUPT`,
 * `BUNDLE_ZIP_UNSAFE`, `BUNDLE_ZIP_UNSUPPORTED`, `BUNDLE_ZIP_LIMIT`, each with `details.reason`.
 * @see APPNOTE.TXT 6.3.10
 */
export async function openZip(
  source: string | Uint8Array,
  limits: ZipLimits = {},
): Promise<ZipArchive> {
  const opened = openZipSource(source);
  try {
    const directory = readDirectory(opened, withDefaults(limits));
    return new OpenArchive(opened, placeEntries(opened, directory));
  } catch (error) {
    opened[Symbol.dispose]();
    throw error;
  }
}

/**
 * Read all of an archive and give the digests of its files: what `openZip` checks, and the data.
 * @throws as {@link openZip} and {@link ZipArchive.open}.
 */
export async function checkZip(
  source: string | Uint8Array,
  { signal, ...limits }: ZipLimits & OperationOptions = {},
): Promise<CheckedEntry[]> {
  await using archive = await openZip(source, limits);
  const checked: CheckedEntry[] = [];
  for (const entry of archive.entries) {
    signal?.throwIfAborted();
    const { digest, size } = await digestSource(archive.open(entry, { signal }));
    checked.push({ path: entry.path, size, digest });
  }
  return checked;
}

function withDefaults(limits: ZipLimits): AllZipLimits {
  const given = Object.entries(limits).filter(([, value]) => value !== undefined);
  return { ...defaultLimits, ...Object.fromEntries(given) };
}

class OpenArchive implements ZipArchive {
  readonly location: string;
  readonly entries: readonly ZipEntry[];
  readonly #source: ZipSource;
  readonly #byPath: ReadonlyMap<string, PlacedEntry>;
  #turnLeft = turnBytes;

  constructor(source: ZipSource, placed: readonly PlacedEntry[]) {
    this.location = source.location;
    this.#source = source;
    // A folder holds nothing, but its data, if there is any, must be what it claims as well.
    for (const folder of placed) if (folder.isFolder) readSmall(source, folder);
    const files = placed.filter((entry) => !entry.isFolder);
    this.entries = files;
    this.#byPath = new Map(files.map((entry) => [entry.path, entry]));
  }

  find(path: string): ZipEntry | undefined {
    return this.#byPath.get(path);
  }

  async *open({ path }: ZipEntry, { signal }: OperationOptions = {}): ByteSource {
    const entry = this.#byPath.get(path);
    if (entry === undefined) throw new TypeError(`${path} is not of this archive.`);
    signal?.throwIfAborted();
    if (!isSmall(entry)) {
      yield* readLarge(this.#source, entry, { signal });
      return;
    }
    await this.#takeTurn(entry.compressedSize + entry.size);
    signal?.throwIfAborted();
    const bytes = readSmall(this.#source, entry);
    if (bytes.byteLength === 0) return;
    // Another entry may be read before this one is done with.
    yield entry.method === "stored" ? Buffer.from(bytes) : bytes;
  }

  isPart(entry: ZipEntry): boolean {
    return this.#source.isFile && isSmall(entry);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#source[Symbol.dispose]();
  }

  /** Let others have their turn after some work. */
  async #takeTurn(bytes: number): Promise<void> {
    this.#turnLeft -= bytes;
    if (this.#turnLeft > 0) return;
    this.#turnLeft = turnBytes;
    await nextTurn();
  }
}

function isSmall({ size, compressedSize }: ZipEntry): boolean {
  return Math.max(size, compressedSize) <= smallBytesMax;
}
