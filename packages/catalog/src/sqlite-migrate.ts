import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "better-sqlite3";
import { catalogErrors } from "./errors.ts";
import { beginImmediate } from "./sqlite-dialect.ts";
import { sqliteCode } from "./sqlite-errors.ts";
import { applicationId, sqliteMigrations } from "./sqlite-schema.ts";

/** The newest format that this version reads and writes. */
export const newestFormat: number = sqliteMigrations.length;

interface MigrateOptions {
  readonly location: string;
  readonly busyTimeoutMs: number;
  readonly journal: "wal" | "delete" | "memory";
}

/** Prepare the file for durable writing and bring it to the newest format. */
export async function migrate(database: Database, options: MigrateOptions): Promise<void> {
  const { location, busyTimeoutMs } = options;
  assertNotNewer(database, location); // Before the first write.
  const mode = await setJournal(database, options);
  // Deleting the rollback journal is the commit; only EXTRA also syncs the folder it is deleted in.
  database.pragma(`synchronous = ${mode === "wal" ? "FULL" : "EXTRA"}`);
  if (formatOf(database) === newestFormat) return;

  await beginImmediate(database, busyTimeoutMs);
  try {
    assertNotNewer(database, location); // Another process may have been faster.
    for (const statements of sqliteMigrations.slice(formatOf(database))) database.exec(statements);
    database.pragma(`application_id = ${applicationId}`);
    database.pragma(`user_version = ${newestFormat}`);
    database.exec("commit");
  } catch (error) {
    if (database.inTransaction) database.exec("rollback");
    throw error;
  }
}

/** Refuse what cannot be read without writing first. */
export function assertReadable(database: Database, location: string): void {
  assertNotNewer(database, location);
  const format = formatOf(database);
  if (format === newestFormat) return;
  const details = { location, format, newest: newestFormat };
  if (format === 0) throw catalogErrors.NOT_FOUND(`${location} holds no catalog yet.`, { details });
  throw catalogErrors.FORMAT_TOO_OLD(
    `The catalog ${location} has format ${format}; this version reads ${newestFormat}.`,
    { details },
  );
}

function assertNotNewer(database: Database, location: string): void {
  const format = formatOf(database);
  const application = readNumber(database, "application_id");
  const made = application !== 0 || format !== 0 || hasTables(database);
  if (made && application !== applicationId) {
    throw catalogErrors.FOREIGN(`${location} is an SQLite file, but not a catalog of Reseal.`, {
      details: { location, application_id: application },
    });
  }
  if (format > newestFormat) {
    throw catalogErrors.FORMAT_TOO_NEW(
      `The catalog ${location} has format ${format}; this version knows up to ${newestFormat}.`,
      { details: { location, format, newest: newestFormat } },
    );
  }
}

/** Changing the mode ignores SQLite's own waiting when another process does so at the same time. */
async function setJournal(database: Database, options: MigrateOptions): Promise<string> {
  let deadline: number | undefined;
  for (;;) {
    try {
      return String(database.pragma(`journal_mode = ${options.journal}`, { simple: true }));
    } catch (error) {
      const busy = sqliteCode(error)?.startsWith("SQLITE_BUSY") === true;
      deadline ??= performance.now() + options.busyTimeoutMs;
      if (!busy || performance.now() >= deadline) throw error;
    }
    await sleep(10);
  }
}

function formatOf(database: Database): number {
  return readNumber(database, "user_version");
}

function readNumber(database: Database, pragma: string): number {
  return Number(database.pragma(pragma, { simple: true }));
}

function hasTables(database: Database): boolean {
  return database.prepare("select 1 from sqlite_schema limit 1").get() !== undefined;
}
