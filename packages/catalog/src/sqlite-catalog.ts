import type { Catalog } from "@reseal/store";
import type { Database } from "better-sqlite3";
import { Kysely } from "kysely";
import { SqlCatalog } from "./sql-catalog.ts";
import { sqliteDialect } from "./sqlite-dialect.ts";
import { sqliteFlavour } from "./sqlite-flavour.ts";
import type { CatalogTables } from "./tables.ts";

interface SqliteCatalogOptions {
  readonly location: string;
  readonly busyTimeoutMs: number;
  /** Called after the database is closed. */
  release(): Promise<void>;
}

/** The catalog over an open database that has the newest format. */
export function createSqliteCatalog(database: Database, options: SqliteCatalogOptions): Catalog {
  const { location, busyTimeoutMs, release } = options;
  const db = new Kysely<CatalogTables>({ dialect: sqliteDialect(database, busyTimeoutMs) });
  return new SqlCatalog({
    db,
    flavour: sqliteFlavour(database),
    location,
    async close() {
      await db.destroy();
      database.close(); // Kysely leaves it open when there never was a query.
      await release();
    },
  });
}
