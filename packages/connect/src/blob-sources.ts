import { createReadStream, existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { type BundleReader, openBundleFolder, openBundleZip } from "@reseal/bundle";
import { type Digest, digestSource, parseDigest } from "@reseal/hash";
import type { ByteSource } from "@reseal/store";
import { openFsBlobStore } from "@reseal/store-fs";
import { connectErrors } from "./errors.ts";
import { storeFolderAt } from "./store-folder.ts";

/** Somewhere blobs may be found again. What it gives is checked by whoever takes it. */
export interface BlobSource extends AsyncDisposable {
  readonly location: string;
  /** The bytes of a blob, or `undefined` when they are not here. */
  open(digest: Digest): Promise<ByteSource | undefined>;
}

/**
 * Open a store, a backup or an exported bundle, folder or ZIP, as a source of blobs.
 * @throws `CONNECT_SOURCE_INVALID`, `BUNDLE_MANIFEST_INVALID`, and `BUNDLE_ZIP_…` for an archive
 */
export async function openBlobSource(path: string): Promise<BlobSource> {
  const location = resolve(path);
  if (statSync(location, { throwIfNoEntry: false })?.isFile() === true) {
    const zip = await openBundleZip(location);
    return bundleSource(location, zip, async () => zip[Symbol.asyncDispose]());
  }
  if (existsSync(join(location, "manifest.json"))) {
    const folder = await openBundleFolder(location);
    return bundleSource(location, folder, async () => undefined);
  }
  for (const root of [location, join(location, ".reseal")]) {
    const { artifacts } = storeFolderAt(root);
    if (existsSync(artifacts)) return await openStoreSource(root, artifacts);
  }
  throw connectErrors.SOURCE_INVALID(`${location} is no store, backup or exported bundle.`);
}

async function openStoreSource(location: string, artifacts: string): Promise<BlobSource> {
  const blobs = await openFsBlobStore(artifacts, { readOnly: true });
  return {
    location,
    async open(digest) {
      const info = await blobs.stat(digest);
      return info === undefined ? undefined : await blobs.get(digest);
    },
    [Symbol.asyncDispose]: () => blobs[Symbol.asyncDispose](),
  };
}

function bundleSource(
  location: string,
  reader: BundleReader,
  close: () => Promise<void>,
): BlobSource {
  const entries = new Map(
    reader.manifest.context.files.map((entry) => [parseDigest(entry.digest), entry]),
  );
  return {
    location,
    async open(digest) {
      if (digest === reader.seal) return once(reader.manifestBytes);
      const entry = entries.get(digest);
      return entry === undefined ? undefined : await reader.open(entry);
    },
    [Symbol.asyncDispose]: close,
  };
}

/** Files that lie where they should not, by what they hold. */
export async function openStrayFiles(
  location: string,
  paths: readonly string[],
): Promise<BlobSource> {
  const found = new Map<Digest, string>();
  for (const path of paths) {
    const { digest } = await digestSource(createReadStream(path));
    found.set(digest, path);
  }
  return {
    location,
    async open(digest) {
      const path = found.get(digest);
      return path === undefined ? undefined : readLazily(path);
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** Opened when it is read: a stream that nobody reads would fail where nobody catches it. */
async function* readLazily(path: string): ByteSource {
  yield* createReadStream(path);
}

async function* once(bytes: Uint8Array): ByteSource {
  yield bytes;
}
