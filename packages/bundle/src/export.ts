import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync } from "node:fs";
import { open, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { generateCitation } from "@reseal/cite";
import { type Digest, digestBytes, formatTree, parseDigest, type TreeEntry } from "@reseal/hash";
import type { ByteSource, OperationOptions } from "@reseal/store";
import { bundleErrors } from "./errors.ts";
import { bundlePaths } from "./paths.ts";
import type { BundleReader } from "./reader.ts";

/** What an export wrote. */
export interface ExportReport {
  readonly folder: string;
  readonly seal: Digest;
  readonly files: number;
  readonly bytes: number;
}

/**
 * Write a bundle as a folder: its files, the manifest, checksums and citations.
 *
 * Atomic: the folder appears whole under its name, or not at all. Every byte is checked against
 * its digest on the way.
 * @throws `BUNDLE_TARGET_EXISTS` when the folder is there and not empty.
 */
export async function exportBundle(
  reader: BundleReader,
  folder: string,
  { signal }: OperationOptions = {},
): Promise<ExportReport> {
  const target = resolve(folder);
  if (existsSync(target) && readdirSync(target).length > 0)
    throw bundleErrors.TARGET_EXISTS(`${target} exists and is not empty.`);
  mkdirSync(dirname(target), { recursive: true });
  const temporary = `${target}.${reader.seal.slice(-12)}.${process.pid}.tmp`;
  try {
    const report = await writeBundle(reader, temporary, signal);
    if (existsSync(target)) await rmdir(target);
    await rename(temporary, target);
    syncFolder(dirname(target));
    return { ...report, folder: target };
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function writeBundle(
  reader: BundleReader,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<ExportReport> {
  const { manifest, manifestBytes, seal } = reader;
  const sums: TreeEntry[] = [];
  let byteCount = 0;
  mkdirSync(folder);
  await writeFiles(reader, folder, signal);
  for (const entry of manifest.context.files) {
    sums.push({ path: entry.path, digest: parseDigest(entry.digest) });
    byteCount += entry.size;
  }
  const own: readonly (readonly [string, Uint8Array])[] = [
    [bundlePaths.manifest, manifestBytes],
    [bundlePaths.citationBibtex, Buffer.from(generateCitation(manifest, seal, "bibtex"))],
    [bundlePaths.citationJson, Buffer.from(generateCitation(manifest, seal, "json"))],
    [bundlePaths.citationMarkdown, Buffer.from(generateCitation(manifest, seal, "markdown"))],
  ];
  for (const [path, bytes] of own) {
    await writeSource(join(folder, path), once(bytes), 0o644);
    sums.push({ path, digest: digestBytes(bytes) });
    byteCount += bytes.byteLength;
  }
  await writeSource(
    join(folder, bundlePaths.checksums),
    once(Buffer.from(formatTree(sums))),
    0o644,
  );
  return { folder, seal, files: sums.length + 1, bytes: byteCount };
}

async function writeFiles(
  reader: BundleReader,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const copies = reader.manifest.context.files.map((entry) => ({
    entry,
    path: join(folder, entry.path),
    digest: parseDigest(entry.digest),
    size: entry.size,
    mode: entry.mode === "executable" ? 0o755 : 0o644,
  }));
  for (const parent of new Set(copies.map(({ path }) => dirname(path))))
    mkdirSync(parent, { recursive: true });
  if (reader.blobs !== undefined) {
    await reader.blobs.copyOut(copies, { signal });
    return;
  }
  for (const { entry, path, mode } of copies) {
    signal?.throwIfAborted();
    await writeSource(path, await reader.open(entry, { signal }), mode);
  }
}

async function* once(bytes: Uint8Array): ByteSource {
  yield bytes;
}

async function writeSource(path: string, source: ByteSource, mode: number): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  await using handle = await open(path, "wx", mode);
  for await (const chunk of source) await handle.writeFile(chunk);
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
