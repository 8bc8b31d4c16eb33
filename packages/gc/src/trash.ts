import { existsSync, lstatSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Digest } from "@reseal/hash";
import { appendAudit } from "./audit.ts";
import {
  type Problem,
  problemsAfter,
  problemsBefore,
  readFiles,
  type WholeFolders,
} from "./check-moves.ts";
import type { EntryFile } from "./entry.ts";
import { gcErrors } from "./errors.ts";
import { FileMover, syncPath } from "./move-file.ts";
import type { Pool, PoolSource } from "./pool.ts";
import { isFolderOfRun } from "./run-key.ts";
import {
  isInTrash,
  noteState,
  readTrash,
  type TrashFile,
  type TrashItem,
} from "./trash-journal.ts";
import { filesOutside, isFree, listOnce, wholeFolders } from "./whole-folders.ts";

/** Files of one entry that go to the trash together or not at all. */
export interface TrashMove {
  readonly entryId: string;
  readonly family: string;
  readonly runId: string;
  /** As they were when they were planned: others are left where they are. */
  readonly files: readonly EntryFile[];
  /**
   * Digests of what will be put in the place of some of the files. These are then not taken away
   * but be in both places, until the caller renames the new file over the old one.
   */
  readonly replacedBy?: ReadonlyMap<string, Digest> | undefined;
  /** Sealed runs whose rows go with the files. */
  readonly seals?: readonly Digest[] | undefined;
}

/** What became of a move. */
export interface TrashOutcome {
  readonly move: TrashMove;
  /** The item; absent when nothing was moved. */
  readonly item?: TrashItem | undefined;
  readonly problem?: { readonly code: string; readonly message: string } | undefined;
}

/** Options of {@link moveToTrash}. */
export interface TrashOptions {
  readonly onProgress?: ((done: { readonly files: number }) => void) | undefined;
}

/** So many entries are begun, moved, synced and noted as done together. */
const movesInBatch = 256;

/**
 * Move files to the trash, `<trash>/<entry id>/<path in the pool>`.
 *
 * In this order, so that a crash at any point loses nothing: the files are checked to be those that
 * were scanned; the trash journal says what will be moved; the files are moved, a folder of the run
 * that holds nothing else in one step; the names are synced and the digests checked again; the
 * journal says that it is done. What is begun and not done, the next process that opens the pool
 * puts back. A file that is not what was planned stays, and the rest of its entry with it.
 * @param action Why, for the trash journal: `gc`, `compact`, `purge`.
 * @throws `GC_WRITE_FAILED` when the file system refuses; what was begun is put back.
 */
export async function moveToTrash(
  pool: Pool,
  action: string,
  moves: readonly TrashMove[],
  { onProgress }: TrashOptions = {},
): Promise<TrashOutcome[]> {
  const outcomes: TrashOutcome[] = [];
  const known = await readTrash(pool.journal);
  const taken = new Set(known.filter(isInTrash).map(({ folder }) => folder));
  let op = known.at(-1)?.op ?? 0;
  let files = 0;
  for (let start = 0; start < moves.length; start += movesInBatch) {
    pool.signal?.throwIfAborted();
    const batch = moves.slice(start, start + movesInBatch);
    const problems = await problemsBefore(pool, batch);
    const items = new Map<TrashMove, TrashItem>();
    for (const move of batch) {
      if (problems.has(move)) continue;
      op += 1;
      items.set(move, itemOf(pool, action, move, op, freeName(pool, move.entryId, taken)));
    }
    const done = await moveBatch(pool, items);
    for (const move of batch) {
      const item = items.get(move);
      const problem = problems.get(move) ?? done.get(move);
      outcomes.push(problem === undefined && item ? { move, item } : { move, problem });
      files += move.files.length;
    }
    onProgress?.({ files });
  }
  return outcomes;
}

/** Move what the journal names, after it names it. @returns what went wrong with which. */
async function moveBatch(
  pool: Pool,
  items: ReadonlyMap<TrashMove, TrashItem>,
): Promise<Map<TrashMove, Problem>> {
  const { journal, source } = pool;
  await journal.append("trash", [...items.values()].map(toRecord));
  const problems = new Map<TrashMove, Problem>();
  try {
    if (source === undefined) {
      const { mover, whole } = takeAway(pool, items);
      const [, found] = await bothOf(
        mover.sync(),
        problemsAfter(pool, [...items.keys()], items, whole),
      );
      for (const [move, problem] of found) problems.set(move, problem);
    } else {
      await source.exclusively(async () => {
        for (const [move, problem] of await forgetRows(source, items)) problems.set(move, problem);
        const going = new Map([...items].filter(([move]) => !problems.has(move)));
        await takeAway(pool, going).mover.sync();
        // Whoever seals a run sees by this that blobs were taken away, and looks again.
        await noteState(journal, "moved", [...items.values()], timeOf(pool));
      });
      const moved = [...items.keys()].filter((move) => !problems.has(move));
      for (const [move, problem] of await problemsAfter(pool, moved, items, new Map()))
        problems.set(move, problem);
    }
  } catch (error) {
    for (const item of items.values()) await putBack(pool, item);
    throw error;
  }
  const good = [...items].filter(([move]) => !problems.has(move)).map(([, item]) => item);
  for (const [move, item] of items) if (problems.has(move)) await putBack(pool, item);
  await noteState(journal, "done", good, timeOf(pool));
  return problems;
}

