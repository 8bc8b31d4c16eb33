import { join } from "node:path";
import { sealRecord } from "@reseal/store/conformance";
import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { rejection, runChild, temporaryFolder } from "../test/harness.ts";
import { openSqliteCatalog } from "./index.ts";

const tenant = "default";

test("several processes make one catalog and write to it at once", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "store.db");

  const ended = await Promise.all(
    // The ranges overlap: some seals are added by two processes.
    [0, 30, 60].map((first) => runChild(["one-by-one", file, first, 40])),
  );

  expect(ended.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
    ended.map(() => ({ code: 0, stderr: "" })),
  );
  await using catalog = await openSqliteCatalog(file);
  expect((await catalog.listRuns({ tenant, limit: 1000 })).items).toHaveLength(100);
});

test("two catalogs of one process take turns", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "store.db");
  await using one = await openSqliteCatalog(file);
  await using two = await openSqliteCatalog(file);
  const records = Array.from({ length: 1500 }, (_, number) => sealRecord(number));

  await Promise.all([one.addSeals(records.slice(0, 1000)), two.addSeals(records.slice(500))]);

  expect((await one.listRuns({ tenant, limit: 10_000 })).items).toHaveLength(1500);
});

test("a writer that finds the file locked waits as long as it was told, then says so", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "store.db");
  await using catalog = await openSqliteCatalog(file, { busyTimeoutMs: 200 });
  const other = new Database(file);
  other.exec("BEGIN IMMEDIATE");
  let turns = 0;
  const ticking = setInterval(() => {
    turns += 1;
  }, 5);

  const error = await rejection(catalog.addSeals([sealRecord(1)]), "CATALOG_BUSY");
  clearInterval(ticking);

  expect(error).toMatchObject({ exitCode: 7 });
  expect(turns).toBeGreaterThan(5); // The process went on meanwhile.
  expect((await catalog.listRuns({ tenant })).items).toEqual([]); // Readers never wait.
  other.exec("ROLLBACK");
  other.close();
  await catalog.addSeals([sealRecord(1)]);
  expect((await catalog.listRuns({ tenant })).items).toHaveLength(1);
});

test("a process that is killed inside a transaction leaves nothing of it", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "store.db");
  await using catalog = await openSqliteCatalog(file);
  await catalog.addSeals([sealRecord(9000)], { applied: { from: 0, to: 10 } });

  const { signal } = await runChild(["die-in-transaction", file, 0, 3000]);

  expect(signal).toBe("SIGKILL");
  await using after = await openSqliteCatalog(file);
  expect((await after.listRuns({ tenant })).items).toHaveLength(1);
  expect(await after.journalOffset()).toBe(10);
  await after.addSeals([sealRecord(1)]);
  expect((await catalog.listRuns({ tenant })).items).toHaveLength(2);
});

test("a process that is killed at any moment keeps all it acknowledged, in whole calls", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "store.db");
  for (const round of [1, 2, 3]) {
    const first = round * 100_000;

    const { stdout } = await runChild(["until-killed", file, first], (line, kill) => {
      if (Number(line) >= round * 7) kill();
    });

    const acknowledged = stdout.split("\n").filter((line) => line !== "").length;
    expect(acknowledged).toBeGreaterThan(round * 7);
    await using catalog = await openSqliteCatalog(file);
    const { items } = await catalog.listRuns({ tenant, limit: 10_000, order: "asc" });
    const batches = Map.groupBy(
      items.filter(({ created_at }) => created_at >= sealRecord(first).created_at),
      ({ tags }) => tags[0],
    );
    expect(batches.size).toBeGreaterThanOrEqual(acknowledged);
    expect([...batches.values()].filter((batch) => batch.length !== 3)).toEqual([]);
  }
});

test("an abort in the middle of a call undoes it", async () => {
  await using folder = await temporaryFolder();
  await using catalog = await openSqliteCatalog(join(folder.path, "store.db"));
  const records = Array.from({ length: 2000 }, (_, number) => sealRecord(number));
  const controller = new AbortController();
  setImmediate(() => setImmediate(() => controller.abort()));

  const failure = await catalog.addSeals(records, { signal: controller.signal }).catch((e) => e);

  expect(failure).toBe(controller.signal.reason);

  expect((await catalog.listRuns({ tenant })).items).toEqual([]);
});
