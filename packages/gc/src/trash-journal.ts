import type { Digest } from "@reseal/hash";
import type { Journal, JournalRecord } from "@reseal/store";

/** A file in the trash, and the place it came from. */
export interface TrashFile {
  /** Relative to the pool, and to the item's folder in the trash. */
  readonly path: string;
  readonly size: number;
  readonly digest: Digest;
  /** What was put in its place: a restore may overwrite exactly that, and nothing else. */
  readonly replaced_by?: Digest | undefined;
}

/**
 * Where an item is on its way: `begun` and not yet all there, `moved` and not yet checked, `done`,
 * `put_back` because it could not be finished, on its way back, back, being destroyed, destroyed.
 */
export type TrashState =
  | "begun"
  | "moved"
  | "done"
  | "put_back"
  | "restoring"
  | "restored"
  | "purging"
  | "purged";

/** What was moved to the trash in one go. */
export interface TrashItem {
  /** Number of the move, 1 for the first. */
  readonly op: number;
  readonly state: TrashState;
  /** When it was moved, ISO 8601 UTC. */
  readonly at: string;
  /** Why: `gc`, `compact`, `purge`. */
  readonly action: string;
  readonly entry_id: string;
  readonly family: string;
  readonly run_id: string;
  /** Name of its folder in the trash: the entry's id, with a number when that was taken. */
  readonly folder: string;
  readonly files: readonly TrashFile[];
  /** Sealed runs whose rows went with the files. */
  readonly seals?: readonly Digest[] | undefined;
}

interface StateRecord extends JournalRecord {
  readonly op: number;
  readonly state: TrashState;
  readonly at: string;
}

/** All that was ever moved to the trash, oldest first, each in its present state. */
export async function readTrash(journal: Journal): Promise<TrashItem[]> {
  const items = new Map<number, TrashItem>();
  for await (const { record } of journal.read("trash")) {
    const { op, state } = record as StateRecord;
    if (state === "begun") items.set(op, record as unknown as TrashItem);
    const item = items.get(op);
    if (item !== undefined) items.set(op, { ...item, state });
  }
  return [...items.values()];
}

/** Whether an item's files are in the trash, whole or in part. */
export function isInTrash({ state }: TrashItem): boolean {
  return state !== "put_back" && state !== "restored" && state !== "purged";
}

/** Note that items have come to a state; durable when it resolves. */
export async function noteState(
  journal: Journal,
  state: TrashState,
  items: readonly Pick<TrashItem, "op">[],
  at: string,
): Promise<void> {
  await journal.append(
    "trash",
    items.map(({ op }) => ({ op, state, at })),
  );
}
