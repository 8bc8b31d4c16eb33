// S4-115, S4-161 for sealed runs: whatever gc takes, an undo brings back, blob by blob, row by row.
import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type BundleDraft,
  indexJournal,
  openStoredBundle,
  sealBundle,
  verifyBundle,
} from "@reseal/bundle";
import { type Digest, digestBytes, digestHex } from "@reseal/hash";
import {
  createMemoryCatalog,
  createMemoryStores,
  type LeasedRun,
  type Stores,
  takeLease,
  thisProcess,
} from "@reseal/store";
import { openFsBlobStore, openFsJournal } from "@reseal/store-fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { poolFolder } from "../test/pool-folder.ts";
import { applyGc, planPool } from "./apply-gc.ts";
import { type ArtifactsConfig, defaultArtifactsConfig } from "./artifacts-config.ts";
import { verifyAudit } from "./audit.ts";
import type { ScannedEntry } from "./entry.ts";
import { pinEntry } from "./pin-entry.ts";
import { openPool, type Pool } from "./pool.ts";
import { purgeEntry } from "./purge.ts";
import { restoreReport } from "./restore.ts";
import { type Scan, updatePool } from "./scan.ts";
import { scanStore } from "./scan-store.ts";
import { storePlaces, storeSource } from "./store-source.ts";
import { readTrash } from "./trash-journal.ts";

const nowMs = Date.UTC(2026, 4, 20);
const dayMs = 86_400_000;

interface AnyRun {
  /** Which of a few contents its outputs have: runs share some. */
  readonly outputs: readonly number[];
  readonly family: "proofs" | "bench" | "unnamed";
  readonly passed: "pass" | "fail" | "unknown";
  readonly daysAgo: number;
  readonly isPinned: boolean;
  /** Which run before it is its parent. */
  readonly parent: number | null;
}

const anyRun: fc.Arbitrary<AnyRun> = fc.record({
  outputs: fc.uniqueArray(fc.nat(5), { maxLength: 3 }),
  family: fc.constantFrom("proofs" as const, "bench" as const, "unnamed" as const),
  passed: fc.constantFrom("pass" as const, "fail" as const, "unknown" as const),
  daysAgo: fc.integer({ min: 0, max: 9 }),
  isPinned: fc.boolean(),
  parent: fc.option(fc.nat(5), { freq: 3 }),
});

test("undo(apply(plan)) gives back the same blobs and the same catalog", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyRun, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 0, max: 2 }),
      async (runs, keep, loose) => {
        await using stores = await storesWith(runs, loose);
        await using pool = await openStorePool(stores, keep);
        for (const { id, family, run_id } of (await updatePool(pool, {})).entries)
          if (runs[Number(run_id.slice(-2)) - 1]?.isPinned)
            await pinEntry(pool, { id, family, run_id });
        const before = await everythingIn(stores);
        const scan = await updatePool(pool, {});
        const plan = planPool(scan, pool.config, pool.places, { nowMs, dryRun: false });

        const { report } = await applyGc(pool, scan, plan);

        expect(report).toMatchObject({ success: true, entries_deleted: plan.total_to_delete });
        await assertWhole(stores, before.rows.length - plan.total_to_delete);
        const rebuilt = { ...stores, catalog: createMemoryCatalog() };
        await indexJournal(rebuilt);
        expect((await everythingIn(rebuilt)).rows).toEqual((await everythingIn(stores)).rows);

        const { failed, gone } = await restoreReport(pool, report);

        expect([failed, gone]).toEqual([[], []]);
        expect(await everythingIn(stores)).toEqual(before);
        await assertWhole(stores, before.rows.length);
        expect((await verifyAudit(pool.journal)).broken).toBeNull();
      },
    ),
    { numRuns: 10 },
  );
});

