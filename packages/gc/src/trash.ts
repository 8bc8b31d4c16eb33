import { existsSync, lstatSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Digest } from "@reseal/hash";
import { appendAudit } from "./audit.ts";
import { hashing, type Problem, problemsAfter, problemsBefore } from "./check-moves.ts";
import type { EntryFile } from "./entry.ts";
import { gcErrors } from "./errors.ts";
import { hashFiles } from "./hash-files.ts";
import { FileMover, syncPath } from "./move-file.ts";
import type { Pool, PoolSource } from "./pool.ts";
import {
  isInTrash,
  noteState,
  readTrash,
  type TrashFile,
  type TrashItem,
} from "./trash-journal.ts";

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
 * were scanned; the trash journal says what will be moved; the files are moved and the names synced; digests are checked again; the
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
    if (source === undefined) await takeAway(pool, items);
    else
      await source.exclusively(async () => {
        for (const [move, problem] of await forgetRows(source, items)) problems.set(move, problem);
        const going = new Map([...items].filter(([move]) => !problems.has(move)));
        await takeAway(pool, going);
        // Whoever seals a run sees by this that blobs were taken away, and looks again.
        await noteState(journal, "moved", [...items.values()], timeOf(pool));
      });
  } catch (error) {
    for (const item of items.values()) await putBack(pool, item);
    throw error;
  }
  const moved = [...items.keys()].filter((move) => !problems.has(move));
  for (const [move, problem] of await problemsAfter(pool, moved, items))
    problems.set(move, problem);
  const good = [...items].filter(([move]) => !problems.has(move)).map(([, item]) => item);
  for (const [move, item] of items) if (problems.has(move)) await putBack(pool, item);
  await noteState(journal, "done", good, timeOf(pool));
  return problems;
}

async function takeAway(pool: Pool, items: ReadonlyMap<TrashMove, TrashItem>): Promise<void> {
  const mover = new FileMover(copyInTrash(pool));
  for (const item of items.values())
    for (const file of item.files) {
      const [from, to] = [join(pool.places.folder, file.path), inTrash(pool, item, file)];
      if (file.replaced_by === undefined) mover.move(from, to);
      else mover.duplicate(from, to);
    }
  await mover.sync();
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

/** Take what was begun back to where it was: the way out of a failure and of a crash. */
async function putBack(pool: Pool, item: TrashItem): Promise<void> {
  const mover = new FileMover(copyInPool(pool));
  for (const file of item.files) {
    const [to, from] = [join(pool.places.folder, file.path), inTrash(pool, item, file)];
    if (!existsSync(from)) continue;
    // Between file systems a whole copy may be there and the original as well.
    if (existsSync(to)) mover.remove(from);
    else mover.move(from, to);
  }
  await mover.sync();
  removeEmptyFolders(join(pool.places.trash, item.folder));
  await pool.source?.remember(item);
  await noteState(pool.journal, "put_back", [item], timeOf(pool));
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
  const mover = new FileMover(copyInPool(pool));
  for (const file of item.files) {
    const [to, from] = [join(pool.places.folder, file.path), inTrash(pool, item, file)];
    if (!existsSync(from)) continue;
    if (existsSync(to) && file.replaced_by === undefined) mover.remove(from);
    else mover.move(from, to);
  }
  await mover.sync();
  removeEmptyFolders(join(pool.places.trash, item.folder));
  await pool.source?.remember(item);
  await noteState(pool.journal, "restored", [item], timeOf(pool));
}

async function checkRestore(pool: Pool, item: TrashItem): Promise<void> {
  const { trash, folder } = pool.places;
  const files = item.files.map(({ path, size }) => ({ path, size }));
  const there = await hashFiles(join(trash, item.folder), files, hashing(pool));
  const here = await hashFiles(folder, files, hashing(pool));
  for (const [index, file] of item.files.entries()) {
    const [lost, found] = [there[index], here[index]];
    const isBack = found?.digest === file.digest;
    const isReplacement = file.replaced_by !== undefined && found?.digest === file.replaced_by;
    if (found?.problem !== "ENOENT" && !isBack && !isReplacement)
      throw gcErrors.RESTORE_CONFLICT(`${file.path} is there, and is another file.`, {
        details: { path: file.path, folder: item.folder },
      });
    const isGone = lost?.problem === "ENOENT" && isBack;
    if (!isGone && lost?.digest !== file.digest)
      throw gcErrors.TRASH_DAMAGED(
        `${item.folder}/${file.path} in the trash is ${lost?.problem === "ENOENT" ? "missing" : "not what was moved there"}.`,
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
      return { path, size, digest, ...(replacement && { replaced_by: replacement }) };
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

function inTrash({ places }: Pool, item: TrashItem, file: TrashFile): string {
  return join(places.trash, item.folder, file.path);
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
