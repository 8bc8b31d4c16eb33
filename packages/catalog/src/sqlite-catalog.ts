import type { Catalog } from "@reseal/store";
import type { Database } from "better-sqlite3";
import { Kysely, type RawBuilder, type SqlBool, sql } from "kysely";
import type { SqlFlavour } from "./predicates.ts";
import { SqlCatalog } from "./sql-catalog.ts";
import { sqliteDialect } from "./sqlite-dialect.ts";
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
    flavour: sqliteFlavour,
    location,
    async close() {
      await db.destroy();
      database.close(); // Kysely leaves it open when there never was a query.
      await release();
    },
  });
}

const sqliteFlavour: SqlFlavour = {
  // LIKE would ignore the case of ASCII letters.
  contains: (text: RawBuilder<string>, part: string) => sql<SqlBool>`instr(${text}, ${part}) > 0`,
};
