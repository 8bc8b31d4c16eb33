import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type CatalogStorage, openSqliteCatalog, storageFor } from "@reseal/catalog";
import type { Stores } from "@reseal/store";
import { describe, expect, test } from "vitest";
import { checkStore, openStores } from "../src/index.ts";
import { sealRun, storeWithRuns, TestFolder } from "./sealed-store.ts";

const local = async () => ({ isNetwork: false, hasLocks: true });
const network = async () => ({ isNetwork: true, hasLocks: true });
const lockless = async () => ({ isNetwork: true, hasLocks: false });

async function count(stores: Stores): Promise<number> {
  return (await stores.catalog.listRuns({ tenant: "local" })).items.length;
}

/** Byte 18 of the file: 1 is a rollback journal, 2 a write-ahead log. */
function modeOf(store: string): number | undefined {
  return readFileSync(join(store, "store.db"))[18];
}

describe("where the catalog is kept", () => {
  test("follows the file system, and what made the file", async () => {
    using folder = new TestFolder();
    const file = (name: string) => join(folder.path, name);
    for (const storage of ["wal", "rollback"] as const) {
      await using _made = await openSqliteCatalog(file(`${storage}.db`), { storage });
    }
    const chosen = async (name: string): Promise<CatalogStorage[]> =>
      Promise.all([local, network, lockless].map((traits) => storageFor(file(name), traits)));

    expect(await chosen("new.db")).toEqual(["wal", "rollback", "memory"]);
    expect(await chosen("rollback.db")).toEqual(["rollback", "rollback", "memory"]);
    // Another machine may have it open, with memory that cannot be seen from here.
    expect(await chosen("wal.db")).toEqual(["wal", "memory", "memory"]);
  });
});

describe("a store on a network", () => {
  test("whose catalog has a rollback journal is shared by all, and stays so", async () => {
    using folder = new TestFolder();
    const store = join(folder.path, "store");
    {
      await using stores = await openStores(store, { create: true, catalogStorage: "rollback" });
      await sealRun(stores, { "a.txt": "a" });
    }

    await using here = await openStores(store); // A local file system leaves the mode alone.
    await using there = await openStores(store, { catalogStorage: "rollback" });
    await sealRun(there, { "b.txt": "b" });

    expect(await count(here)).toBe(2);
    expect(modeOf(store)).toBe(1);
    expect(readdirSync(store).filter((name) => /-(wal|shm)$/.test(name))).toEqual([]);
    expect((await checkStore(store, { readPart: 1 })).findings).toEqual([]);
  });

  test("where no file is safe publishes blobs and journal, and the next reader indexes", async () => {
    using folder = new TestFolder();
    const store = join(folder.path, "store");
    await using first = await openStores(store, { create: true, catalogStorage: "memory" });
    await using second = await openStores(store, { catalogStorage: "memory" });
    await sealRun(first, { "a.txt": "a" }, { tags: ["x"] });
    await sealRun(second, { "b.txt": "b" });

    expect(existsSync(join(store, "store.db"))).toBe(false);
    await using reader = await openStores(store, { catalogStorage: "memory", readOnly: true });
    expect(await count(reader)).toBe(2);
    await using home = await openStores(store); // The machine whose disk it is.
    expect(await count(home)).toBe(2);
    expect(modeOf(store)).toBe(2);
  });

  test("leaves the write-ahead log of the machine at home alone", async () => {
    using folder = new TestFolder();
    const store = join(folder.path, "store");
    await storeWithRuns(store);
    await using home = await openStores(store);
    const before = readFileSync(join(store, "store.db"));

    await using away = await openStores(store, { catalogStorage: "memory" });
    await sealRun(away, { "away.txt": "away" });

    expect(await count(away)).toBe(4);
    expect(readFileSync(join(store, "store.db"))).toEqual(before);
    await using next = await openStores(store);
    expect(await count(next)).toBe(4);
    expect(await count(home)).toBe(4);
  });

  test("two writers with catalogs of their own lose nothing of each other", async () => {
    using folder = new TestFolder();
    const store = join(folder.path, "store");
    const open = () => openStores(store, { create: true, catalogStorage: "memory" });
    const write = async (name: string): Promise<void> => {
      for (let number = 0; number < 10; number += 1) {
        await using stores = await open();
        await sealRun(stores, { "n.txt": `${name} ${number}` });
      }
    };

    await Promise.all([write("one"), write("two")]);

    await using reader = await open();
    expect(await count(reader)).toBe(20);
  });
});

/** A FUSE file system that shows a folder in another place, where this machine can make one. */
class Mount implements Disposable {
  readonly path: string;
  readonly isThere: boolean;

  constructor(folder: string) {
    this.path = join(folder, "mount");
    mkdirSync(this.path);
    mkdirSync(join(folder, "disk"));
    const { status } = spawnSync("bindfs", ["--no-allow-other", join(folder, "disk"), this.path]);
    this.isThere = status === 0;
  }

  [Symbol.dispose](): void {
    if (this.isThere) spawnSync("fusermount", ["-u", "-z", this.path]);
  }
}

test("a real FUSE mount and the disk behind it are two ways to one store", async ({ skip }) => {
  using folder = new TestFolder();
  using mount = new Mount(folder.path);
  if (!mount.isThere) skip("bindfs cannot mount here");
  const store = join(mount.path, "store");
  const behind = join(folder.path, "disk/store");
  const countAt = async (location: string): Promise<number> => {
    await using stores = await openStores(location, { readOnly: location === store });
    return await count(stores);
  };

  await storeWithRuns(store);
  expect(readdirSync(store).filter((name) => name.startsWith("store.db"))).toEqual([]);
  expect(await countAt(behind)).toBe(3);
  for (let number = 0; number < 3; number += 1)
    for (const location of [store, behind]) {
      await using stores = await openStores(location);
      await sealRun(stores, { "n.txt": `${location} ${number}` });
    }

  expect(await countAt(behind)).toBe(9);
  // FUSE may show a file's old length for a second.
  await expect.poll(() => countAt(store), { timeout: 5000, interval: 200 }).toBe(9);
  for (const location of [store, behind])
    expect((await checkStore(location, { readPart: 1 })).findings).toEqual([]);
});
