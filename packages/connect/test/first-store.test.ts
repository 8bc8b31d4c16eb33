import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkStore, openStores, withFirstStore } from "../src/index.ts";
import { deadName, sealRun, TestFolder } from "./sealed-store.ts";

const fails = (): Promise<never> => Promise.reject(new Error("not that one"));

test("the store appears with what the work put into it", async () => {
  using folder = new TestFolder();
  const store = join(folder.path, "store");

  const seal = await withFirstStore(store, {}, async (stores) => {
    expect(existsSync(store)).toBe(false);
    return (await sealRun(stores, { "a.txt": "a" })).seal;
  });

  expect(readdirSync(folder.path)).toEqual(["store"]);
  expect(await checkStore(store, { readPart: 1 })).toMatchObject({ findings: [], seals: 1 });
  await using stores = await openStores(store);
  expect(await stores.catalog.resolve(seal, { tenant: "local" })).toHaveLength(1);
});

test("work that fails leaves no store, and none of the folders that were made for it", async () => {
  using folder = new TestFolder();

  for (const path of ["store", "a/b/store"])
    await expect(withFirstStore(join(folder.path, path), {}, fails)).rejects.toThrow("not that");

  expect(readdirSync(folder.path)).toEqual([]);
});

test("a store that is there, or any other folder with something in it, is opened as it is", async () => {
  using folder = new TestFolder();
  const store = join(folder.path, "store");
  await (await openStores(store, { create: true }))[Symbol.asyncDispose]();
  const other = join(folder.path, "other");
  mkdirSync(other);
  writeFileSync(join(other, "own.txt"), "");

  await expect(withFirstStore(store, {}, fails)).rejects.toThrow("not that one");
  const seal = await withFirstStore(other, {}, (stores) => sealRun(stores, { "a.txt": "a" }));

  expect(existsSync(join(store, "artifacts"))).toBe(true);
  expect(seal).toBeDefined();
  expect(readdirSync(other)).toContain("own.txt");
});

test("when somebody makes the store meanwhile, the work is done again in theirs", async () => {
  using folder = new TestFolder();
  const store = join(folder.path, "store");
  let goes = 0;

  await withFirstStore(store, {}, async (stores) => {
    goes += 1;
    await sealRun(stores, { "ours.txt": "ours" });
    if (goes > 1) return;
    await using theirs = await openStores(store, { create: true });
    await sealRun(theirs, { "theirs.txt": "theirs" });
  });

  expect(goes).toBe(2);
  expect(readdirSync(folder.path)).toEqual(["store"]);
  expect(await checkStore(store, { readPart: 1 })).toMatchObject({ findings: [], seals: 2 });
});

test("what a process left that died when its store was in place goes with the next work", async () => {
  using folder = new TestFolder();
  const store = join(folder.path, "store");
  await (await openStores(store, { create: true }))[Symbol.asyncDispose]();
  mkdirSync(join(folder.path, deadName("importing.")));

  await withFirstStore(store, {}, (stores) => sealRun(stores, { "a.txt": "a" }));

  expect(readdirSync(folder.path)).toEqual(["store"]);
});
