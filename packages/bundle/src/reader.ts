import {
  closeSync,
  createReadStream,
  lstatSync,
  openSync,
  readFileSync,
  readSync,
  realpathSync,
  statSync,
} from "node:fs";
import { join, sep } from "node:path";
import {
  createDigester,
  type Digest,
  digestBytes,
  parseDigest,
  parseStrictDocument,
  parseStrictJson,
} from "@reseal/hash";
import { assertValid, type FileEntry, type Manifest } from "@reseal/schema";
import type { BlobStore, ByteSource, OperationOptions, Stores } from "@reseal/store";
import { compactedBytes, compactedPath, isOnlyCompacted } from "./compacted-file.ts";
import { bundleErrors } from "./errors.ts";
import { type ExportedFiles, filesOfFolder } from "./exported-files.ts";
import { bundlePaths } from "./paths.ts";
import type { ZipArchive } from "./zip/open-zip.ts";

/** Largest manifest that is read, in bytes: room for about a million files. */
export const manifestBytesMax: number = 256 * 1024 * 1024;

/** A bundle that can be read, wherever it lies. */
export interface BundleReader {
  /** For people: a folder, or the store and the seal. */
  readonly location: string;
  /** The folder it lies in; absent for a bundle inside a store. */
  readonly folder?: string;
  readonly seal: Digest;
  readonly manifest: Manifest;
  /** The exact bytes that the seal is the digest of. */
  readonly manifestBytes: Uint8Array;
  /** Whether these bytes are for certain the canonical JSON of `manifest`; if not, nobody looked. */
  readonly isKnownCanonical?: boolean;
  /** All that lies beside the manifest; absent for a bundle inside a store. */
  readonly exported?: ExportedFiles;
  /** The archive it lies in; absent for any other bundle. */
  readonly archive?: ZipArchive;
  /** The store that holds the files; absent for a bundle outside of a store. */
  readonly blobs?: Pick<BlobStore, "check" | "copyOut" | "localFile">;
  /**
   * A file of the bundle, checked against its digest while it streams.
   * @throws `BUNDLE_FILE_NOT_FOUND`, `BUNDLE_CORRUPT`, `STORE_BLOB_NOT_FOUND`, `STORE_BLOB_CORRUPT`
   */
  open(entry: FileEntry, options?: OperationOptions): Promise<ByteSource>;
  /**
   * Where a file of the bundle lies by itself, with exactly its bytes; `undefined` when it does
   * not, or is not there. Whoever reads it checks the digest.
   */
  localFile?(entry: FileEntry): string | undefined;
}

/** The entry of a path in the file index. */
export function entryOf(manifest: Manifest, path: string): FileEntry | undefined {
  return manifest.context.files.find((entry) => entry.path === path);
}

/** The whole text of a small file of a bundle. */
export async function readText(reader: BundleReader, path: string): Promise<string | undefined> {
  const entry = entryOf(reader.manifest, path);
  if (entry === undefined) return undefined;
  return Buffer.from(await collect(await reader.open(entry))).toString("utf8");
}

/** The parsed JSON of a file of a bundle; `undefined` when the bundle has no such file. */
export async function readJson(reader: BundleReader, path: string): Promise<unknown> {
  const text = await readText(reader, path);
  return text === undefined ? undefined : parseStrictJson(text);
}

/** All bytes of a source, for small files. */
export async function collect(source: ByteSource): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Open a bundle that lies in a store. */
export async function openStoredBundle(
  stores: Pick<Stores, "blobs" | "location">,
  seal: Digest,
): Promise<BundleReader> {
  const manifestBytes = await collect(await stores.blobs.get(seal));
  return {
    location: `${stores.location} ${seal}`,
    seal,
    ...(await parseManifest(manifestBytes, seal)),
    manifestBytes,
    blobs: stores.blobs,
    open: (entry, options) => stores.blobs.get(parseDigest(entry.digest), options),
    localFile: ({ digest }) => stores.blobs.localFile?.(parseDigest(digest)),
  };
}

