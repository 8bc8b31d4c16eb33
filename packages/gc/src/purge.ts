import type { Digest } from "@reseal/hash";
import { moveOf } from "./apply-gc.ts";
import { appendAudit } from "./audit.ts";
import type { ScannedEntry } from "./entry.ts";
import { gcErrors } from "./errors.ts";
import { unpinEntry } from "./pin-entry.ts";
import type { Pool } from "./pool.ts";
import type { Scan, Shared } from "./scan.ts";
import { moveToTrash, purgeItems } from "./trash.ts";
import { isInTrash, readTrash, type TrashItem } from "./trash-journal.ts";

/** What was destroyed of an entry. */
export interface Purged {
  readonly entry_id: string;
  readonly family: string;
  readonly run_id: string;
  readonly files: number;
  readonly bytes: number;
  /** What other runs have as well, and so was not destroyed. */
  readonly shared: Shared;
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
  const shared = (await sharedOf(scan, entry)) ?? { files: 0, entries: [] };
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
  const common = await deletedInCommon(pool, all);
  await purgeItems(pool, [...all, ...common]);
  const files = [...all, ...common].flatMap((one) => one.files);
  const purged = {
    entry_id: entryId,
    family,
    run_id,
    files: files.length,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    shared,
  };
  const { shared: _, ...facts } = purged;
  await appendAudit(pool, "purge_done", { ...facts, id: entryId, reason });
  return purged;
}

/** What a purge of an entry would leave because others have it as well. */
export async function sharedOf(
  scan: Scan,
  entry: ScannedEntry | undefined,
): Promise<Shared | undefined> {
  return entry && scan.store?.sharedWith(entry);
}

/** What the runs had in common with others that were deleted, and none in the trash needs now. */
async function deletedInCommon(pool: Pool, purged: readonly TrashItem[]): Promise<TrashItem[]> {
  const { source } = pool;
  if (source === undefined) return [];
  const going = new Set(purged.map(({ op }) => op));
  const [wanted, needed] = [new Set<Digest>(), new Set<Digest>()];
  const present = (await readTrash(pool.journal)).filter(isInTrash);
  for (const item of present)
    for (const digest of await source.missing(item))
      (going.has(item.op) ? wanted : needed).add(digest);
  return present.filter(
    ({ seals, files }) =>
      seals === undefined && files.every(({ digest }) => wanted.has(digest) && !needed.has(digest)),
  );
}
