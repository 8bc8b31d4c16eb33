import { isResealError } from "@reseal/errors";
import { isDigest } from "@reseal/hash";
import type { SealRecord, Stores } from "@reseal/store";
import { openStoredBundle } from "./reader.ts";
import { sealRecordOf } from "./seal-record.ts";

/** Seals that one catalog transaction takes. */
const recordsPerTransaction = 500;

/**
 * Bring the catalog up to the journal: after a crash between the two, after another host wrote,
 * or from nothing when the catalog was lost.
 *
 * A seal whose manifest is no longer in the store was deleted on purpose and is passed over.
 * @returns how many seals were added.
 */
export async function indexJournal(
  stores: Pick<Stores, "journal" | "catalog" | "blobs" | "location">,
): Promise<number> {
  const from = await stores.catalog.journalOffset();
  if ((await stores.journal.size("seals")) <= from) return 0;
  let records: SealRecord[] = [];
  let journalOffset = from;
  let count = 0;
  const flush = async (): Promise<void> => {
    await stores.catalog.addSeals(records, { journalOffset });
    count += records.length;
    records = [];
  };
  for await (const { record, next } of stores.journal.read("seals", { from })) {
    journalOffset = next;
    const sealRecord = await recordOf(stores, record);
    if (sealRecord !== undefined) records.push(sealRecord);
    if (records.length >= recordsPerTransaction) await flush();
  }
  await flush();
  return count;
}

async function recordOf(
  stores: Pick<Stores, "journal" | "catalog" | "blobs" | "location">,
  { seal, tenant }: Readonly<Record<string, unknown>>,
): Promise<SealRecord | undefined> {
  if (!isDigest(seal) || typeof tenant !== "string") return undefined;
  const known = await stores.catalog.resolve(seal, { tenant });
  if (known.some((run) => run.seal === seal)) return undefined;
  try {
    const { manifest } = await openStoredBundle(stores, seal);
    return sealRecordOf(manifest, seal, tenant);
  } catch (error) {
    if (isResealError(error) && error.code === "STORE_BLOB_NOT_FOUND") return undefined;
    throw error;
  }
}
