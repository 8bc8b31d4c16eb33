import { randomUUID } from "node:crypto";
import { accessSync, constants, existsSync, statSync, writeFileSync } from "node:fs";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { type CatalogStorage, type FileCatalog, openSqliteCatalog } from "@reseal/catalog";
import { type Catalog, type Clock, type IdSource, type Stores, takeLock } from "@reseal/store";
import { fsyncFolder, makeFolder, openFsBlobStore, openFsJournal } from "@reseal/store-fs";
import { healingCatalog, isDamagedCatalog } from "./healing-catalog.ts";
import {
  allowCompressed,
  existingStoreFolder,
  mayHoldCompressed,
  plainFormat,
  refuseNewerFormat,
  type StoreFolder,
  storeFolderAt,
} from "./store-folder.ts";

/** Options of {@link openStores}. */
export interface OpenOptions {
  /** Make the store when it is not there. */
  readonly create?: boolean | undefined;
  /** Refuse to change anything. A store on a medium that cannot be written is opened so anyway. */
  readonly readOnly?: boolean | undefined;
  /** Whose runs are seen and written; `local` unless the store is shared. */
  readonly tenant?: string | undefined;
  readonly clock?: Clock | undefined;
  readonly ids?: IdSource | undefined;
  /** Told what was put right on the way, for example a catalog that was rebuilt. */
  readonly onNotice?: ((message: string) => void) | undefined;
  /** Where the catalog is kept; found out from the file system unless said. */
  readonly catalogStorage?: CatalogStorage | undefined;
}

/**
 * Open the store in a folder.
 *
 * A missing or corrupt catalog is rebuilt from the journal and the blobs; a corrupt one is moved
 * aside, never deleted. On a network file system where no catalog file is safe, the catalog is
 * this process's own, filled from the journal: what is written is found by all others there.
 * @throws `CONNECT_STORE_NOT_FOUND`, `CONNECT_FORMAT_TOO_NEW`, `CONNECT_LOCATION_INVALID`
 */
export async function openStores(location: string, options: OpenOptions = {}): Promise<Stores> {
  const { create = false, tenant = "local" } = options;
  const folder = await findOrCreate(location, create && options.readOnly !== true);
  const readOnly = options.readOnly === true || !isWritable(folder);
  const blobs = await openFsBlobStore(folder.artifacts, {
    temporary: folder.tmp,
    readOnly,
    isMixed: mayHoldCompressed(folder),
    onCompress: () => allowCompressed(folder),
  });
  const journal = await openFsJournal(folder.journal, { readOnly });
  const catalog = await openIndexed({ location: folder.root, blobs, journal }, folder, {
    ...options,
    readOnly,
  });
  return {
    location: folder.root,
    tenant,
    readOnly,
    blobs,
    journal,
    catalog,
    local: folder.root,
    clock: options.clock ?? { now: () => Date.now() },
    ids: options.ids ?? { runId: () => randomUUID() },
    async [Symbol.asyncDispose]() {
      await catalog[Symbol.asyncDispose]();
      await journal[Symbol.asyncDispose]();
      await blobs[Symbol.asyncDispose]();
    },
  };
}

async function findOrCreate(location: string, create: boolean): Promise<StoreFolder> {
  const folder = storeFolderAt(location);
  if (existsSync(folder.artifacts) || !create) return existingStoreFolder(location);
  refuseNewerFormat(folder.root);
  await createStore(folder);
  return folder;
}

/** Make the folders of a store, durable; last the one that makes it a store. */
export async function createStore(folder: StoreFolder): Promise<void> {
  const { root, artifacts, journal, tmp, trash } = folder;
  await makeFolder(root, 0o755, ignoreWeakness);
  await makeFolder(journal, 0o755, ignoreWeakness);
  await makeFolder(trash, 0o755, ignoreWeakness);
  await makeFolder(tmp, 0o700, ignoreWeakness);
  writeOnce(join(root, ".gitignore"), "*\n");
  writeOnce(join(root, "format.json"), `${JSON.stringify({ format: plainFormat })}\n`);
  await fsyncFolder(root, ignoreWeakness);
  await makeFolder(artifacts, 0o755, ignoreWeakness);
}

