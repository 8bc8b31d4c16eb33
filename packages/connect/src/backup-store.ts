import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { type FileCatalog, openSqliteCatalog } from "@reseal/catalog";
import { isResealError } from "@reseal/errors";
import { formatTree } from "@reseal/hash";
import type { BlobInfo, BlobStore, ByteSource, OperationOptions } from "@reseal/store";
import {
  fsyncFolder,
  makeTemporaryFolder,
  openFsBlobStore,
  openFsJournal,
  removeTemporaryFolder,
} from "@reseal/store-fs";
import { blobPathOf } from "./check-seals.ts";
import { checkStore, journalStreams, type StoreProgress } from "./check-store.ts";
import { connectErrors } from "./errors.ts";
import { createStore } from "./open-stores.ts";
import { finding, type StoreFinding } from "./store-finding.ts";
import { existingStoreFolder, type StoreFolder, storeFolderAt } from "./store-folder.ts";

/** Options of {@link backupStore}. */
export interface BackupOptions extends OperationOptions {
  /** Make hard links instead of copies: quick and small, but no help against a broken disk. */
  readonly link?: boolean | undefined;
  readonly onProgress?: ((progress: StoreProgress) => void) | undefined;
}

/** What a backup wrote. */
export interface BackupReport {
  readonly location: string;
  readonly folder: string;
  /** Blobs that the backup holds now. */
  readonly blobs: number;
  readonly bytes: number;
  /** Those of them that were not there before. */
  readonly copied: { readonly blobs: number; readonly bytes: number };
  /** What is damaged in the store, and therefore not in the backup. */
  readonly findings: readonly StoreFinding[];
}

/** Blobs that become durable together. */
const batchBlobs = 2000;
const batchBytes = 512 * 1024 * 1024;

/** The list of a backup's blobs, for `sha256sum -c`. */
export const blobListName = "blobs.sha256";

/**
 * Copy a store into a folder, while others go on working with it.
 *
 * The backup is a store itself, with the list `blobs.sha256` beside. A second backup into the same
 * folder copies only what is new. Every blob is checked on the way. The state is that of one
 * moment: every seal it names is whole. Interrupted at any point, the folder is the backup it was
 * before, perhaps with more blobs.
 * @throws `CONNECT_BACKUP_TARGET`, `CONNECT_LINK_ACROSS`: nothing was changed then.
 */
export async function backupStore(
  location: string,
  target: string,
  { link = false, signal, onProgress }: BackupOptions = {},
): Promise<BackupReport> {
  const source = existingStoreFolder(location);
  const backup = storeFolderAt(resolve(target));
  refuseTarget(source, backup);
  if (link) refuseLinkAcross(source, backup);
  await createStore(backup);
  await using from = await openFsBlobStore(source.artifacts, { readOnly: true });
  await using to = await openFsBlobStore(backup.artifacts, { temporary: backup.tmp });
  const snapshot = makeTemporaryFolder(backup.tmp, "snapshot");
  try {
    // Taken in this order, each names only what the next one has.
    const hasCatalog = await copyCatalog(source, join(snapshot, "store.db"));
    const streams = await copyJournal(source, snapshot);
    const missing: BlobInfo[] = [];
    for await (const blob of from.list({ signal }))
      if ((await to.stat(blob.digest))?.size !== blob.size) missing.push(blob);
    const plain = link ? await uncompressed(from, missing) : [];
    await linkBlobs(source, backup, plain);
    const linked = new Set(plain);
    const rest = missing.filter((blob) => !linked.has(blob));
    const { copied: other, findings: damaged } = await copyBlobs(from, to, rest, {
      signal,
      onProgress,
    });
    const copied = {
      copied: {
        blobs: other.blobs + plain.length,
        bytes: other.bytes + plain.reduce((sum, { size }) => sum + size, 0),
      },
      findings: damaged,
    };
    // Published in the other order.
    for (const name of streams) renameSync(join(snapshot, name), join(backup.journal, name));
    await fsyncFolder(backup.journal, () => undefined);
    await copyKey(source, backup, snapshot);
    if (hasCatalog) await replaceCatalog(join(snapshot, "store.db"), backup);
    const total = await writeBlobList(to, backup, snapshot);
    const findings = await damageOf(backup, copied.findings, signal);
    return { location: source.root, folder: backup.root, ...total, ...copied, findings };
  } finally {
    removeTemporaryFolder(snapshot);
  }
}

