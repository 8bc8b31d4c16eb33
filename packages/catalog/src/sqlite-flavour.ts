import type { Database } from "better-sqlite3";
import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { SqlFlavour } from "./flavour.ts";
import { translateSqliteError } from "./sqlite-errors.ts";

/** SQLite's way with the few things that are not the same everywhere. */
export function sqliteFlavour(database: Database): SqlFlavour {
  return {
    // LIKE would ignore the case of ASCII letters.
    contains: (text: RawBuilder<string>, part: string) => sql<SqlBool>`instr(${text}, ${part}) > 0`,

    // An insert of many rows is slower here than many inserts of one: it copies each page that it
    // touches so that it can be undone by itself. RETURNING costs as much again as the row.
    async insertEach(insert, rows) {
      try {
        const statement = database.prepare(insert.sql);
        return rows.map((parameters) => {
          const { changes, lastInsertRowid } = statement.run(parameters);
          return changes === 0 ? undefined : Number(lastInsertRowid);
        });
      } catch (error) {
        throw translateSqliteError(error, database.name);
      }
    },
  };
}
