import { copyFile, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Database } from "better-sqlite3";
import { type CatalogStorage, storageFor } from "./catalog-storage.ts";
import { catalogErrors } from "./errors.ts";
import type { FileCatalog } from "./sqlite-catalog.ts";
import { sqliteCode, translateSqliteError } from "./sqlite-errors.ts";

/** How {@link openSqliteCatalog} opens. */
export interface OpenSqliteCatalogOptions {
  /**
   * Never write, not even to make the file or to bring it up to date. Works in a folder that
   * cannot be written. Default `false`.
   */
  readonly readOnly?: boolean | undefined;
  /** How long to wait for another process that writes, in milliseconds. Default 5000. */
  readonly busyTimeoutMs?: number | undefined;
  /** Where the rows are kept; found out from the file and its file system unless said. */
  readonly storage?: CatalogStorage | undefined;
}

/**
 * Open the catalog of a store in an SQLite file; make it if it is not there.
 *
 * Any number of processes may hold it open: readers never wait, writers queue. What a resolved
 * `addSeals` wrote survives a power cut. The folder must exist. The native addon is loaded here,
 * not when this package is imported.
 *
 * Where files of the place cannot be shared safely, as on some network file systems, the catalog
 * is kept in memory instead: `storage` says so, and it starts empty.
 *
 * @throws CATALOG_FORMAT_TOO_NEW · CATALOG_FORMAT_TOO_OLD (read-only) · CATALOG_CORRUPT (also from
 *   later calls: move the file and its `-wal` and `-shm` aside and add the seals again) ·
 *   CATALOG_FOREIGN · CATALOG_NOT_FOUND · CATALOG_READ_ONLY · CATALOG_BUSY · CATALOG_IO_FAILED
 *
 * @example
 * await using catalog = await openSqliteCatalog(".reseal/store.db");
 * const { items } = await catalog.listRuns({ tenant: "local", limit: 10 });
 */
export async function openSqliteCatalog(
  file: string,
  options: OpenSqliteCatalogOptions = {},
): Promise<FileCatalog> {
  const { readOnly = false, busyTimeoutMs = 5000 } = options;
  const wanted = options.storage ?? (await storageFor(file));
  const { storage, database, release } = await openAs(wanted, file, readOnly, busyTimeoutMs);
  const { createSqliteCatalog } = await loadSqlite();
  return createSqliteCatalog(database, { location: file, storage, busyTimeoutMs, release });
}

async function openAs(
  storage: CatalogStorage,
  file: string,
  readOnly: boolean,
  busyTimeoutMs: number,
): Promise<OpenedFile & { readonly storage: CatalogStorage }> {
  const nothingToRelease = async (): Promise<void> => {};
  if (storage !== "memory") {
    try {
      if (readOnly) return { ...(await openToRead(file, busyTimeoutMs)), storage };
      const database = await openToWrite(file, busyTimeoutMs, storage);
      return { database, release: nothingToRelease, storage };
    } catch (error) {
      // Only a network refuses locks as such; a local file system that does so is broken.
      if (storage !== "rollback" || !isLockRefused(error)) throw error;
    }
  }
  const database = await openToWrite(":memory:", busyTimeoutMs, "memory");
  return { database, release: nothingToRelease, storage: "memory" };
}

/** Whether the file system has no locks at all, as NFS without its lock service. */
function isLockRefused(error: unknown): boolean {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return /^SQLITE_(PROTOCOL|NOLFS|IOERR_(\w*LOCK))/.test(sqliteCode(cause) ?? "");
}

interface OpenedFile {
  readonly database: Database;
  /** Called after the database is closed. */
  release(): Promise<void>;
}

