import { randomUUID } from "node:crypto";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { rename } from "node:fs/promises";
import { join, resolve } from "node:path";
import { indexJournal } from "@reseal/bundle";
import { openSqliteCatalog } from "@reseal/catalog";
import { isResealError } from "@reseal/errors";
import type { Catalog, Clock, IdSource, Stores } from "@reseal/store";
import { openFsBlobStore, openFsJournal } from "@reseal/store-fs";
import { connectErrors } from "./errors.ts";

/** The version of the folder layout that this package writes. */
export const storeFormat = 1;

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
}

/**
 * Open the store in a folder.
 *
 * A missing or corrupt catalog is rebuilt from the journal and the blobs; a corrupt one is moved
 * aside, never deleted.
 * @throws `CONNECT_STORE_NOT_FOUND`, `CONNECT_FORMAT_TOO_NEW`, `CONNECT_LOCATION_INVALID`
 */
export async function openStores(location: string, options: OpenOptions = {}): Promise<Stores> {
  const { create = false, tenant = "local", onNotice } = options;
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(location))
    throw connectErrors.LOCATION_INVALID(`${location} is not a folder path.`);
  const folder = resolve(location);
  if (!existsSync(join(folder, "artifacts"))) {
    if (!create || options.readOnly === true)
      throw connectErrors.STORE_NOT_FOUND(`There is no store at ${folder}.`);
    createStore(folder);
  }
  refuseNewerFormat(folder);
  const readOnly = options.readOnly === true || !isWritable(folder);
  const blobs = await openFsBlobStore(join(folder, "artifacts"), {
    temporary: join(folder, "tmp"),
    readOnly,
  });
  const journal = await openFsJournal(join(folder, "journal"), { readOnly });
  const catalog = await openCatalog(join(folder, "store.db"), readOnly, onNotice);
  const stores: Stores = {
    location: folder,
    tenant,
    readOnly,
    blobs,
    journal,
    catalog,
    local: folder,
    clock: options.clock ?? { now: () => Date.now() },
    ids: options.ids ?? { runId: () => randomUUID() },
    async [Symbol.asyncDispose]() {
      await catalog[Symbol.asyncDispose]();
      await journal[Symbol.asyncDispose]();
      await blobs[Symbol.asyncDispose]();
    },
  };
  if (!readOnly) await indexJournal(stores);
  return stores;
}

/** Layout of a store folder: ARCHITECTURE.md, "Store on disk". */
function createStore(folder: string): void {
  for (const name of ["journal", "tmp", "trash"])
    mkdirSync(join(folder, name), { recursive: true });
  writeOnce(join(folder, ".gitignore"), "*\n");
  writeOnce(join(folder, "format.json"), `${JSON.stringify({ format: storeFormat })}\n`);
  // Last: the folder that makes it a store.
  mkdirSync(join(folder, "artifacts"), { recursive: true });
}

function writeOnce(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: "wx", flush: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

function refuseNewerFormat(folder: string): void {
  const path = join(folder, "format.json");
  if (!existsSync(path)) return;
  const { format } = JSON.parse(readFileSync(path, "utf8")) as { format?: unknown };
  if (typeof format === "number" && format <= storeFormat) return;
  throw connectErrors.FORMAT_TOO_NEW(
    `The store at ${folder} has format ${String(format)}; this Reseal knows up to ${storeFormat}.`,
  );
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    accessSync(join(folder, "artifacts"), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

async function openCatalog(
  file: string,
  readOnly: boolean,
  onNotice: OpenOptions["onNotice"],
): Promise<Catalog> {
  try {
    return await openSqliteCatalog(file, { readOnly });
  } catch (error) {
    if (readOnly || !isResealError(error) || error.code !== "CATALOG_CORRUPT") throw error;
    const aside = await moveAside(file);
    onNotice?.(`The catalog was damaged. It was moved to ${aside} and rebuilt from the blobs.`);
    return await openSqliteCatalog(file, { readOnly });
  }
}

async function moveAside(file: string): Promise<string> {
  const stamp = Math.round(statSync(file).mtimeMs);
  const aside = `${file}.corrupt-${stamp}`;
  for (const suffix of ["-wal", "-shm", ""])
    if (existsSync(file + suffix)) await rename(file + suffix, aside + suffix);
  return aside;
}
