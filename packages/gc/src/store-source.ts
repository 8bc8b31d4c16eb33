import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openStoredBundle, sealRecordOf } from "@reseal/bundle";
import { isResealError } from "@reseal/errors";
import { type Digest, digestHex, isDigest, parseDigest } from "@reseal/hash";
import { assertValid } from "@reseal/schema";
import type { RunRow, Stores } from "@reseal/store";
import type { ArtifactsConfig } from "./artifacts-config.ts";
import { markLast } from "./build-entries.ts";
import type { PassFail, ScannedEntry } from "./entry.ts";
import { shortIds } from "./entry-id.ts";
import { gcErrors } from "./errors.ts";
import { newestFirst } from "./family-members.ts";
import { manifestOf } from "./manifest-of.ts";
import { isInForce, type Pin } from "./pins.ts";
import type { PoolPlaces, PoolSource } from "./pool.ts";
import type { Scan, ScanOptions } from "./scan.ts";
import { References } from "./store-references.ts";
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
  return {
    scan: (options) => scanStore(stores, config, options),
    readPins: () => readStorePins(stores),
    writePins: (pins) => writeStorePins(stores, pins),
    async forget(items) {
      const seals = items.flatMap((item) => item.seals ?? []);
      if (seals.length === 0) return new Set();
      const { tenant } = stores;
      const evenParents = items.every(({ action }) => action === "purge");
      const gone = new Set(await stores.catalog.removeSeals(seals, { tenant, evenParents }));
      return new Set(
        items.filter((item) => item.seals?.some((seal) => !gone.has(seal))).map(({ op }) => op),
      );
    },
    remember: (item) => rememberRows(stores, item),
    missing: (item) => missingBlobs(stores, item),
  };
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

/** Look at a store without changing it. */
export async function scanStore(
  stores: Stores,
  config: ArtifactsConfig,
  { nowMs, signal, onProgress }: ScanOptions,
): Promise<Scan> {
  const startMs = performance.now();
  const rows = await allRows(stores, signal);
  const references = new References(stores, nowMs);
  const paths = new Map<Digest, string[]>();
  for await (const seal of everySeal(stores, rows)) {
    signal?.throwIfAborted();
    const manifest = await references.add(seal);
    if (manifest !== undefined)
      paths.set(
        seal,
        manifest.context.files.map(({ path }) => path),
      );
    onProgress?.({ phase: "reading", files: paths.size, bytes: 0 });
  }
  const pins = (await readStorePins(stores)).filter((pin) => isInForce(pin, nowMs));
  const pinned = new Set(pins.map(({ family, run_id }) => `${family}\n${run_id}`));
  const ids = shortIds(rows.map(({ seal }) => digestHex(seal)));
  const bySeal = new Map(rows.map((row) => [row.seal, ids.get(digestHex(row.seal)) ?? ""]));
  const byArtifact = Map.groupBy(rows, ({ artifact_id }) => artifact_id);
  const scannedAt = new Date(nowMs).toISOString();
  const entries = rows.map((row): ScannedEntry => {
    const family = familyOf(row);
    const parents = row.parents.flatMap(({ artifact_id, seal }) =>
      (byArtifact.get(artifact_id) ?? [])
        .filter((parent) => parent.seal !== row.seal && (seal ?? parent.seal) === parent.seal)
        .map((parent) => bySeal.get(parent.seal) ?? ""),
    );
    return {
      id: bySeal.get(row.seal) ?? "",
      run_id: row.run_id,
      family,
      timestamp: row.created_at,
      created_at: row.created_at,
      modified_at: row.created_at,
      scanned_at: scannedAt,
      pass_fail: passFail(row),
      is_last_pass: false,
      is_last_run: false,
      is_pinned: pinned.has(`${family}\n${row.run_id}`),
      paths: paths.get(row.seal) ?? ["manifest.json"],
      total_bytes: row.bytes,
      checksum_sha256: digestHex(row.seal),
      ...(row.tags.length > 0 && { tags: [...row.tags] }),
      ...(row.title !== null && { description: row.title }),
      files: [],
      siblings: [],
      seal: row.seal,
      parents,
    };
  });
  const marked = markLast(entries.sort(newestFirst));
  return {
    entries: marked,
    manifest: manifestOf(marked, {
      config,
      generatedAt: scannedAt,
      scannedAt,
      durationMs: performance.now() - startMs,
    }),
    files: marked.reduce((sum, entry) => sum + entry.paths.length, 0),
    filesRead: 0,
    otherFiles: 0,
    links: 0,
    unreadable: [],
    store: references.scanOf(marked),
  };
}

/** The retention family of a run. */
function familyOf({ family, project }: RunRow): string {
  return family ?? project ?? "default";
}

function passFail({ pass_fail }: RunRow): PassFail {
  return pass_fail === "pass" || pass_fail === "fail" ? pass_fail : "unknown";
}

async function allRows(stores: Stores, signal: AbortSignal | undefined): Promise<RunRow[]> {
  const rows: RunRow[] = [];
  let after: string | undefined;
  do {
    const page = await stores.catalog.listRuns({
      tenant: stores.tenant,
      limit: 10_000,
      after,
      signal,
    });
    rows.push(...page.items);
    after = page.next ?? undefined;
  } while (after !== undefined);
  return rows;
}

/** Every seal that is there, of all tenants: the journal knows those of others as well. */
async function* everySeal(stores: Stores, rows: readonly RunRow[]): AsyncGenerator<Digest> {
  const seen = new Set<Digest>();
  for (const { seal } of rows) {
    seen.add(seal);
    yield seal;
  }
  for await (const { record } of stores.journal.read("seals")) {
    if (!isDigest(record.seal) || seen.has(record.seal)) continue;
    seen.add(record.seal);
    yield record.seal;
  }
}

/** Pins of a store, from its journal. */
async function readStorePins({ journal }: Stores): Promise<Pin[]> {
  const pins = new Map<string, Pin>();
  for await (const { record } of journal.read("pins")) {
    const { state, ...pin } = record as unknown as Pin & { readonly state: string };
    const key = `${pin.family}\n${pin.run_id}`;
    if (state === "on") pins.set(key, pin);
    else pins.delete(key);
  }
  return [...pins.values()];
}

/** Only what differs is written: the journal keeps who pinned what and when. */
async function writeStorePins(stores: Stores, pins: readonly Pin[]): Promise<void> {
  const old = await readStorePins(stores);
  const keyOf = (pin: Pin): string => JSON.stringify(pin);
  const [known, wanted] = [new Set(old.map(keyOf)), new Set(pins.map(keyOf))];
  await stores.journal.append("pins", [
    ...old.filter((pin) => !wanted.has(keyOf(pin))).map((pin) => ({ ...pin, state: "off" })),
    ...pins.filter((pin) => !known.has(keyOf(pin))).map((pin) => ({ ...pin, state: "on" })),
  ]);
}

/** Whether an error says that a manifest is not there. */
export function isAbsent(error: unknown): boolean {
  if (isResealError(error)) return error.code === "STORE_BLOB_NOT_FOUND";
  throw gcErrors.READ_FAILED("A manifest cannot be read.", { cause: error });
}