test("what a run needs that was sealed since the scan is not purged with another", async () => {
  await using stores = await storesWith([lone], 0);
  await using pool = await openStorePool(stores, 1);
  const scan = await updatePool(pool, {});
  const { seal } = await sealRun(stores, lone, []);

  const early = purgeEntry(pool, scan, { entry: scan.entries[0] }, "a key");

  await expect(early).rejects.toMatchObject({
    code: "GC_FILE_CHANGED",
    message: expect.stringContaining("was sealed since the scan needs"),
  });
  await assertWhole(stores, 2);
  const again = await updatePool(pool, {});
  const entry = again.entries.find((one) => one.seal !== seal);
  await purgeEntry(pool, again, { entry }, "a key");
  await assertWhole(stores, 1);
});

test("a run whose blobs are deleted before it is sealed is not sealed", async () => {
  await using stores = await storesWith([lone], 0);
  await using pool = await openStorePool(stores, 1);
  const scan = await updatePool(pool, {});
  const open = afterCommit(stores, () => purgeAll(pool, scan));

  const sealing = sealRun(stores, lone, []);

  await expect(sealing).rejects.toMatchObject({ code: "STORE_BLOB_NOT_FOUND" });
  await assertWhole(stores, 0);
  Object.assign(stores.blobs, { openBatch: open });
  await sealRun(stores, lone, []);
  await assertWhole(stores, 1);
});

test("what is cited, promoted or in use by a process is kept, and the plan says why", async () => {
  await using stores = await storesWith([], 0);
  const seals: Digest[] = [];
  for (let run = 0; run < 6; run += 1) {
    const about = [{ doi: "10.5281/zenodo.7" }, { tags: ["promoted"] }][run];
    const past = { ...stores, clock: { now: () => nowMs - run * dayMs } };
    seals.push((await sealRun(past, { ...lone, passed: "fail" }, [], about)).seal);
  }
  await using pool = await openStorePool(stores, 1);
  const entries = (await updatePool(pool, {})).entries;
  const idOf = (run: number): string => entries.find(({ seal }) => seal === seals[run])?.id ?? "";
  const ofRun = (run: number) => ({ id: idOf(run), family: "proofs", run_id: runId(run) });
  await pinEntry(pool, ofRun(2), { purpose: "cited" });
  await pinEntry(pool, ofRun(3), { purpose: "promoted" });
  using _lease = takeLease(stores, [leaseOf(entries[0], seals[4])]);

  const scan = await updatePool(pool, {});
  const { family_plans } = planPool(scan, pool.config, pool.places, { nowMs, dryRun: true });

  const reasons = family_plans[0]?.reason_to_keep ?? {};
  const words = seals.map((_, run) =>
    reasons[idOf(run)]?.filter((reason) => !/^last_|keep/.test(reason)),
  );
  expect(words).toEqual([
    ["cited"],
    ["promoted"],
    ["pinned", "cited"],
    ["pinned", "promoted"],
    ["leased"],
    undefined, // It is deleted.
  ]);
});

test("S4-147 whether a run passed is in its record, else in its outputs, else in their names", async () => {
  await using stores = await storesWith([], 0);
  const outputs = [
    { "report.json": '{"ok": true}' },
    { "report.json": '{"ok": false}', "run_pass.txt": "" },
    { "run_pass.txt": "" },
    { "bypass.txt": "" },
    { "log.jsonl": '{"ok": false}\n{"ok": true}\n' },
  ];
  for (const [run, files] of outputs.entries()) {
    const past = { ...stores, clock: { now: () => nowMs - run * dayMs } };
    await sealRun(past, { ...lone, passed: "unknown" }, [], {}, files);
  }
  const status = { file: "*.{json,jsonl}", pointer: "/ok" };
  const families = [{ name: "proofs", patterns: [], policy: {}, status }];

  const { entries } = await scanStore(stores, { ...config(1), families }, { nowMs });

  expect(entries.map(({ pass_fail, is_last_pass }) => [pass_fail, is_last_pass])).toEqual([
    ["pass", true],
    ["fail", false],
    ["pass", false],
    ["unknown", false],
    ["pass", false],
  ]);
});

