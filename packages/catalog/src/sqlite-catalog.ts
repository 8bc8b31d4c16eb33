import type { Catalog, OperationOptions } from "@reseal/store";
import type { Database } from "better-sqlite3";
import { Kysely } from "kysely";
import type { CatalogStorage } from "./catalog-storage.ts";
import { SqlCatalog } from "./sql-catalog.ts";
import { copyDatabase, findProblems } from "./sqlite-copy.ts";
import { sqliteDialect } from "./sqlite-dialect.ts";
import { fillDatabase } from "./sqlite-fill.ts";
import { sqliteFlavour } from "./sqlite-flavour.ts";
import type { CatalogDatabase, CatalogTables } from "./tables.ts";

/** A catalog in a file, with what its keepers need besides what its users do. */
export interface FileCatalog extends Catalog {
  readonly storage: CatalogStorage;
  /**
   * Copy the catalog, as it is at one moment, into a file while others go on working with it.
   *
   * A catalog that is in the file already is replaced in one transaction: whoever has it open sees
   * the old rows or the new ones, and a crash leaves one of both.
   * @throws CATALOG_BUSY when others keep the file locked · CATALOG_DISK_FULL
   */
  copyTo(file: string, options?: OperationOptions): Promise<void>;
  /**
   * Add very many seals, several times as fast as without: `add` calls `addSeals` while the indexes
   * that only reading needs are away and nothing is synced; the indexes are made at its end. For a
   * new file that nobody else knows yet: after a failure or a crash it is of no use.
   */
  fill<Result>(add: () => Promise<Result>, options?: OperationOptions): Promise<Result>;
  /** What is wrong with the file's own structure, in words; empty when it is sound. */
  problems(): Promise<readonly string[]>;
  /** Every tenant that has a row, sorted. */
  tenants(): Promise<readonly string[]>;
}

interface SqliteCatalogOptions {
  readonly location: string;
  readonly storage: CatalogStorage;
  readonly busyTimeoutMs: number;
  /** Called after the database is closed. */
  release(): Promise<void>;
}

/** The catalog over an open database that has the newest format. */
export function createSqliteCatalog(
  database: Database,
  options: SqliteCatalogOptions,
): FileCatalog {
  return new SqliteCatalog(database, options);
}

class SqliteCatalog extends SqlCatalog implements FileCatalog {
  readonly storage: CatalogStorage;
  readonly #database: Database;
  readonly #db: CatalogDatabase;
  readonly #busyTimeoutMs: number;

  constructor(database: Database, options: SqliteCatalogOptions) {
    const { location, storage, busyTimeoutMs, release } = options;
    const db = new Kysely<CatalogTables>({ dialect: sqliteDialect(database, busyTimeoutMs) });
    super({
      db,
      flavour: sqliteFlavour(database),
      location,
      async close() {
        await db.destroy();
        database.close(); // Kysely leaves it open when there never was a query.
        await release();
      },
    });
    this.storage = storage;
    this.#database = database;
    this.#db = db;
    this.#busyTimeoutMs = busyTimeoutMs;
  }

  async copyTo(file: string, { signal }: OperationOptions = {}): Promise<void> {
    await copyDatabase(this.#database, file, { busyTimeoutMs: this.#busyTimeoutMs, signal });
  }

  async fill<Result>(
    add: () => Promise<Result>,
    { signal }: OperationOptions = {},
  ): Promise<Result> {
    return fillDatabase(this.#database, add, signal);
  }

  async problems(): Promise<readonly string[]> {
    return findProblems(this.#database, this.location);
  }

  async tenants(): Promise<readonly string[]> {
    const rows = await this.#db.selectFrom("seals").select("tenant").distinct().execute();
    return rows.map(({ tenant }) => tenant).sort();
  }
}
