import type { GcReport } from "@reseal/schema";
import { appendAudit } from "./audit.ts";
import { namedBy } from "./entry-named.ts";
import { gcErrors } from "./errors.ts";
import type { Pool } from "./pool.ts";
import { restoreItem } from "./trash.ts";
import { isInTrash, readTrash, type TrashItem } from "./trash-journal.ts";

/** What a restore did. */
export interface Restored {
  readonly restored: readonly TrashItem[];
  /** Items that cannot be brought back, and why. */
  readonly failed: readonly {
    readonly item: TrashItem;
    readonly code: string;
    readonly message: string;
  }[];
  /** Items of a report that are not in the trash any more. */
  readonly gone: readonly TrashItem[];
}

/**
 * The item in the trash that a name stands for: a folder of the trash, the id of its run, or a
 * unique beginning of one.
 * @throws `GC_ENTRY_NOT_FOUND`, `GC_ENTRY_AMBIGUOUS`
 */
export function itemNamed(items: readonly TrashItem[], name: string): TrashItem {
  const present = items
    .filter(isInTrash)
    .map((item) => ({ id: item.folder, run_id: item.run_id, seal: item.seals?.[0], item }));
  const hits = namedBy(present, name).map(({ item }) => item);
  const [hit] = hits;
  if (hit === undefined)
    throw gcErrors.ENTRY_NOT_FOUND(`There is nothing ${name} in the trash.`, {
      details: { id: name },
    });
  if (hits.length > 1)
    throw gcErrors.ENTRY_AMBIGUOUS(
      `${name} stands for ${hits.length} items: ${hits.map(({ folder }) => folder).join(", ")}.`,
      { details: { id: name, candidates: hits.map(({ folder }) => folder) } },
    );
  return hit;
}

/** Bring items back from the trash, each whole or not at all. */
export async function restoreItems(
  pool: Pool,
  items: readonly TrashItem[],
  onProgress?: (done: { readonly files: number }) => void,
): Promise<Restored> {
  const restored: TrashItem[] = [];
  const failed: { item: TrashItem; code: string; message: string }[] = [];
  await appendAudit(pool, "restore", { folders: items.map(({ folder }) => folder) });
  let files = 0;
  // Blobs before the runs that need them.
  const ordered = items.toSorted((a, b) => (a.seals?.length ?? 0) - (b.seals?.length ?? 0));
  for (const item of ordered) {
    pool.signal?.throwIfAborted();
    try {
      for (const needed of await itemsNeededBy(pool, item)) await restoreItem(pool, needed);
      await restoreItem(pool, item);
      restored.push(item);
    } catch (error) {
      const { code, message } = error as Error & { readonly code?: string };
      if (code === undefined || !refusals.has(code)) throw error;
      failed.push({ item, code, message });
    }
    files += item.files.length;
    onProgress?.({ files });
  }
  await appendAudit(pool, "restore_done", {
    restored: restored.map(({ folder }) => folder),
    failed: failed.map(({ item }) => item.folder),
  });
  return { restored, failed, gone: [] };
}

/** What a run has in common with others that were deleted with it. */
async function itemsNeededBy(pool: Pool, item: TrashItem): Promise<TrashItem[]> {
  const missing = await pool.source?.missing(item);
  if (missing === undefined || missing.size === 0) return [];
  return (await readTrash(pool.journal)).filter(
    (other) =>
      isInTrash(other) &&
      other.seals === undefined &&
      other.files.some(({ digest }) => missing.has(digest)),
  );
}

/** What concerns one item and leaves the others as they are. */
const refusals: ReadonlySet<string> = new Set([
  gcErrors.RESTORE_CONFLICT.code,
  gcErrors.TRASH_DAMAGED.code,
]);

/** Undo an apply: bring back all that its report names and that is still in the trash. */
export async function restoreReport(
  pool: Pool,
  report: GcReport,
  onProgress?: (done: { readonly files: number }) => void,
): Promise<Restored> {
  const ops = new Set(report.items.map(({ op }) => op));
  const items = (await readTrash(pool.journal)).filter(({ op }) => ops.has(op));
  const outcome = await restoreItems(pool, items.filter(isInTrash), onProgress);
  return { ...outcome, gone: items.filter(({ state }) => state === "purged") };
}
