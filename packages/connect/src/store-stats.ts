import { lstatSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { openSqliteCatalog } from "@reseal/catalog";
import type { Digest } from "@reseal/hash";
import type { BlobInfo, OperationOptions, RunRow } from "@reseal/store";
import { openFsBlobStore } from "@reseal/store-fs";
import { allRows } from "./check-seals.ts";
import { existingStoreFolder, type StoreFolder } from "./store-folder.ts";

/** What a store holds, in numbers. Sizes are in bytes. */
export interface StoreStats {
  readonly location: string;
  /** Runs whose bundles are here, by tenant. */
  readonly runs: number;
  readonly tenants: readonly { readonly tenant: string; readonly runs: number }[];
  readonly blobs: number;
  /** What the runs would take if each were kept by itself. */
  readonly logical_bytes: number;
  /** What the blobs take. */
  readonly physical_bytes: number;
  /** Logical over physical; 1 means that nothing is shared. */
  readonly dedupe_ratio: number;
  readonly largest_blobs: readonly { readonly digest: Digest; readonly bytes: number }[];
  readonly largest_runs: readonly Pick<RunRow, "run_id" | "seal" | "name" | "files" | "bytes">[];
  readonly catalog_bytes: number;
  readonly journal_bytes: number;
  readonly trash: FolderSize;
  readonly temporary: FolderSize;
  readonly cache: FolderSize;
}

/** Files of a folder, and of the folders in it. */
export interface FolderSize {
  readonly files: number;
  readonly bytes: number;
}

const listedMax = 5;

/** Count what a store holds. Others may work on it meanwhile. */
export async function storeStats(
  location: string,
  { signal }: OperationOptions = {},
): Promise<StoreStats> {
  const folder = existingStoreFolder(location);
  const blobs = await countBlobs(folder, signal);
  const runs = await countRuns(folder, signal);
  const { bytes } = blobs;
  return {
    location: folder.root,
    runs: runs.runs,
    tenants: runs.tenants,
    blobs: blobs.blobs,
    logical_bytes: runs.bytes,
    physical_bytes: bytes,
    dedupe_ratio: bytes === 0 ? 1 : Math.round((runs.bytes / bytes) * 1000) / 1000,
    largest_blobs: blobs.largest.map(({ digest, size }) => ({ digest, bytes: size })),
    largest_runs: runs.largest,
    catalog_bytes: sizeOf(folder.catalog) + sizeOf(`${folder.catalog}-wal`),
    journal_bytes: folderSize(folder.journal).bytes,
    trash: folderSize(folder.trash),
    temporary: folderSize(folder.tmp),
    cache: folderSize(join(folder.root, "cache")),
  };
}

async function countBlobs({ artifacts }: StoreFolder, signal: AbortSignal | undefined) {
  await using store = await openFsBlobStore(artifacts, { readOnly: true });
  let largest: BlobInfo[] = [];
  let blobs = 0;
  let bytes = 0;
  for await (const blob of store.list({ signal })) {
    blobs += 1;
    bytes += (await store.formOf?.(blob.digest))?.storedSize ?? blob.size;
    largest = keepLargest(largest, blob, ({ size }) => size);
  }
  return { blobs, bytes, largest };
}

async function countRuns(
  { catalog: file, artifacts }: StoreFolder,
  signal: AbortSignal | undefined,
) {
  await using catalog = await openSqliteCatalog(file, { readOnly: true });
  await using blobs = await openFsBlobStore(artifacts, { readOnly: true });
  const tenants: { tenant: string; runs: number }[] = [];
  let largest: RunRow[] = [];
  let runs = 0;
  let bytes = 0;
  for (const tenant of await catalog.tenants()) {
    let count = 0;
    for await (const row of allRows(catalog, tenant)) {
      signal?.throwIfAborted();
      count += 1;
      bytes += row.bytes + ((await blobs.stat(row.seal))?.size ?? 0);
      largest = keepLargest(largest, row, (run) => run.bytes);
    }
    runs += count;
    tenants.push({ tenant, runs: count });
  }
  const brief = largest.map(({ run_id, seal, name, files, bytes: size }) => ({
    run_id,
    seal,
    name,
    files,
    bytes: size,
  }));
  return { runs, bytes, tenants, largest: brief };
}

function keepLargest<Item>(items: Item[], item: Item, sizeOfItem: (item: Item) => number): Item[] {
  const last = items.at(-1);
  if (items.length === listedMax && last !== undefined && sizeOfItem(item) <= sizeOfItem(last))
    return items;
  return [...items, item].sort((a, b) => sizeOfItem(b) - sizeOfItem(a)).slice(0, listedMax);
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function folderSize(folder: string): FolderSize {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    return { files: 0, bytes: 0 };
  let files = 0;
  let bytes = 0;
  // Not Node's own recursion: it follows links to folders, and a run may make any.
  const folders = [folder];
  for (let next = folders.pop(); next !== undefined; next = folders.pop())
    for (const entry of readdirSync(next, { withFileTypes: true })) {
      const path = join(next, entry.name);
      if (entry.isDirectory()) folders.push(path);
      if (!entry.isFile()) continue;
      files += 1;
      bytes += lstatSync(path, { throwIfNoEntry: false })?.size ?? 0;
    }
  return { files, bytes };
}