/** Exported for the test of its settings. */
export async function openToWrite(
  file: string,
  busyTimeoutMs: number,
  storage: CatalogStorage = "wal",
): Promise<Database> {
  const { migrate } = await loadSqlite();
  const database = await openFile(file, { timeout: busyTimeoutMs });
  try {
    const journal = ({ wal: "wal", rollback: "delete", memory: "memory" } as const)[storage];
    await migrate(database, { location: file, busyTimeoutMs, journal });
    database.pragma("foreign_keys = ON");
    // A large first import would leave a log of its size behind.
    database.pragma("journal_size_limit = 67108864");
    database.pragma("cache_size = -65536");
    database.pragma("temp_store = MEMORY");
    return database;
  } catch (error) {
    database.close();
    throw translateSqliteError(error, file);
  }
}

async function openToRead(file: string, busyTimeoutMs: number): Promise<OpenedFile> {
  const { assertReadable } = await loadSqlite();
  const direct = await tryToRead(file, busyTimeoutMs);
  const opened = direct ?? (await openCopy(file, busyTimeoutMs));
  try {
    assertReadable(opened.database, file);
    opened.database.pragma("query_only = ON");
    opened.database.pragma("cache_size = -65536");
    return opened;
  } catch (error) {
    opened.database.close();
    await opened.release();
    throw translateSqliteError(error, file);
  }
}

/** `undefined` where SQLite cannot read because it may not make the log's files beside it. */
async function tryToRead(file: string, busyTimeoutMs: number): Promise<OpenedFile | undefined> {
  const database = await openFile(file, { timeout: busyTimeoutMs, readonly: true });
  try {
    database.pragma("user_version"); // Opens the log; the open alone does not.
    return { database, release: async () => {} };
  } catch (error) {
    database.close();
    const code = sqliteCode(error) ?? "";
    if (code.startsWith("SQLITE_READONLY") || code.startsWith("SQLITE_CANTOPEN")) return undefined;
    throw translateSqliteError(error, file);
  }
}

/**
 * Read from a private copy. SQLite's own way to read in a folder that cannot be written is
 * `immutable=1`, which drops what a crash left in the log, and this build of it takes no URIs.
 */
async function openCopy(file: string, busyTimeoutMs: number): Promise<OpenedFile> {
  const folder = await mkdtemp(join(tmpdir(), "reseal-catalog-"));
  const release = () => rm(folder, { recursive: true, force: true });
  try {
    const copy = join(folder, "store.db");
    await copyUnchanged(file, copy);
    return { database: await openFile(copy, { timeout: busyTimeoutMs }), release };
  } catch (error) {
    await release();
    throw error;
  }
}

/** The two files belong together: copy again when a writer came in between. */
async function copyUnchanged(file: string, copy: string): Promise<void> {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const before = await fingerprint(file);
    await copyFile(file, copy);
    await copyIfThere(`${file}-wal`, `${copy}-wal`);
    if ((await fingerprint(file)) === before) return;
  }
  throw catalogErrors.BUSY(`${file} keeps changing while it is copied for reading.`, {
    details: { location: file },
  });
}

async function fingerprint(file: string): Promise<string> {
  const parts = await Promise.all(
    [file, `${file}-wal`].map(async (path) => {
      const facts = await stat(path, { bigint: true }).catch(ignoreAbsent);
      return facts === undefined ? "absent" : `${facts.ino} ${facts.size} ${facts.mtimeNs}`;
    }),
  );
  return parts.join(" ");
}

async function copyIfThere(from: string, to: string): Promise<void> {
  await rm(to, { force: true });
  await copyFile(from, to).catch(ignoreAbsent);
}

function ignoreAbsent(error: unknown): undefined {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
  throw error;
}

/** Loaded with the first catalog, not with this package. */
function loadSqlite(): Promise<typeof import("./sqlite-parts.ts")> {
  return import("./sqlite-parts.ts");
}

async function openFile(
  file: string,
  options: { timeout: number; readonly?: boolean },
): Promise<Database> {
  const { BetterSqlite } = await loadSqlite();
  try {
    return new BetterSqlite(file, { ...options, fileMustExist: options.readonly === true });
  } catch (error) {
    if (error instanceof TypeError) {
      throw catalogErrors.NOT_FOUND(`The folder of ${file} does not exist.`, {
        details: { location: file },
        cause: error,
      });
    }
    throw translateSqliteError(error, file);
  }
}
