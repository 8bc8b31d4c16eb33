import type { EntryFile } from "./entry.ts";
import { gcErrors } from "./errors.ts";
import { type FileStamp, FileTable } from "./file-task.ts";
import type { Pool } from "./pool.ts";
import type { TrashMove } from "./trash.ts";
import type { TrashItem } from "./trash-journal.ts";
import { filesOutside, wholeFolders } from "./whole-folders.ts";

/** For each item the folders that were moved with all that they hold. */
export type WholeFolders = ReadonlyMap<TrashItem, readonly string[]>;

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
  /** Of a file whose name was not changed: it still has the stat record that it had in the scan. */
  readonly stamp?: FileStamp | undefined;
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
  const { places, threads, signal } = pool;
  const { folder } = places;
  const all = moves.flatMap((move) =>
    move.files.map(
      (file): CheckedFile => ({ move, file, path: file.path, size: file.size, stamp: file.stamp }),
    ),
  );
  const known = all.filter(
    ({ stamp, file }) =>
      stamp !== undefined && stamp.mtimeMs <= (file.unusedSinceMs ?? stamp.mtimeMs),
  );
  const paths = known.map(({ path }) => path);
  const table = await threads.look({ folder, paths, signal });
  const same = new Set(
    known.filter(({ stamp }, index) => stamp !== undefined && table.hasStamp(index, stamp)),
  );
  const others = all.filter((one) => !same.has(one));
  return await problemsOf(
    pool,
    folder,
    others.map((one) => ({ ...one, stamp: undefined })),
  );
}

/**
 * Which moves have a file that is not what was planned, now that it is in the trash, or took
 * something with them that is none of theirs.
 * @param whole For each item the folders that were moved in one step.
 */
export async function problemsAfter(
  pool: Pool,
  moves: readonly TrashMove[],
  items: ReadonlyMap<TrashMove, TrashItem>,
  whole: WholeFolders,
): Promise<Map<TrashMove, Problem>> {
  const { trash } = pool.places;
  const all: CheckedFile[] = [];
  const strangers = new Map<TrashMove, Problem>();
  for (const move of moves) {
    const item = items.get(move);
    const folders = item && whole.get(item);
    const mixed = folders && mixedFolder(`${trash}/${item.folder}`, move, folders);
    if (mixed !== undefined) {
      const message = `Something was put into ${mixed} since the scan; ${move.entryId} was left as it is.`;
      strangers.set(move, { code: gcErrors.FILE_CHANGED.code, message });
      continue;
    }
    const renamed = new Set(filesOutside(move.files, folders ?? []));
    for (const file of move.files) {
      const path = `${item?.folder}/${file.path}`;
      const stamp = renamed.has(file) ? undefined : file.stamp;
      all.push({ move, file, path, size: file.size, stamp });
    }
  }
  return new Map([...strangers, ...(await problemsOf(pool, trash, all))]);
}

/** A folder that was moved whole and does not hold the files of the move alone. */
function mixedFolder(
  root: string,
  { files }: TrashMove,
  folders: readonly string[],
): string | undefined {
  const wanted = new Set(folders);
  const paths = files.map(({ path }) => path);
  const found = new Set(wholeFolders(root, paths, (folder) => wanted.has(folder)));
  return folders.find((folder) => !found.has(folder));
}

async function problemsOf(
  pool: Pool,
  root: string,
  files: readonly CheckedFile[],
): Promise<Map<TrashMove, Problem>> {
  const table = new FileTable(files.length);
  for (const [index, { stamp }] of files.entries())
    if (stamp !== undefined) table.setStamp(index, stamp);
  await readFiles(pool, root, files, table);
  const problems = new Map<TrashMove, Problem>();
  for (const [index, { move, file }] of files.entries()) {
    const isUsed =
      file.unusedSinceMs !== undefined && table.stamp(index).mtimeMs > file.unusedSinceMs;
    if ((table.digest(index) === file.digest && !isUsed) || problems.has(move)) continue;
    const what = isUsed ? "was used" : table.problem(index) === "gone" ? "is gone" : "changed";
    problems.set(move, {
      code: gcErrors.FILE_CHANGED.code,
      message: `${file.path} ${what} since the scan (checksum mismatch); ${move.entryId} was left as it is.`,
    });
  }
  return problems;
}

/** Digest files of a pool or its trash. */
export function readFiles(
  { config, signal, threads }: Pick<Pool, "config" | "signal" | "threads">,
  folder: string,
  files: readonly { readonly path: string; readonly size: number }[],
  table?: FileTable,
): Promise<FileTable> {
  return threads.read({
    folder,
    paths: files.map(({ path }) => path),
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    bufferBytes: config.checksumBufferBytes,
    signal,
    table,
  });
}
