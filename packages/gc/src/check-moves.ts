import { lstatSync } from "node:fs";
import type { EntryFile } from "./entry.ts";
import { gcErrors } from "./errors.ts";
import { hashFiles } from "./hash-files.ts";
import { isSameStamp } from "./hash-task.ts";
import type { Pool } from "./pool.ts";
import type { TrashMove } from "./trash.ts";
import type { TrashItem } from "./trash-journal.ts";

/** Why a move was not made. */
export interface Problem {
  readonly code: string;
  readonly message: string;
}

interface CheckedFile {
  readonly move: TrashMove;
  readonly file: EntryFile;
  /** Relative to the folder that is looked at. */
  readonly path: string;
  readonly size: number;
}

/**
 * Which moves have a file that is not what was planned, before they begin. A file with the stat
 * record that it had when it was read is not read again: that is done once it is in the trash,
 * where nobody can change it unseen.
 */
export async function problemsBefore(
  pool: Pool,
  moves: readonly TrashMove[],
): Promise<Map<TrashMove, Problem>> {
  const { folder } = pool.places;
  const isSame = ({
    file: { stamp, path, unusedSinceMs = stamp?.mtimeMs },
  }: CheckedFile): boolean => {
    if (stamp === undefined || stamp.mtimeMs > (unusedSinceMs ?? 0)) return false;
    const found = lstatSync(`${folder}/${path}`, { throwIfNoEntry: false });
    return found !== undefined && isSameStamp(found, stamp);
  };
  const all = moves.flatMap((move) =>
    move.files.map((file): CheckedFile => ({ move, file, path: file.path, size: file.size })),
  );
  return await problemsOf(
    pool,
    folder,
    all.filter((one) => !isSame(one)),
  );
}

/** Which moves have a file that is not what was planned, now that it is in the trash. */
export async function problemsAfter(
  pool: Pool,
  moves: readonly TrashMove[],
  items: ReadonlyMap<TrashMove, TrashItem>,
): Promise<Map<TrashMove, Problem>> {
  const all = moves.flatMap((move) =>
    move.files.map((file): CheckedFile => {
      const path = `${items.get(move)?.folder}/${file.path}`;
      return { move, file, path, size: file.size };
    }),
  );
  return await problemsOf(pool, pool.places.trash, all);
}

async function problemsOf(
  pool: Pool,
  root: string,
  files: readonly CheckedFile[],
): Promise<Map<TrashMove, Problem>> {
  const facts = await hashFiles(root, files, hashing(pool));
  const problems = new Map<TrashMove, Problem>();
  for (const [index, { move, file }] of files.entries()) {
    const fact = facts[index];
    const isUsed = (fact?.mtimeMs ?? 0) > (file.unusedSinceMs ?? Number.POSITIVE_INFINITY);
    if ((fact?.digest === file.digest && !isUsed) || problems.has(move)) continue;
    const what = isUsed ? "was used" : fact?.problem === "ENOENT" ? "is gone" : "changed";
    problems.set(move, {
      code: gcErrors.FILE_CHANGED.code,
      message: `${file.path} ${what} since the scan (checksum mismatch); ${move.entryId} was left as it is.`,
    });
  }
  return problems;
}

/** How the files of a pool are read. */
export function hashing({ config, signal }: Pool): Parameters<typeof hashFiles>[2] {
  return { workers: config.parallelWorkers, bufferBytes: config.checksumBufferBytes, signal };
}