test("what a process began to work with after the scan is left", async () => {
  await using stores = await storesWith([{ ...lone, daysAgo: 5 }, lone], 0);
  await using pool = await openStorePool(stores, 1);
  const scan = await updatePool(pool, {});
  const plan = planPool(scan, pool.config, pool.places, { nowMs, dryRun: false });
  const [doomed] = plan.family_plans.flatMap(({ to_delete }) => to_delete);
  const entry = scan.entries.find(({ id }) => id === doomed?.id);
  using _lease = takeLease(stores, [leaseOf(entry)]);

  const { report } = await applyGc(pool, scan, plan);

  expect(report.errors).toMatchObject([
    { id: doomed?.id, code: "GC_ENTRY_PROTECTED", message: expect.stringContaining("has begun") },
  ]);
  await assertWhole(stores, 2);
});

test("the parent of a run that was sealed after the scan is left", async () => {
  await using stores = await storesWith([{ ...lone, daysAgo: 5 }, lone], 0);
  await using pool = await openStorePool(stores, 1);
  const scan = await updatePool(pool, {});
  const plan = planPool(scan, pool.config, pool.places, { nowMs, dryRun: false });
  const oldest = scan.entries.at(-1);
  const parent = {
    artifact_id: digestBytes("unknown"),
    ...(oldest?.seal && { seal: oldest.seal }),
    run_id: runId(0),
    relationship: "derived_from",
  };
  const late = { ...stores, catalog: createMemoryCatalog() }; // Its row is not there yet.
  await sealRun(late, { ...lone, outputs: [5] }, [parent]);

  const { report } = await applyGc(pool, scan, plan);

  expect(report.errors).toMatchObject([{ id: oldest?.id, code: "GC_ENTRY_PROTECTED" }]);
  await assertWhole(stores, 2);
});

test("parents of what is being recorded are in use, also when its recorder died here", async () => {
  await using stores = await storesWith([{ ...lone, daysAgo: 5 }, lone], 0);
  const [newest, oldest] = (await scanStore(stores, config(1), { nowMs })).entries;
  const folder = join(stores.local, "tmp/run-1");
  mkdirSync(folder, { recursive: true });
  const plan = { context: { parents: [leaseOf(oldest), { artifact_id: "nonsense" }] } };
  writeFileSync(join(folder, "plan.json"), JSON.stringify(plan));
  const leased = async (): Promise<unknown> =>
    (await scanStore(stores, config(1), { nowMs })).entries.map((one) => one.protections);
  expect(newest?.seal).not.toBe(oldest?.seal);

  writeFileSync(join(folder, "lease.json"), JSON.stringify({ ...thisProcess(), pid_start: "1" }));
  expect(await leased()).toEqual([undefined, ["leased"]]);
  writeFileSync(join(folder, "lease.json"), JSON.stringify({ ...thisProcess(), host: "other" }));
  expect(await leased()).toEqual([undefined, ["leased"]]);
  utimesSync(join(folder, "lease.json"), 1, 1);
  expect(await leased()).toEqual([undefined, undefined]);
});

test("what a run needs that is being recorded is not even purged", async () => {
  await using stores = await storesWith([lone], 0);
  await using pool = await openStorePool(stores, 1);
  const scan = await updatePool(pool, {});
  const folder = join(stores.local, "tmp/run-1");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "lease.json"), JSON.stringify(thisProcess()));
  const plan = { files: [{ path: "code/1.txt", digest: digestBytes("output 1") }] };
  writeFileSync(join(folder, "plan.json"), JSON.stringify(plan));
  const purge = (): Promise<unknown> => purgeEntry(pool, scan, { entry: scan.entries[0] }, "a key");

  await expect(purge()).rejects.toThrow("A run that is being recorded needs");

  await assertWhole(stores, 1);
  rmSync(folder, { recursive: true });
  await purge();
  await assertWhole(stores, 0);
});

test("a purge says what it leaves because other runs have it as well", async () => {
  await using stores = await storesWith([lone, { ...lone, family: "bench" }], 0);
  await using pool = await openStorePool(stores, 1);
  const scan = await updatePool(pool, {});
  const [first, second] = scan.entries;

  const { shared } = await purgeEntry(pool, scan, { entry: first }, "a key");

  expect(shared.files).toBeGreaterThan(0);
  expect(shared.entries).toEqual([second?.id]);
  await assertWhole(stores, 1);
  const rest = await updatePool(pool, {});
  const last = await purgeEntry(pool, rest, { entry: rest.entries[0] }, "a key");
  expect(last.shared).toEqual({ files: 0, entries: [] });
  expect((await everythingIn(stores)).blobs).toEqual({});
});

