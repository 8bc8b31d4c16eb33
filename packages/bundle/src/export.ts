import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { open, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type Digest, parseDigest } from "@reseal/hash";
import {
  type BulkOptions,
  type ByteSource,
  EarlySync,
  type OperationOptions,
  syncFileSystem,
} from "@reseal/store";
import { bundleErrors } from "./errors.ts";
import { exportOnlyFiles } from "./export-only.ts";
import type { BundleReader } from "./reader.ts";
import { findSameExport } from "./same-export.ts";
import { syncFolder, syncTree } from "./sync-folder.ts";
import { temporaryFor } from "./temporary-target.ts";
import { exportZip, type ZipExportOptions } from "./zip/export-zip.ts";

/** What an export wrote. */
export interface ExportReport {
  /** Absolute. */
  readonly path: string;
  readonly format: ExportFormat;
  readonly seal: Digest;
  readonly files: number;
  /** Bytes of the files. */
  readonly bytes: number;
  /** Bytes of the archive, when it is one. */
  readonly archiveBytes?: number;
}

/** What a bundle is written as. */
export type ExportFormat = "folder" | "zip";

/** Options of {@link exportBundle}. */
export interface ExportOptions extends ZipExportOptions {
  /** What to write; unless given, an archive for a name that ends in `.zip`, else a folder. */
  readonly format?: ExportFormat | undefined;
}

/**
 * Write a bundle as a folder or an archive: its files, the manifest, checksums and citations.
 *
 * Atomic: it appears whole under its name, or not at all. Every byte is checked against its digest
 * on the way. See `exportZip` for archives.
 * Asked again for what is there already, whole and of the same seal, it checks that and is done.
 * @throws `BUNDLE_TARGET_EXISTS` when the name is taken by anything else but an empty folder.
 */
export async function exportBundle(
  reader: BundleReader,
  target: string,
  { format = formatOf(target), ...options }: ExportOptions = {},
): Promise<ExportReport> {
  const path = resolve(target);
  const same = await findSameExport(reader, path, format, { signal: options.signal });
  if (same !== undefined) return same;
  if (format === "zip") return { path, format, ...(await exportZip(reader, path, options)) };
  return { format, ...(await exportFolder(reader, path, options)) };
}

/** What the name of a target asks for. */
export function formatOf(target: string): ExportFormat {
  return target.toLowerCase().endsWith(".zip") ? "zip" : "folder";
}

type FolderReport = Omit<ExportReport, "format" | "archiveBytes">;

async function exportFolder(
  reader: BundleReader,
  target: string,
  { signal }: OperationOptions,
): Promise<FolderReport> {
  const isFile = statSync(target, { throwIfNoEntry: false })?.isDirectory() === false;
  if (isFile || (existsSync(target) && readdirSync(target).length > 0))
    throw bundleErrors.TARGET_EXISTS(`${target} exists and is not an empty folder.`);
  mkdirSync(dirname(target), { recursive: true });
  const temporary = temporaryFor(target, reader.seal.slice(-12));
  try {
    const early = new EarlySync(() => syncFileSystem(dirname(target)));
    const report = await writeBundle(reader, temporary, {
      signal,
      onProgress: ({ bytes }) => early.written(bytes),
    });
    await early.finish();
    await syncTree(temporary, report.files); // Its name must not become durable before its bytes.
    if (existsSync(target)) await rmdir(target);
    await rename(temporary, target);
    syncFolder(dirname(target));
    return { ...report, path: target };
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function writeBundle(
  reader: BundleReader,
  folder: string,
  options: BulkOptions,
): Promise<FolderReport> {
  const listed = reader.manifest.context.files;
  mkdirSync(folder);
  // Our own files are made while other threads write; after an error nobody may write any more.
  const making = nextTurn().then(() => exportOnlyFiles(reader));
  const [written] = await Promise.allSettled([writeFiles(reader, folder, options), making]);
  if (written.status === "rejected") throw written.reason;
  const own = await making;
  for (const { path, bytes } of own) await writeSource(join(folder, path), once(bytes), 0o644);
  const bytes = [...listed.map(({ size }) => size), ...own.map((file) => file.bytes.byteLength)];
  return {
    path: folder,
    seal: reader.seal,
    files: bytes.length,
    bytes: bytes.reduce((sum, size) => sum + size, 0),
  };
}

async function writeFiles(
  reader: BundleReader,
  folder: string,
  options: BulkOptions,
): Promise<void> {
  const { signal } = options;
  const copies = reader.manifest.context.files.map((entry) => ({
    entry,
    path: `${folder}/${entry.path}`, // Not `join`, which for many files costs as much as the rest.
    digest: parseDigest(entry.digest),
    size: entry.size,
    mode: entry.mode === "executable" ? 0o755 : 0o644,
  }));
  const folders = copies.map(({ path }) => path.slice(0, path.lastIndexOf("/")));
  for (const parent of new Set(folders)) mkdirSync(parent, { recursive: true });
  if (reader.blobs !== undefined) {
    await reader.blobs.copyOut(copies, options);
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
