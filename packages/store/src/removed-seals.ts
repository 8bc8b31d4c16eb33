import { type Digest, isDigest } from "@reseal/hash";
import type { Journal } from "./journal.ts";

/** Where a seal went that was deleted on purpose: it can be brought back, or it cannot. */
export type SealRemoval = "trash" | "purged";

/**
 * Seals that were deleted on purpose, by what the `trash` stream of a store says of them. The
 * `seals` stream still names them, and the runs that derive from them do.
 */
export async function readRemovedSeals(
  journal: Journal,
): Promise<ReadonlyMap<Digest, SealRemoval>> {
  const moved = new Map<unknown, readonly Digest[]>();
  const removed = new Map<Digest, SealRemoval>();
  for await (const { record } of journal.read("trash")) {
    const { op, state, seals } = record;
    if (state === "begun" && Array.isArray(seals)) moved.set(op, seals.filter(isDigest));
    for (const seal of moved.get(op) ?? []) {
      if (state === "put_back" || state === "restored") removed.delete(seal);
      else removed.set(seal, state === "purged" || state === "purging" ? "purged" : "trash");
    }
  }
  return removed;
}
