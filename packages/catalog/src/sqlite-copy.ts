import type { Database } from "better-sqlite3";
import { catalogErrors } from "./errors.ts";
import { translateSqliteError } from "./sqlite-errors.ts";

interface CopyOptions {
  readonly busyTimeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Pages that are copied before others have their turn. */
const pagesPerStep = 1000;

/**
 * SQLite's online backup, into a new file or over the content of one that others have open.
 * @see https://www.sqlite.org/backup.html
 */
export async function copyDatabase(
  database: Database,
  file: string,
  { busyTimeoutMs, signal }: CopyOptions,
): Promise<void> {
  const deadline = performance.now() + busyTimeoutMs;
  let waitedSince: number | undefined;
  let remaining = -1;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { totalPages } = await database.backup(file, {
        progress({ remainingPages, totalPages: pages }) {
          signal?.throwIfAborted();
          // No step forward means that somebody holds a lock.
          if (remainingPages === remaining || pages === 0) waitedSince ??= performance.now();
          else waitedSince = undefined;
          remaining = remainingPages;
          if (waitedSince !== undefined && performance.now() - waitedSince > busyTimeoutMs)
            throw locked(file);
          return pagesPerStep;
        },
      });
      if (totalPages > 0) return;
      // The first step found the target locked, which better-sqlite3 takes for the end.
      if (performance.now() >= deadline) throw locked(file);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  } catch (error) {
    throw translateSqliteError(error, file);
  }
}

/** What SQLite finds wrong with a file, in its own words. */
export function findProblems(database: Database, location: string): readonly string[] {
  try {
    const found = database.pragma("integrity_check(100)") as { integrity_check: string }[];
    const broken = database.pragma("foreign_key_check") as { table: string; parent: string }[];
    return [
      ...found.map((row) => row.integrity_check).filter((text) => text !== "ok"),
      ...broken.slice(0, 100).map(({ table, parent }) => `A row of ${table} has no ${parent}.`),
    ];
  } catch (error) {
    const translated = translateSqliteError(error, location);
    return [translated instanceof Error ? translated.message : String(translated)];
  }
}

function locked(file: string): Error {
  return catalogErrors.BUSY(`The catalog ${file} is locked by another process.`, {
    details: { location: file },
  });
}