/** Move files, and where a folder of the run holds nothing else, the folder. Nothing is synced yet. */
function takeAway(
  pool: Pool,
  items: ReadonlyMap<TrashMove, TrashItem>,
): { readonly mover: FileMover; readonly whole: WholeFolders } {
  const { folder } = pool.places;
  const mover = new FileMover(copyInTrash(pool));
  const whole = new Map<TrashItem, readonly string[]>();
  const list = listOnce();
  for (const [move, item] of items) {
    const paths = item.files.map(({ path }) => path);
    const isWanted = (path: string): boolean => isFolderOfRun(path, move.runId);
    const folders =
      pool.source === undefined && move.replacedBy === undefined
        ? wholeFolders(folder, paths, isWanted, list)
        : [];
    const moved = folders.filter((path) =>
      mover.moveFolder(join(folder, path), inTrash(pool, item, path)),
    );
    whole.set(item, moved);
    for (const { path, replaced_by } of filesOutside(item.files, moved)) {
      const [from, to] = [join(folder, path), inTrash(pool, item, path)];
      if (replaced_by === undefined) mover.move(from, to);
      else mover.duplicate(from, to);
    }
  }
  return { mover, whole };
}

/** What both came to, once both have ended. @throws what the first of them that failed threw */
async function bothOf<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return Promise.all([a, b]);
}

/** The rows go first: whoever sees one can read its bytes. */
async function forgetRows(
  source: PoolSource,
  items: ReadonlyMap<TrashMove, TrashItem>,
): Promise<Map<TrashMove, Problem>> {
  const problems = new Map<TrashMove, Problem>();
  const refused = await source.forget([...items.values()]);
  for (const [move, { op }] of items) {
    const message = refused.get(op);
    if (message !== undefined) problems.set(move, { code: gcErrors.ENTRY_PROTECTED.code, message });
  }
  return problems;
}

/**
 * Take what was begun back to where it was: the way out of a failure and of a crash. Also what came
 * with a whole folder, because it was put there in the last moment.
 */
async function putBack(pool: Pool, item: TrashItem): Promise<void> {
  const mover = new FileMover(copyInPool(pool));
  const from = join(pool.places.trash, item.folder);
  const twice = new Set(existsSync(from) ? bringBack(mover, from, pool.places.folder) : []);
  // Between file systems a whole copy may be there and the original as well.
  const originals = item.files.filter(({ path }) => twice.has(path));
  const here = await readFiles({ ...pool, signal: undefined }, pool.places.folder, originals);
  for (const [index, { path, digest }] of originals.entries())
    if (here.digest(index) === digest) mover.remove(inTrash(pool, item, path));
  await mover.sync();
  removeEmptyFolders(from);
  await pool.source?.remember(item);
  await noteState(pool.journal, "put_back", [item], timeOf(pool));
}

/** Move back all of a folder that has nothing in its way. @returns what has, by paths */
function bringBack(mover: FileMover, from: string, to: string, folder = ""): string[] {
  return readdirSync(join(from, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    const [source, target] = [join(from, path), join(to, path)];
    if (!entry.isDirectory()) {
      if (!isFree(target)) return [path];
      mover.move(source, target);
      return [];
    }
    const isBack = isFree(target) && mover.moveFolder(source, target);
    return isBack ? [] : bringBack(mover, from, to, path);
  });
}

/**
 * Put right what a dead process left: moves to the trash are taken back, restores and purges are
 * finished. @returns how many there were
 */
export async function finishMoves(pool: Pool): Promise<number> {
  const unfinished = (await readTrash(pool.journal)).filter(
    ({ state }) =>
      state === "begun" || state === "moved" || state === "restoring" || state === "purging",
  );
  for (const copy of [copyInPool(pool), copyInTrash(pool)]) rmSync(copy, { force: true });
  for (const item of unfinished) {
    if (item.state === "begun" || item.state === "moved") await putBack(pool, item);
    else if (item.state === "purging") await destroy(pool, [item]);
    else await finishRestore(pool, item);
  }
  if (unfinished.length > 0)
    await appendAudit(pool, "recover", {
      moves: unfinished.map(({ op, entry_id, action, state }) => ({ op, entry_id, action, state })),
    });
  return unfinished.length;
}

/**
 * Bring an item back from the trash. What is already back is left; nothing is overwritten but what
 * took the place of a file.
 * @throws `GC_RESTORE_CONFLICT` when another file is in the way, `GC_TRASH_DAMAGED` when a file in
 * the trash is missing or not what was moved there; nothing was moved then.
 */
