import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openStoredBundle, sealRecordOf } from "@reseal/bundle";
import { type Digest, digestHex, isDigest, parseDigest } from "@reseal/hash";
import { assertValid } from "@reseal/schema";
import type { LeasedRun, Stores } from "@reseal/store";
import type { ArtifactsConfig } from "./artifacts-config.ts";
import type { PoolPlaces, PoolSource } from "./pool.ts";
import { scanStore } from "./scan-store.ts";
import { isLeased, leasedRuns, recordedBlobs } from "./store-leases.ts";
import { readStorePins, writeStorePins } from "./store-pins.ts";
import { blobsOf, isAbsent } from "./store-references.ts";
import type { TrashItem } from "./trash-journal.ts";

/** Where the state of retention over a store is. */
export function storePlaces({ local }: Pick<Stores, "local">): PoolPlaces {
  return {
    folder: local,
    manifest: join(local, "gc.manifest"),
    backup: join(local, "gc.backup"),
    cache: join(local, "cache", "gc.json"),
    known: join(local, "cache", "gc.known.json"),
    pins: join(local, "journal", "pins.jsonl"),
    lock: join(local, "tmp", "gc.lock"),
    trash: join(local, "trash"),
    journal: join(local, "journal"),
  };
}

/**
 * The sealed runs of a store as entries of a pool: by family, else by project, else `default`.
 *
 * A run is deleted in this order: its row, then its files to the trash, then, later, their bytes.
 * Blobs that other runs have stay. Blobs that somebody has used within a day stay as well.
 */
export function storeSource(stores: Stores, config: ArtifactsConfig): PoolSource {
  let scannedTo = 0;
  return {
    async scan(options) {
      scannedTo = await stores.journal.size("seals");
      return scanStore(stores, config, options);
    },
    readPins: () => readStorePins(stores),
    writePins: (pins) => writeStorePins(stores, pins),
    async exclusively(action) {
      await stores.journal.append("seals", [], { guard: action });
    },
    forget: (items) => forgetRows(stores, items, scannedTo),
    remember: (item) => rememberRows(stores, item),
    missing: (item) => missingBlobs(stores, item),
  };
}

/** What a run needs that was sealed since the scan stays, and what a kept run derives from. */
async function forgetRows(
  stores: Stores,
  items: readonly TrashItem[],
  scannedTo: number,
): Promise<Map<number, string>> {
  const refused = new Map<number, string>();
  const since = await neededSince(stores, scannedTo);
  const recorded = recordedBlobs(stores);
  for (const { op, entry_id, files } of items)
    if (files.some(({ digest }) => recorded.has(digest)))
      refused.set(op, `A run that is being recorded needs ${entry_id}; it was left as it is.`);
    else if (files.some(({ digest }) => since.blobs.has(digest)))
      refused.set(
        op,
        `A run that was sealed since the scan needs ${entry_id}; it was left as it is.`,
      );
  const inUse = [...leasedRuns(stores), ...since.parents];
  for (const item of items)
    if (item.action !== "purge" && (await isAmong(stores, item, inUse)))
      refused.set(
        item.op,
        `A process has begun to work with ${item.entry_id}; it was left as it is.`,
      );
  const going = items.filter(({ op, seals }) => seals !== undefined && !refused.has(op));
  const seals = going.flatMap((item) => item.seals ?? []);
  if (seals.length === 0) return refused;
  const { tenant } = stores;
  const evenParents = items.every(({ action }) => action === "purge");
  const gone = new Set(await stores.catalog.removeSeals(seals, { tenant, evenParents }));
  for (const item of going)
    if (item.seals?.some((seal) => !gone.has(seal)))
      refused.set(
        item.op,
        `A run that derives from ${item.entry_id} is kept; it was left as it is.`,
      );
  return refused;
}

async function isAmong(
  { catalog, tenant }: Stores,
  { seals = [] }: TrashItem,
  runs: readonly LeasedRun[],
): Promise<boolean> {
  for (const seal of runs.length === 0 ? [] : seals)
    for (const run of await catalog.resolve(seal, { tenant })) if (isLeased(run, runs)) return true;
  return false;
}

/** Blobs and parents of the seals that the journal names from an offset on. */
async function neededSince(
  stores: Stores,
  from: number,
): Promise<{ readonly blobs: ReadonlySet<Digest>; readonly parents: readonly LeasedRun[] }> {
  const blobs = new Set<Digest>();
  const parents: LeasedRun[] = [];
  for await (const { record } of stores.journal.read("seals", { from })) {
    if (!isDigest(record.seal)) continue;
    try {
      const { manifest } = await openStoredBundle(stores, record.seal);
      for (const { digest } of blobsOf({ digest: record.seal, size: 0 }, manifest))
        blobs.add(digest);
      for (const { artifact_id, seal } of manifest.context.parents)
        parents.push({
          artifact_id: parseDigest(artifact_id),
          ...(seal !== undefined && { seal: parseDigest(seal) }),
        });
    } catch (error) {
      if (!isAbsent(error)) throw error;
    }
  }
  return { blobs, parents };
}

/** The item's manifest may still be in the trash. */
async function missingBlobs(
  { blobs, local }: Stores,
  { seals = [], folder, files }: TrashItem,
): Promise<ReadonlySet<Digest>> {
  const missing = new Set<Digest>();
  const own = new Set(files.map(({ digest }) => digest));
  for (const seal of seals) {
    const hex = digestHex(seal);
    const path = join(local, "trash", folder, "artifacts", hex.slice(0, 2), hex);
    if (!existsSync(path)) continue;
    const manifest = await assertValid("manifest", JSON.parse(readFileSync(path, "utf8")));
    for (const file of manifest.context.files) {
      const digest = parseDigest(file.digest);
      if (!own.has(digest) && (await blobs.stat(digest)) === undefined) missing.add(digest);
    }
  }
  return missing;
}

async function rememberRows(stores: Stores, { seals = [] }: TrashItem): Promise<void> {
  for (const seal of seals) {
    const { manifest } = await openStoredBundle(stores, seal);
    const size = (await stores.blobs.stat(seal))?.size ?? 0;
    await stores.catalog.addSeals([sealRecordOf(manifest, { seal, size, tenant: stores.tenant })]);
  }
}
