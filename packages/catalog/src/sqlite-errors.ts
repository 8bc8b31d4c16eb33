import type { ResealError } from "@reseal/errors";
import { catalogErrors } from "./errors.ts";

/**
 * Turn an error of SQLite into one of ours, by its result code; anything else comes back as it is.
 *
 * @see https://www.sqlite.org/rescode.html
 */
export function translateSqliteError(error: unknown, location: string): unknown {
  const code = sqliteCode(error);
  if (code === undefined) return error;
  const options = { details: { location, sqlite_code: code }, cause: error };
  for (const [prefix, make] of byPrefix) {
    if (code === prefix || code.startsWith(`${prefix}_`)) return make(location, options);
  }
  return error;
}

/** SQLite's symbolic result code, where the error is one of SQLite's. */
export function sqliteCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  const { code } = error;
  return typeof code === "string" && code.startsWith("SQLITE_") ? code : undefined;
}

type Make = (
  location: string,
  options: { details: Record<string, unknown>; cause: unknown },
) => ResealError;

const byPrefix: readonly (readonly [string, Make])[] = [
  ["SQLITE_BUSY", (at, o) => catalogErrors.BUSY(`The catalog ${at} is locked.`, o)],
  ["SQLITE_LOCKED", (at, o) => catalogErrors.BUSY(`The catalog ${at} is locked.`, o)],
  ["SQLITE_CORRUPT", (at, o) => catalogErrors.CORRUPT(`The catalog ${at} is damaged.`, o)],
  ["SQLITE_NOTADB", (at, o) => catalogErrors.CORRUPT(`${at} is not a catalog or is damaged.`, o)],
  // The file ends too early: cut off, or just being moved away by another process.
  [
    "SQLITE_IOERR_SHORT_READ",
    (at, o) => catalogErrors.CORRUPT(`The catalog ${at} ends too early.`, o),
  ],
  ["SQLITE_FULL", (at, o) => catalogErrors.IO_FAILED(`No room to write the catalog ${at}.`, o)],
  ["SQLITE_IOERR", (at, o) => catalogErrors.IO_FAILED(`The disk of the catalog ${at} failed.`, o)],
  ["SQLITE_READONLY", (at, o) => catalogErrors.READ_ONLY(`${at} cannot be written.`, o)],
  ["SQLITE_PERM", (at, o) => catalogErrors.READ_ONLY(`${at} cannot be opened for writing.`, o)],
  ["SQLITE_CANTOPEN", (at, o) => catalogErrors.NOT_FOUND(`${at} cannot be opened.`, o)],
];