test("a purge also destroys what deleted runs had in common, once no run in the trash needs it", async () => {
  const old = { ...lone, passed: "unknown" as const, outputs: [3], daysAgo: 5 };
  await using stores = await storesWith([old, old, { ...lone, outputs: [4] }], 0);
  await using pool = await openStorePool(stores, 1);
  const scan = await updatePool(pool, {});
  const plan = planPool(scan, pool.config, pool.places, { nowMs, dryRun: false });
  await applyGc(pool, scan, plan);
  const has = (): boolean =>
    filesBelow(join(stores.local, "trash")).some((path) => path.endsWith(hexOf("output 3")));
  const purge = async (): Promise<void> => {
    const item = (await readTrash(pool.journal)).find((one) => one.seals && one.state === "done");
    await purgeEntry(pool, await updatePool(pool, {}), { item }, "a key");
  };
  expect(has()).toBe(true);

  await purge();
  expect(has()).toBe(true);
  await purge();

  expect(has()).toBe(false);
});

const hexOf = (text: string): string => digestHex(digestBytes(text));

function leaseOf(entry: ScannedEntry | undefined, seal = entry?.seal): LeasedRun {
  return { artifact_id: digestBytes("unknown"), seal };
}

const runId = (run: number): string => `00000000-0000-4000-8000-00000000000${run + 1}`;

const lone: AnyRun = {
  outputs: [1],
  family: "proofs",
  passed: "pass",
  daysAgo: 3,
  isPinned: false,
  parent: null,
};

async function purgeAll(pool: Pool, { entries, ...scan }: Scan): Promise<void> {
  for (const entry of entries) await purgeEntry(pool, { entries, ...scan }, { entry }, "a key");
}

/**
 * Let something happen after the commit of a batch, before whoever commits goes on.
 * @returns what opens a batch as before
 */
function afterCommit(
  { blobs }: Stores,
  happens: () => Promise<void>,
): Stores["blobs"]["openBatch"] {
  const open = blobs.openBatch.bind(blobs);
  const openBatch: typeof open = async (options) => {
    const batch = await open(options);
    const commit = batch.commit.bind(batch);
    return Object.assign(batch, {
      commit: async () => {
        await commit();
        await happens();
      },
    });
  };
  Object.assign(blobs, { openBatch });
  return open;
}

/** A store in a folder, with these runs and some blobs that no run needs; nobody used any lately. */
test("every run has its paths, runs with the same files one list of them; a plan has none", async () => {
  const outputs = [[1], [1], [1, 2], [1, 2], [3]];
  const runs = outputs.map((own, index) => ({ ...lone, outputs: own, daysAgo: 8 - index }));
  await using stores = await storesWith(runs, 0);
  await using pool = await openStorePool(stores, 1);
  const scan = await updatePool(pool, {});
  const lists = new Map<string, Set<readonly string[]>>();
  for (const { seal, paths } of scan.entries) {
    if (seal === undefined) continue;
    const { manifest } = await openStoredBundle(stores, seal);
    expect(paths).toEqual(manifest.context.files.map(({ path }) => path));
    const key = paths.join();
    lists.set(key, (lists.get(key) ?? new Set()).add(paths));
  }
  expect(scan.entries).toHaveLength(5);
  expect([...lists.values()].map(({ size }) => size)).toEqual([1, 1, 1]);

  const plan = planPool(scan, pool.config, pool.places, { nowMs, dryRun: true });
  const decisions = plan.family_plans.flatMap(({ to_delete, to_keep }) => [
    ...to_delete,
    ...to_keep,
  ]);
  expect(decisions).toHaveLength(5);
  expect(decisions.filter(({ paths }) => paths !== undefined)).toEqual([]);
});

