import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readlinkSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { checkStore, openStores, rebuildCatalog, releaseDeadLocks } from "../src/index.ts";
import { prepareStore, sealRun, TestFolder } from "./sealed-store.ts";

const script = fileURLToPath(new URL("child.ts", import.meta.url));
const { copyTo } = await prepareStore();

/** A process that holds something. */
async function holder(what: string, store: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [script, what, store], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "exit");
}

const held = ["hold-sqlite", "hold-sqlite-exclusive", "hold-journal", "hold-spool", "hold-batch"];

test.each(held)("kill -9 of a process with %s holds nobody up", async (what) => {
  using folder = new TestFolder();
  const store = copyTo(folder);
  await kill(await holder(what, store));

  const started = performance.now();
  {
    await using stores = await openStores(store);
    await sealRun(stores, { "after.txt": "after the crash" });
  }
  await rebuildCatalog(store);

  expect(performance.now() - started).toBeLessThan(4000);
  const { findings, seals } = await checkStore(store, { readPart: 1 });
  // A stream that nobody wrote to meanwhile keeps its void lock.
  expect(findings.filter(({ code }) => code !== "lock_dead")).toEqual([]);
  expect(seals).toBe(4);
});

test("unlock names what is held, removes what the dead hold and nothing else", async () => {
  using folder = new TestFolder();
  const store = copyTo(folder);
  const journal = await holder("hold-journal", store);
  const batch = await holder("hold-batch", store);
  const spool = await holder("hold-spool", store);

  const while_alive = releaseDeadLocks(store);

  expect(while_alive.map(({ owner, done }) => `${owner} ${done}`)).toEqual(
    Array.from({ length: 6 }, () => "alive kept"),
  );
  expect(new Set(while_alive.map(({ pid }) => pid))).toEqual(
    new Set([journal.pid, batch.pid, spool.pid]),
  );
  for (const child of [journal, batch, spool]) await kill(child);
  // As a collection of garbage that died holds the whole store.
  symlinkSync(readlinkSync(join(store, "journal/seals.lock")), join(store, "tmp/gc.lock"));

  const afterwards = releaseDeadLocks(store);

  expect(afterwards.map(({ kind, done }) => `${kind} ${done}`)).toEqual([
    ...Array.from({ length: 4 }, () => "lock removed"),
    ...Array.from({ length: 2 }, () => "temporary_folder removed"),
    "run_lease left_to_recovery",
  ]);
  expect(readdirSync(join(store, "journal"))).toEqual(["seals.jsonl"]);
  expect(existsSync(join(store, "tmp/gc.lock"))).toBe(false);
  expect(existsSync(join(store, "tmp/run-00000000-0000-4000-8000-000000000000"))).toBe(true);
  expect(releaseDeadLocks(store)).toHaveLength(1);
});
