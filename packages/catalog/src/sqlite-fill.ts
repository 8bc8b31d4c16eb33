import { setImmediate as nextTurn } from "node:timers/promises";
import type { Database } from "better-sqlite3";
import { translateSqliteError } from "./sqlite-errors.ts";

/**
 * Run `add` without the indexes that only reading needs, and without the care for a crash.
 *
 * A row goes into each index at a place of its own. When an index has outgrown the cache, that is a
 * page read and written for each row; made at the end, the same index is sorted once.
 */
export async function fillDatabase<Result>(
  database: Database,
  add: () => Promise<Result>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  const indexes = database
    .prepare<[], { readonly name: string; readonly sql: string }>(
      "select name, sql from sqlite_schema where type = 'index' and sql like 'CREATE INDEX %'",
    )
    .all();
  const before = settings.map(
    (name) => `${name} = ${String(database.pragma(name, { simple: true }))}`,
  );
  try {
    database.pragma("synchronous = OFF");
    database.pragma("temp_store = FILE"); // What is sorted may be larger than the memory.
    for (const { name } of indexes) database.exec(`drop index ${name}`);
    const result = await add();
    for (const { sql } of indexes) {
      await nextTurn();
      signal?.throwIfAborted();
      database.exec(sql);
    }
    return result;
  } catch (error) {
    throw translateSqliteError(error, database.name);
  } finally {
    for (const setting of before) database.pragma(setting);
  }
}

const settings = ["synchronous", "temp_store"] as const;
