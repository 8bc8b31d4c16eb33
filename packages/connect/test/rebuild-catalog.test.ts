import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openSqliteCatalog } from "@reseal/catalog";
import { expect, test } from "vitest";
import { checkStore, openStores, rebuildCatalog } from "../src/index.ts";
import { blobFile, catalogText, prepareStore, sealRun, TestFolder } from "./sealed-store.ts";

const child = fileURLToPath(new URL("child.ts", import.meta.url));
const { seals, wholeCatalog, copyTo } = await prepareStore();

function asides(store: string): string[] {
  return readdirSync(store).filter((name) => /^store\.db\.(replaced|corrupt)-\d+$/.test(name));
}

test("a rebuilt catalog equals the lost one: rows, metrics, tags, lineage, outputs", async () => {
  using folder = new TestFolder();
  const store = copyTo(folder);
  for (const suffix of ["", "-wal", "-shm"])
    rmSync(join(store, `store.db${suffix}`), { force: true });

  const report = await rebuildCatalog(store);

  expect(report).toMatchObject({ seals: 3, aside: null, damaged: [] });
  expect(await catalogText(store)).toBe(wholeCatalog);
  expect(wholeCatalog).toContain('"name":"odd"');
});

test("the old catalog is kept, and what was wrong in it is gone", async () => {
  using folder = new TestFolder();
  const store = copyTo(folder);
  {
    await using catalog = await openSqliteCatalog(join(store, "store.db"));
    const [row] = (await catalog.listRuns({ tenant: "local" })).items;
    if (row === undefined) throw new Error("There is no row.");
    const rest = { workspace: null, output_paths: [], metrics: [], manifest_size: 1 };
    const wrong = { ...row, ...rest, tenant: "nobody" };
    await catalog.addSeals([wrong]);
  }

  const { aside } = await rebuildCatalog(store);

  expect(await catalogText(store)).toBe(wholeCatalog);
  await using old = await openSqliteCatalog(join(store, aside ?? ""));
  expect(await old.tenants()).toEqual(["local", "nobody"]);
  expect((await checkStore(store)).findings).toEqual([]);
});

test("a file that is no catalog is moved aside", async () => {
  using folder = new TestFolder();
  const store = copyTo(folder);
  truncateSync(join(store, "store.db"), 5000);

  const { aside } = await rebuildCatalog(store);

  expect(asides(store)).toEqual([aside]);
  expect(await catalogText(store)).toBe(wholeCatalog);
});

test("whoever has the catalog open goes on, with what was sealed before and after", async () => {
  using folder = new TestFolder();
  const store = copyTo(folder);
  await using stores = await openStores(store);
  await sealRun(stores, { "before.txt": "before" });

  await rebuildCatalog(store);
  await sealRun(stores, { "after.txt": "after" });

  const seen = (await stores.catalog.listRuns({ tenant: "local" })).items;
  expect(seen).toHaveLength(5);
  await using others = await openStores(store);
  expect((await others.catalog.listRuns({ tenant: "local" })).items).toEqual(seen);
  expect((await checkStore(store)).findings).toEqual([]);
});

test("a catalog that another process keeps locked is busy, and nothing is changed", async () => {
  using folder = new TestFolder();
  const store = copyTo(folder);
  const locker = spawn(process.execPath, [child, "hold-sqlite", store], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(locker.stdout, "data");

  await expect(rebuildCatalog(store)).rejects.toMatchObject({ code: "CATALOG_BUSY", exitCode: 7 });

  locker.kill("SIGKILL");
  await once(locker, "exit");
  await rebuildCatalog(store);
  expect(await catalogText(store)).toBe(wholeCatalog);
  expect(readdirSync(join(store, "tmp"))).toEqual([]);
});

test("a damaged manifest is named; the other runs are there", async () => {
  using folder = new TestFolder();
  const store = copyTo(folder);
  const file = blobFile(store, seals[1] ?? "");
  chmodSync(file, 0o644);
  writeFileSync(file, "{}");

  const report = await rebuildCatalog(store);

  expect(report.damaged.map(({ seal }) => seal)).toEqual([seals[1]]);
  expect(report.seals).toBe(2);
});

test("what is left of a rebuild that died is removed by the next that opens the store", async () => {
  using folder = new TestFolder();
  const store = copyTo(folder);
  const dying = spawn(process.execPath, [child, "die-in-rebuild", store], { stdio: "inherit" });
  await once(dying, "exit");
  expect(readdirSync(join(store, "tmp"))).toHaveLength(1);

  await using _stores = await openStores(store);

  expect(readdirSync(join(store, "tmp"))).toEqual([]);
  expect(await catalogText(store)).toBe(wholeCatalog);
});