/** That the file system cannot sync folders is said by whoever opens the blobs. */
const ignoreWeakness = (): void => undefined;

function writeOnce(path: string, text: string): void {
  // An empty file is one that a crash left.
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0) return;
  writeFileSync(path, text, { flush: true });
}

function isWritable({ root, artifacts }: StoreFolder): boolean {
  try {
    accessSync(root, constants.W_OK);
    accessSync(artifacts, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** How long to wait for another process that makes the catalog again. */
const healingTimeoutMs = 10 * 60_000;

/** The catalog, brought up to the journal; a damaged one is moved aside and made again. */
async function openIndexed(
  stores: Pick<Stores, "location" | "blobs" | "journal">,
  { catalog: file, journal }: StoreFolder,
  options: OpenOptions,
): Promise<Catalog> {
  const openAgain = async (damaged?: number): Promise<Catalog> => {
    if (options.readOnly === true) {
      options.onNotice?.(
        "The catalog is damaged. It is left as it is; the journal was read instead.",
      );
      return tryToIndex(stores, file, { ...options, catalogStorage: "memory" });
    }
    // One process at a time: what the first one made, the others must not take for damaged.
    using _lock = await takeLock(join(journal, "catalog.lock"), { timeoutMs: healingTimeoutMs });
    try {
      // Damage deep inside does not show when it is opened.
      if (damaged === undefined || inodeOf(file) !== damaged)
        return await tryToIndex(stores, file, options);
    } catch (error) {
      if (!isDamagedCatalog(error)) throw error;
    }
    const aside = await moveAside(file);
    options.onNotice?.(
      `The catalog was damaged. It was moved to ${aside} and rebuilt from the blobs.`,
    );
    return tryToIndex(stores, file, options);
  };
  try {
    const opened = await tryToIndex(stores, file, options);
    const inode = inodeOf(file);
    return healingCatalog(opened, async () => {
      await opened[Symbol.asyncDispose]();
      return openAgain(inode);
    });
  } catch (error) {
    if (!isDamagedCatalog(error)) throw error;
    return openAgain();
  }
}

function inodeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.ino;
}

async function tryToIndex(
  stores: Pick<Stores, "location" | "blobs" | "journal">,
  file: string,
  { readOnly, catalogStorage, onNotice }: OpenOptions,
): Promise<FileCatalog> {
  // Where nothing may be written, a catalog that is not there is made in memory.
  const isLost = readOnly === true && !existsSync(file);
  const storage = isLost ? "memory" : catalogStorage;
  const catalog = await openSqliteCatalog(file, { readOnly, storage });
  try {
    const isOurs = readOnly !== true || catalog.storage === "memory";
    if (isOurs && (await stores.journal.size("seals")) !== (await catalog.journalOffset())) {
      // Loaded only when there is something to index: most commands need nothing of it.
      const { indexJournal } = await import("@reseal/bundle");
      await indexJournal(
        { ...stores, catalog },
        { onDamaged: (_, { message }) => onNotice?.(message) },
      );
    }
    return catalog;
  } catch (error) {
    await catalog[Symbol.asyncDispose]();
    throw error;
  }
}

/** Keep a damaged catalog, with its log, under another name. */
export async function moveAside(file: string): Promise<string> {
  const stamp = Math.round(statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  const aside = `${file}.corrupt-${stamp}`;
  // The file itself last: while it is there, the next open finds it damaged and does this again.
  for (const suffix of ["-wal", "-shm", "-journal", ""])
    await rename(file + suffix, aside + suffix).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error; // Or another process was faster.
    });
  return aside;
}
