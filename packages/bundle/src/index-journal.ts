import { isResealError } from "@reseal/errors";
import { type Digest, isDigest } from "@reseal/hash";
import type { Catalog, OperationOptions, SealRecord, Stores } from "@reseal/store";
import { openStoredBundle } from "./reader.ts";
import { sealRecordOf } from "./seal-record.ts";

/** Seals that one catalog transaction takes. */
const recordsPerTransaction = 500;

/** Options of {@link indexJournal}. */
export interface IndexOptions extends OperationOptions {
  /** Told of each seal whose manifest is there but damaged: it stays out of the catalog. */
  readonly onDamaged?: ((seal: Digest, error: Error) => void) | undefined;
}

type IndexedStores = Pick<Stores, "journal" | "catalog" | "blobs" | "location">;

/**
 * Bring the catalog up to the journal: after a crash between the two, after another host wrote,
 * or from nothing when the catalog was lost.
 *
 * A seal whose manifest is no longer in the store was deleted on purpose and is passed over. So is
 * one whose manifest is damaged: the others must not be lost with it.
 * @returns how many seals were added.
 */
export async function indexJournal(
  stores: IndexedStores,
  options: IndexOptions = {},
): Promise<number> {
  const indexed = await stores.catalog.journalOffset();
  const size = await stores.journal.size("seals");
  if (size === indexed) return 0;
  // A shorter journal is another one, brought back from a backup: what was indexed says nothing.
  let from = size < indexed ? 0 : indexed;
  let records: SealRecord[] = [];
  let to = from;
  let count = 0;
  const flush = async (): Promise<void> => {
    const applied = { from, to };
    count += await stores.catalog.addSeals(records, { applied, signal: options.signal });
    records = [];
    from = to;
  };
  for await (const { record, next } of stores.journal.read("seals", { from })) {
    to = next;
    options.signal?.throwIfAborted();
    const { seal, tenant } = record;
    if (!isDigest(seal) || typeof tenant !== "string") continue;
    // A catalog that is new holds nothing, and has not all of its indexes yet while it is filled.
    if (indexed > 0 && (await isIndexed(stores.catalog, seal, tenant))) continue;
    const sealRecord = await recordOf(stores, seal, tenant, options);
    if (sealRecord !== undefined) records.push(sealRecord);
    if (records.length >= recordsPerTransaction) await flush();
  }
  await flush();
  return count;
}

/** What is wrong with a manifest itself; that it cannot be read just now is not. */
const damageCodes: ReadonlySet<string> = new Set(["STORE_BLOB_CORRUPT", "BUNDLE_MANIFEST_INVALID"]);

async function isIndexed(catalog: Catalog, seal: Digest, tenant: string): Promise<boolean> {
  const known = await catalog.resolve(seal, { tenant });
  return known.some((run) => run.seal === seal);
}

async function recordOf(
  stores: IndexedStores,
  seal: Digest,
  tenant: string,
  { onDamaged }: IndexOptions,
): Promise<SealRecord | undefined> {
  try {
    const { manifest, manifestBytes } = await openStoredBundle(stores, seal);
    return sealRecordOf(manifest, { seal, size: manifestBytes.byteLength, tenant });
  } catch (error) {
    if (!isResealError(error)) throw error;
    if (error.code === "STORE_BLOB_NOT_FOUND") return undefined;
    if (!damageCodes.has(error.code)) throw error;
    onDamaged?.(seal, error);
    return undefined;
  }
}