function refuseTarget(source: StoreFolder, backup: StoreFolder): void {
  const inside = relative(source.root, backup.root);
  if (inside === "" || !(inside.startsWith("..") || inside.startsWith("/")))
    throw connectErrors.BACKUP_TARGET(`${backup.root} lies in the store itself.`);
  if (!existsSync(backup.root)) return;
  const stats = statSync(backup.root);
  if (!stats.isDirectory()) throw connectErrors.BACKUP_TARGET(`${backup.root} is not a folder.`);
  if (readdirSync(backup.root).length === 0) return;
  if (!existsSync(backup.journal))
    throw connectErrors.BACKUP_TARGET(`${backup.root} is not empty and holds no backup.`);
  for (const stream of journalStreams)
    if (!isPrefixOf(streamPath(backup, stream), streamPath(source, stream)))
      throw connectErrors.BACKUP_TARGET(
        `${backup.root} is a backup of another store, or of one that was repaired since.`,
        { details: { stream } },
      );
}

function streamPath({ journal }: StoreFolder, stream: string): string {
  return join(journal, `${stream}.jsonl`);
}

/** A journal only grows, so an earlier copy is how the present one begins. */
function isPrefixOf(older: string, newer: string): boolean {
  if (!existsSync(older)) return true;
  const before = readFileSync(older);
  if (before.byteLength === 0) return true;
  return existsSync(newer) && readFileSync(newer).subarray(0, before.byteLength).equals(before);
}

function refuseLinkAcross(source: StoreFolder, backup: StoreFolder): void {
  let folder = backup.root;
  while (!existsSync(folder)) folder = dirname(folder);
  if (statSync(folder).dev === statSync(source.artifacts).dev) return;
  throw connectErrors.LINK_ACROSS(`${backup.root} is not on the file system of ${source.root}.`);
}

/** `false` when the store has none that can be read: the journal is enough to make one. */
async function copyCatalog(source: StoreFolder, file: string): Promise<boolean> {
  if (!existsSync(source.catalog)) return false;
  let catalog: FileCatalog | undefined;
  try {
    catalog = await openSqliteCatalog(source.catalog, { readOnly: true });
    if (catalog.storage === "memory") return false;
    await catalog.copyTo(file);
    return true;
  } catch (error) {
    if (!isResealError(error) || error.code !== "CATALOG_CORRUPT") throw error;
    rmSync(file, { force: true });
    return false;
  } finally {
    await catalog?.[Symbol.asyncDispose]();
  }
}

/** The complete lines that the streams have now, each as a durable file. */
async function copyJournal(source: StoreFolder, folder: string): Promise<string[]> {
  if (!existsSync(source.journal)) return [];
  await using journal = await openFsJournal(source.journal, { readOnly: true });
  const names: string[] = [];
  for (const stream of journalStreams) {
    const size = await journal.size(stream);
    if (size === 0) continue;
    const name = `${stream}.jsonl`;
    const path = join(folder, name);
    copyFileSync(join(source.journal, name), path);
    await using file = await open(path, "r+");
    await file.truncate(size);
    await file.sync();
    names.push(name);
  }
  return names;
}