export async function restoreItem(pool: Pool, item: TrashItem): Promise<void> {
  await checkRestore(pool, item);
  await noteState(pool.journal, "restoring", [item], timeOf(pool));
  await moveBack(pool, item);
}

async function finishRestore(pool: Pool, item: TrashItem): Promise<void> {
  try {
    await checkRestore(pool, item);
  } catch {
    // Somebody put something in the way meanwhile: the rest stays in the trash, to be restored.
    await noteState(pool.journal, "done", [item], timeOf(pool));
    return;
  }
  await moveBack(pool, item);
}

async function moveBack(pool: Pool, item: TrashItem): Promise<void> {
  const { folder, trash } = pool.places;
  const mover = new FileMover(copyInPool(pool));
  const paths = item.files.map(({ path }) => path);
  const whole = wholeFolders(join(trash, item.folder), paths, (path) =>
    isFree(join(folder, path)),
  ).filter((path) => mover.moveFolder(inTrash(pool, item, path), join(folder, path)));
  for (const { path, replaced_by } of filesOutside(item.files, whole)) {
    const [to, from] = [join(folder, path), inTrash(pool, item, path)];
    if (!existsSync(from)) continue;
    if (existsSync(to) && replaced_by === undefined) mover.remove(from);
    else mover.move(from, to);
  }
  await mover.sync();
  removeEmptyFolders(join(pool.places.trash, item.folder));
  await pool.source?.remember(item);
  await noteState(pool.journal, "restored", [item], timeOf(pool));
}

async function checkRestore(pool: Pool, item: TrashItem): Promise<void> {
  const { trash, folder } = pool.places;
  const there = await readFiles(pool, join(trash, item.folder), item.files);
  const here = await readFiles(pool, folder, item.files);
  for (const [index, file] of item.files.entries()) {
    const [lost, found] = [there.digest(index), here.digest(index)];
    const isLost = there.problem(index) === "gone";
    const isBack = found === file.digest;
    const isReplacement = file.replaced_by !== undefined && found === file.replaced_by;
    if (here.problem(index) !== "gone" && !isBack && !isReplacement)
      throw gcErrors.RESTORE_CONFLICT(`${file.path} is there, and is another file.`, {
        details: { path: file.path, folder: item.folder },
      });
    if (!(isLost && isBack) && lost !== file.digest)
      throw gcErrors.TRASH_DAMAGED(
        `${item.folder}/${file.path} in the trash is ${isLost ? "missing" : "not what was moved there"}.`,
        { details: { path: file.path, folder: item.folder } },
      );
  }
}

/** Destroy items of the trash for good. */
export async function purgeItems(pool: Pool, items: readonly TrashItem[]): Promise<void> {
  await noteState(pool.journal, "purging", items, timeOf(pool));
  await destroy(pool, items);
}

async function destroy(pool: Pool, items: readonly TrashItem[]): Promise<void> {
  for (const item of items)
    rmSync(join(pool.places.trash, item.folder), { recursive: true, force: true });
  // A power cut must not bring back what the journal says is gone.
  if (items.length > 0) syncPath(pool.places.trash);
  await noteState(pool.journal, "purged", items, timeOf(pool));
}

function itemOf(
  pool: Pool,
  action: string,
  { entryId, family, runId, files, replacedBy, seals }: TrashMove,
  op: number,
  folder: string,
): TrashItem {
  return {
    op,
    state: "begun",
    at: timeOf(pool),
    action,
    entry_id: entryId,
    family,
    run_id: runId,
    folder,
    ...(seals !== undefined && { seals }),
    files: files.map(({ path, size, digest }): TrashFile => {
      const replacement = replacedBy?.get(path);
      // In the order of the journal's keys, or each would be copied to be written.
      return { digest, path, ...(replacement && { replaced_by: replacement }), size };
    }),
  };
}

function timeOf({ clock }: Pool): string {
  return new Date(clock.now()).toISOString();
}

function toRecord(item: TrashItem): Readonly<Record<string, unknown>> {
  return { ...item };
}

/** The entry's id, or with a number when something else of that name is there. */
function freeName(pool: Pool, entryId: string, taken: Set<string>): string {
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? entryId : `${entryId}-${number}`;
    const isThere = lstatSync(join(pool.places.trash, name), { throwIfNoEntry: false });
    if (isThere !== undefined || taken.has(name)) continue;
    taken.add(name);
    return name;
  }
}

function inTrash({ places }: Pool, item: TrashItem, path: string): string {
  return join(places.trash, item.folder, path);
}

/** Where a file is while it comes from another file system and is not whole. */
function copyInPool({ places }: Pool): string {
  return join(places.folder, ".manifest.copy");
}

function copyInTrash({ places }: Pool): string {
  return join(places.trash, ".copy");
}

/** Remove folders without files; whatever a person put there stays. */
function removeEmptyFolders(folder: string): void {
  if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return;
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeEmptyFolders(join(folder, entry.name));
  if (readdirSync(folder).length === 0) rmSync(folder, { recursive: true });
}
