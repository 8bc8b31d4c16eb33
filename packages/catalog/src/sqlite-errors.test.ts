import { isResealError } from "@reseal/errors";
import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { translateSqliteError } from "./sqlite-errors.ts";

test.for([
  ["SQLITE_BUSY_SNAPSHOT", "CATALOG_BUSY", 7],
  ["SQLITE_CORRUPT_VTAB", "CATALOG_CORRUPT", 4],
  ["SQLITE_NOTADB", "CATALOG_CORRUPT", 4],
  ["SQLITE_FULL", "CATALOG_IO_FAILED", 4],
  ["SQLITE_IOERR_FSYNC", "CATALOG_IO_FAILED", 4],
  ["SQLITE_IOERR_SHORT_READ", "CATALOG_CORRUPT", 4],
  ["SQLITE_READONLY_DIRECTORY", "CATALOG_READ_ONLY", 5],
  ["SQLITE_CANTOPEN", "CATALOG_NOT_FOUND", 3],
] as const)("%s becomes %s", ([sqlite, code, exitCode]) => {
  const cause = new Database.SqliteError("underneath", sqlite);

  const error = translateSqliteError(cause, "store.db");

  expect(isResealError(error)).toBe(true);
  expect(error).toMatchObject({ code, exitCode, cause, details: { location: "store.db" } });
});

test("what is not SQLite's, and what nobody can act on, is left as it is", () => {
  for (const error of [
    new Error("mine"),
    Object.assign(new Error("other"), { code: "ENOENT" }),
    new Database.SqliteError("a bug", "SQLITE_CONSTRAINT_NOTNULL"),
    "text",
  ]) {
    expect(translateSqliteError(error, "store.db")).toBe(error);
  }
});