async function storesWith(runs: readonly AnyRun[], loose: number): Promise<Stores> {
  const local = poolFolder();
  const memory = createMemoryStores({ local, clock: { now: () => nowMs } });
  const blobs = await openFsBlobStore(join(local, "artifacts"));
  const journal = await openFsJournal(join(local, "journal"));
  const stores: Stores = { ...memory, blobs, journal };
  const sealed: BundleDraft["context"]["parents"][number][] = [];
  for (const run of runs) {
    const parent = run.parent === null ? undefined : sealed[run.parent];
    const past = { ...stores, clock: { now: () => nowMs - run.daysAgo * dayMs } };
    const { seal, manifest } = await sealRun(past, run, parent === undefined ? [] : [parent]);
    const { artifact_id, run_id } = manifest.context;
    sealed.push({ artifact_id, run_id, seal, relationship: "derived_from" });
  }
  for (let number = 0; number < loose; number += 1) await blobs.put(Buffer.from(`loose ${number}`));
  for (const path of filesBelow(join(local, "artifacts")))
    utimesSync(path, nowMs / 1000 - 3 * 86_400, nowMs / 1000 - 3 * 86_400);
  return stores;
}

async function sealRun(
  stores: Stores,
  { outputs, family, passed }: AnyRun,
  parents: BundleDraft["context"]["parents"],
  about: Partial<BundleDraft["context"]> = {},
  more: Readonly<Record<string, string>> = {},
): ReturnType<typeof sealBundle> {
  await using batch = await stores.blobs.openBatch();
  const files: BundleDraft["files"][number][] = [];
  for (const [path, text] of Object.entries(more)) {
    const blob = await batch.put(Buffer.from(text));
    files.push({ path: `outputs/${path}`, role: "output", ...blob, origin: "workspace" });
  }
  for (const output of outputs) {
    const blob = await batch.put(Buffer.from(`output ${output}`));
    files.push({ path: `outputs/${output}.txt`, role: "output", ...blob, origin: "workspace" });
  }
  return await sealBundle(stores, batch, {
    type: "run",
    inputs: { command: ["make"] },
    results: { exit: { code: 0 } },
    files,
    context: {
      run_id: stores.ids.runId(),
      status: "finished",
      family,
      pass_fail: passed,
      tags: [],
      authors: [],
      parents: [...parents],
      provision: { hardware: {}, software: {} },
      tool: { name: "reseal", version: "0.0.0" },
      context_metrics: { seconds: outputs.length },
      redaction: { counts: {}, withheld: [] },
      not_captured: {},
      warnings: [],
      ...about,
    },
  });
}

function config(keep: number): ArtifactsConfig {
  const families = ["proofs", "bench"].map((name) => ({ name, patterns: [], policy: { keep } }));
  return { ...defaultArtifactsConfig("store"), families };
}

function openStorePool(stores: Stores, keep: number): Promise<Pool> {
  return openPool(storePlaces(stores), config(keep), {
    openJournal: (folder) => openFsJournal(folder),
    clock: stores.clock,
    actor: "ada@lab",
    source: storeSource(stores, config(keep)),
  });
}

/** All that an undo has to bring back: blobs with their bytes, rows with what belongs to them. */
async function everythingIn({ local, catalog, tenant }: Stores) {
  const folder = join(local, "artifacts");
  const blobs = Object.fromEntries(
    filesBelow(folder).map((path) => [path.slice(folder.length), digestBytes(readFileSync(path))]),
  );
  const { items: rows } = await catalog.listRuns({ tenant, limit: 1000, sort: "seal" });
  const metrics = await Promise.all(rows.map(({ seal }) => catalog.metrics(seal, { tenant })));
  const children = await Promise.all(
    rows.map(async ({ artifact_id }) =>
      (await catalog.children(artifact_id, { tenant })).map(({ seal }) => seal),
    ),
  );
  return { blobs, rows, metrics, children };
}

/** Every run that is listed can be read to the last byte. */
async function assertWhole(stores: Stores, count: number): Promise<void> {
  const { items } = await stores.catalog.listRuns({ tenant: stores.tenant, limit: 1000 });
  expect(items).toHaveLength(count);
  for (const { seal } of items)
    expect((await verifyBundle(await openStoredBundle(stores, seal))).findings).toEqual([]);
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
