import { moveOf } from "./apply-gc.ts";
import { appendAudit } from "./audit.ts";
import type { ScannedEntry } from "./entry.ts";
import { gcErrors } from "./errors.ts";
import { unpinEntry } from "./pin-entry.ts";
import type { Pool } from "./pool.ts";
import type { Scan } from "./scan.ts";
import { moveToTrash, purgeItems } from "./trash.ts";
import { isInTrash, readTrash, type TrashItem } from "./trash-journal.ts";

/** What was destroyed of an entry. */
export interface Purged {
  readonly entry_id: string;
  readonly family: string;
  readonly run_id: string;
  readonly files: number;
  readonly bytes: number;
}

/**
 * Destroy an entry at once and for good, wherever it is: in the pool, in the trash, and every older
 * version of its files there. Also when it is protected: this is for what must not stay, such as a
 * leaked secret. What was destroyed, by whom and why stays in the audit log and in the trash
 * journal.
 * @param entry In the pool; absent when it is only in the trash.
 * @throws `GC_FILE_CHANGED` when a file is not what the scan saw; nothing is destroyed then.
 */
export async function purgeEntry(
  pool: Pool,
  scan: Scan,
  target: { readonly entry?: ScannedEntry | undefined; readonly item?: TrashItem | undefined },
  reason: string,
): Promise<Purged> {
  const { entry, item } = target;
  const { family, run_id } = entry ?? item ?? { family: "", run_id: "" };
  const entryId = entry?.id ?? item?.entry_id ?? "";
  await appendAudit(pool, "purge", { id: entryId, family, run_id, reason });
  if (entry !== undefined) {
    const [outcome] = await moveToTrash(pool, "purge", [
      await moveOf(scan, entry, { isUrgent: true }),
    ]);
    if (outcome?.item === undefined)
      throw gcErrors.FILE_CHANGED(outcome?.problem?.message ?? `${entryId} cannot be moved.`);
    if (entry.is_pinned) await unpinEntry(pool, entry);
  }
  const all = (await readTrash(pool.journal)).filter(
    (one) => isInTrash(one) && one.family === family && one.run_id === run_id,
  );
  await purgeItems(pool, all);
  const files = all.flatMap((one) => one.files);
  const purged = {
    entry_id: entryId,
    family,
    run_id,
    files: files.length,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
  };
  await appendAudit(pool, "purge_done", { ...purged, id: entryId, reason });
  return purged;
}