/** Copy blobs, each checked on the way; those that are damaged are findings. */
export async function copyBlobs(
  from: BlobStore,
  to: BlobStore,
  blobs: readonly BlobInfo[],
  { signal, onProgress }: BackupOptions,
): Promise<Pick<BackupReport, "copied" | "findings">> {
  const findings: StoreFinding[] = [];
  let blobCount = 0;
  let byteCount = 0;
  for (const group of groupsOf(blobs)) {
    await using batch = await to.openBatch({ signal });
    for (const { digest, size } of group) {
      try {
        const bytes: ByteSource = await from.get(digest, { signal });
        await batch.put(bytes, { expected: digest });
        blobCount += 1;
        byteCount += size;
      } catch (error) {
        if (!isResealError(error)) throw error;
        if (error.code === "STORE_BLOB_NOT_FOUND") continue; // Collected meanwhile.
        if (error.code !== "STORE_BLOB_CORRUPT") throw error;
        findings.push(finding("blob_corrupt", blobPathOf(digest), error.message, { digest }));
      }
      onProgress?.({ phase: "copy", blobs: blobCount, bytes: byteCount });
    }
    await batch.commit({ signal });
  }
  return { copied: { blobs: blobCount, bytes: byteCount }, findings };
}

function* groupsOf(blobs: readonly BlobInfo[]): Generator<readonly BlobInfo[]> {
  let group: BlobInfo[] = [];
  let bytes = 0;
  for (const blob of blobs) {
    group.push(blob);
    bytes += blob.size;
    if (group.length < batchBlobs && bytes < batchBytes) continue;
    yield group;
    group = [];
    bytes = 0;
  }
  if (group.length > 0) yield group;
}

async function linkBlobs(
  source: StoreFolder,
  backup: StoreFolder,
  blobs: readonly BlobInfo[],
): Promise<void> {
  const folders = new Set<string>();
  for (const { digest } of blobs) {
    const path = blobPathOf(digest);
    const to = join(backup.root, path);
    if (!folders.has(dirname(to))) mkdirSync(dirname(to), { recursive: true });
    folders.add(dirname(to));
    linkSync(join(source.root, path), to);
  }
  for (const folder of [...folders, backup.artifacts]) await fsyncFolder(folder, () => undefined);
}

/** Blobs whose files hold just their bytes: a backup has no others, so that `sha256sum` checks it. */
async function uncompressed(from: BlobStore, blobs: readonly BlobInfo[]): Promise<BlobInfo[]> {
  const plain: BlobInfo[] = [];
  for (const blob of blobs)
    if ((await from.formOf?.(blob.digest))?.encoding === "identity") plain.push(blob);
  return plain;
}

/** The key of the withheld files' digests; without it they could not be compared again. */
async function copyKey(source: StoreFolder, backup: StoreFolder, snapshot: string): Promise<void> {
  const name = "redaction.key";
  const copy = join(snapshot, name);
  if (!existsSync(join(source.root, name))) return;
  copyFileSync(join(source.root, name), copy); // With its mode, 0600.
  {
    await using file = await open(copy, "r+");
    await file.sync();
  }
  renameSync(copy, join(backup.root, name));
  await fsyncFolder(backup.root, () => undefined);
}

/** Somebody may have opened the backup as a store: its catalog is replaced, not its file. */
async function replaceCatalog(file: string, backup: StoreFolder): Promise<void> {
  await using copy = await openSqliteCatalog(file);
  await copy.copyTo(backup.catalog);
}

/** What the backup lacks, with the reason where copying gave one. */
async function damageOf(
  backup: StoreFolder,
  copying: readonly StoreFinding[],
  signal: AbortSignal | undefined,
): Promise<readonly StoreFinding[]> {
  const { findings } = await checkStore(backup.root, { signal });
  const known = new Set(copying.map(({ digest }) => digest));
  const others = findings.filter(({ level, digest }) => level === "damage" && !known.has(digest));
  return [...copying, ...others];
}

async function writeBlobList(
  blobs: BlobStore,
  backup: StoreFolder,
  snapshot: string,
): Promise<{ readonly blobs: number; readonly bytes: number }> {
  const entries: { path: string; digest: BlobInfo["digest"] }[] = [];
  let bytes = 0;
  for await (const { digest, size } of blobs.list()) {
    entries.push({ path: blobPathOf(digest), digest });
    bytes += size;
  }
  const temporary = join(snapshot, blobListName);
  await using file = await open(temporary, "wx", 0o644);
  await file.writeFile(formatTree(entries));
  await file.sync();
  renameSync(temporary, join(backup.root, blobListName));
  await fsyncFolder(backup.root, () => undefined);
  return { blobs: entries.length, bytes };
}