/** Open a bundle that lies in a folder. */
export async function openBundleFolder(folder: string): Promise<BundleReader> {
  const manifestBytes = readManifestBytes(folder);
  return {
    location: folder,
    folder,
    exported: filesOfFolder(folder),
    seal: digestBytes(manifestBytes),
    ...(await parseManifest(manifestBytes, join(folder, bundlePaths.manifest))),
    manifestBytes,
    open: (entry, options) => Promise.resolve(readVerified(folder, entry, options)),
    localFile: ({ path }) =>
      isOnlyCompacted(folder, path) ? undefined : resolveInside(folder, path),
  };
}

/** @param where What people know the manifest by. */
export async function parseManifest(
  bytes: Uint8Array,
  where: string,
): Promise<Pick<BundleReader, "manifest"> & Required<Pick<BundleReader, "isKnownCanonical">>> {
  try {
    const { value, isKnownCanonical } = parseStrictDocument(bytes, { bytesMax: manifestBytesMax });
    return { manifest: await assertValid("manifest", value), isKnownCanonical };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw bundleErrors.MANIFEST_INVALID(`The manifest ${where} is not valid: ${reason}`, { cause });
  }
}

function readManifestBytes(folder: string): Uint8Array {
  const path = join(folder, bundlePaths.manifest);
  try {
    const stats = lstatSync(path);
    if (!stats.isFile()) throw new Error("It is no regular file.");
    if (stats.size > manifestBytesMax)
      throw new Error(`It is larger than ${manifestBytesMax} bytes.`);
    return readFileSync(path);
  } catch (cause) {
    throw bundleErrors.NOT_A_BUNDLE(`${folder} holds no readable ${bundlePaths.manifest}.`, {
      cause,
    });
  }
}

/** Up to this size, in bytes, a file is read at once; streams cost more than the reading. */
const wholeBytesMax = 1024 * 1024;

async function* readVerified(
  folder: string,
  entry: FileEntry,
  { signal }: OperationOptions = {},
): ByteSource {
  const isCompacted = isOnlyCompacted(folder, entry.path);
  const stored = isCompacted ? (compactedPath(entry.path) ?? entry.path) : entry.path;
  const path = resolveInside(folder, stored);
  signal?.throwIfAborted();
  const stats = statSync(path);
  // Of a pipe or a device nobody knows the end, and of another size the bytes do not matter.
  const isRight = stats.isFile() && (isCompacted || stats.size === entry.size);
  if (!isRight) throw mismatch(folder, entry);
  const digester = createDigester();
  const source = isCompacted
    ? compactedBytes(path, entry, { signal })
    : entry.size <= wholeBytesMax
      ? [readAtMost(path, entry.size + 1)]
      : createReadStream(path, { signal, highWaterMark: wholeBytesMax });
  for await (const chunk of source) {
    digester.update(chunk as Buffer);
    if (digester.size > entry.size) break;
    yield chunk as Buffer;
  }
  if (digester.size !== entry.size || digester.digest() !== entry.digest)
    throw mismatch(folder, entry);
}

function mismatch(folder: string, { path, digest }: FileEntry): Error {
  return bundleErrors.CORRUPT(`${path} in ${folder} does not match its digest.`, {
    details: { path, expected: digest },
  });
}

function readAtMost(path: string, bytesMax: number): Uint8Array {
  const file = openSync(path, "r");
  try {
    const buffer = Buffer.allocUnsafe(bytesMax);
    let length = 0;
    for (let count = 1; count > 0 && length < bytesMax; length += count)
      count = readSync(file, buffer, length, bytesMax - length, null);
    return buffer.subarray(0, length);
  } finally {
    closeSync(file);
  }
}

/** A path of the index, after following links; one that leads out of the bundle is refused. */
export function resolveInside(folder: string, path: string): string {
  const root = realpathSync.native(folder);
  try {
    const full = realpathSync.native(join(folder, path));
    if (full.startsWith(root + sep)) return full;
  } catch (cause) {
    throw bundleErrors.FILE_NOT_FOUND(`${path} is missing from ${folder}.`, { cause });
  }
  throw bundleErrors.UNSAFE_NAME(`${path} in ${folder} leads out of the bundle.`);
}
