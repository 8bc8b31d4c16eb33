import { copyFileSync, existsSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { indexJournal } from "@reseal/bundle";
import { openSqliteCatalog } from "@reseal/catalog";
import { parseTree } from "@reseal/hash";
import type { OperationOptions } from "@reseal/store";
import {
  fsyncFolder,
  makeFolder,
  makeTemporaryFolder,
  openFsBlobStore,
  openFsJournal,
  removeTemporaryFolder,
  sweepTemporaryFolders,
} from "@reseal/store-fs";
import { blobListName, copyBlobs } from "./backup-store.ts";
import { blobPathOf } from "./check-seals.ts";
import { checkStore, journalStreams, type StoreProgress } from "./check-store.ts";
import { connectErrors } from "./errors.ts";
import { createStore } from "./open-stores.ts";
import { existingStoreFolder, type StoreFolder, storeFolderAt } from "./store-folder.ts";

/** Options of {@link restoreStore}. */
export interface RestoreOptions extends OperationOptions {
  readonly onProgress?: ((progress: StoreProgress) => void) | undefined;
}

/** What a restore wrote. */
export interface RestoreReport {
  readonly folder: string;
  readonly location: string;
  readonly seals: number;
  readonly blobs: number;
  readonly bytes: number;
}

/**
 * Make a store from a backup.
 *
 * All of the backup is read and checked first, and every blob again while it is copied. The store
 * appears whole under its name, or not at all.
 * @throws `CONNECT_NOT_A_BACKUP`, `CONNECT_BACKUP_INVALID`, `CONNECT_RESTORE_TARGET`
 */
export async function restoreStore(
  folder: string,
  location: string,
  { signal, onProgress }: RestoreOptions = {},
): Promise<RestoreReport> {
  const backup = backupFolderAt(folder);
  const target = storeFolderAt(location);
  refuseTarget(target);
  const check = await checkStore(backup.root, { readPart: 1, signal, onProgress });
  const [worst] = check.findings.filter(({ level }) => level === "damage");
  const lost = missingFromList(backup, new Set(await listBlobs(backup)));
  if (worst !== undefined || lost !== undefined)
    throw connectErrors.BACKUP_INVALID(
      `${backup.root} is damaged: ${worst?.path ?? lost}: ${worst?.message ?? "It is not there."}`,
      { details: { findings: check.findings.slice(0, 20) } },
    );
  const parent = dirname(target.root);
  await makeFolder(parent, 0o755, () => undefined);
  sweepTemporaryFolders(parent);
  const staging = makeTemporaryFolder(parent, "restoring");
  try {
    const built = storeFolderAt(join(staging, basename(target.root)));
    await build(backup, built, { signal, onProgress });
    refuseTarget(target); // Somebody may have begun one there.
    rmSync(target.root, { recursive: true, force: true }); // It is empty.
    renameSync(built.root, target.root);
    await fsyncFolder(parent, () => undefined);
  } finally {
    removeTemporaryFolder(staging);
  }
  const { seals, blobs, bytes } = check;
  return { folder: backup.root, location: target.root, seals, blobs, bytes };
}

function backupFolderAt(path: string): StoreFolder {
  const root = resolve(path);
  if (existsSync(join(root, "artifacts")) && existsSync(join(root, blobListName)))
    return existingStoreFolder(root);
  throw connectErrors.NOT_A_BACKUP(`${root} is not a backup: it has no artifacts or blob list.`);
}

/** An empty folder, and a store that never held anything, may be replaced. */
function refuseTarget({ root, artifacts, journal }: StoreFolder): void {
  if (!existsSync(root)) return;
  const names = readdirSync(root);
  if (names.length === 0) return;
  const isEmptyStore =
    existsSync(artifacts) &&
    readdirSync(artifacts, { recursive: true }).length === 0 &&
    (!existsSync(journal) || readdirSync(journal).length === 0) &&
    readdirSync(join(root, "tmp")).length === 0 &&
    names.every((name) => emptyStoreNames.test(name));
  if (!isEmptyStore) throw connectErrors.RESTORE_TARGET(`${root} is not empty.`);
}

const emptyStoreNames =
  /^(\.gitignore|format\.json|redaction\.key|artifacts|journal|tmp|trash|cache|store\.db(-wal|-shm)?)$/;

async function listBlobs(backup: StoreFolder): Promise<string[]> {
  await using blobs = await openFsBlobStore(backup.artifacts, { readOnly: true });
  const paths: string[] = [];
  for await (const { digest } of blobs.list()) paths.push(blobPathOf(digest));
  return paths;
}

/** A path that the backup's list names and its folder lacks. */
function missingFromList(backup: StoreFolder, present: ReadonlySet<string>): string | undefined {
  const entries = parseTree(readFileSync(join(backup.root, blobListName)));
  return entries.find(({ path }) => !present.has(path))?.path;
}

async function build(
  backup: StoreFolder,
  built: StoreFolder,
  options: RestoreOptions,
): Promise<void> {
  await createStore(built);
  await using from = await openFsBlobStore(backup.artifacts, { readOnly: true });
  await using to = await openFsBlobStore(built.artifacts, { temporary: built.tmp });
  const all = [];
  for await (const blob of from.list()) all.push(blob);
  const { findings } = await copyBlobs(from, to, all, options);
  if (findings[0] !== undefined) throw connectErrors.BACKUP_INVALID(findings[0].message);
  for (const stream of journalStreams) {
    const path = join(backup.journal, `${stream}.jsonl`);
    if (existsSync(path)) await copyDurable(path, join(built.journal, `${stream}.jsonl`));
  }
  const key = join(backup.root, "redaction.key");
  if (existsSync(key)) await copyDurable(key, join(built.root, "redaction.key"));
  await fsyncFolder(built.journal, () => undefined);
  // The catalog is made from what was checked, not taken over.
  await using journal = await openFsJournal(built.journal);
  await using catalog = await openSqliteCatalog(built.catalog);
  await indexJournal({ location: built.root, blobs: to, journal, catalog }, options);
}

async function copyDurable(from: string, to: string): Promise<void> {
  copyFileSync(from, to);
  await using file = await open(to, "r+");
  await file.sync();
}
