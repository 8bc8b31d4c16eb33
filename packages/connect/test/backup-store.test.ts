import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { backupStore, checkStore, openStores, restoreStore } from "../src/index.ts";
import {
  blobFile,
  catalogText,
  prepareStore,
  sealRun,
  storeWithRuns,
  TestFolder,
} from "./sealed-store.ts";

const { original, seals, wholeCatalog, copyTo } = await prepareStore();

describe("a backup", () => {
  test("is a whole store, which sha256sum can check", async () => {
    using folder = new TestFolder();
    const target = join(folder.path, "backup");

    const report = await backupStore(original, target);

    expect(report.findings).toEqual([]);
    expect(report.copied.blobs).toBe(report.blobs);
    expect((await checkStore(target, { readPart: 1 })).findings).toEqual([]);
    expect(await catalogText(target)).toBe(wholeCatalog);
    execFileSync("sha256sum", ["--quiet", "-c", "blobs.sha256"], { cwd: target });
  });

  test("done again copies only what is new", async () => {
    using folder = new TestFolder();
    const store = copyTo(folder);
    const target = join(folder.path, "backup");
    await backupStore(store, target);
    {
      await using stores = await openStores(store);
      await sealRun(stores, { "new.txt": "new", "shared.txt": "shared" });
    }

    const report = await backupStore(store, target);

    expect(report.copied.blobs).toBeLessThan(10);
    expect(report.copied.blobs).toBeGreaterThan(1);
    expect((await checkStore(target, { readPart: 1 })).findings).toEqual([]);
    expect(await catalogText(target)).toBe(await catalogText(store));
    execFileSync("sha256sum", ["--quiet", "-c", "blobs.sha256"], { cwd: target });
    expect((await backupStore(store, target)).copied.blobs).toBe(0);
  });

  test("taken while others record is the state of one moment", async () => {
    using folder = new TestFolder();
    const store = copyTo(folder);
    await using stores = await openStores(store);
    let isDone = false;
    const writing = (async () => {
      for (let number = 0; !isDone; number += 1)
        await sealRun(stores, { "n.txt": `number ${number}` });
    })();

    for (let round = 0; round < 3; round += 1) {
      await backupStore(store, join(folder.path, "backup"));
      const { findings } = await checkStore(join(folder.path, "backup"), { readPart: 1 });
      expect(findings.filter(({ level }) => level !== "note")).toEqual([]);
    }

    isDone = true;
    await writing;
  });

  test("leaves damaged blobs out, and says so and what was missing", async () => {
    using folder = new TestFolder();
    const store = copyTo(folder);
    const bad = blobFile(store, "shared");
    chmodSync(bad, 0o644);
    writeFileSync(bad, "sharEd");
    rmSync(blobFile(store, "a"));

    const report = await backupStore(store, join(folder.path, "backup"));

    expect(report.findings.map(({ code }) => code)).toEqual(["blob_corrupt", "blob_missing"]);
    expect(report.copied.blobs).toBe(report.blobs);
  });

  test("can be made of hard links within a file system, and only there", async () => {
    using folder = new TestFolder();
    const store = copyTo(folder);
    const target = join(folder.path, "backup");

    await backupStore(store, target, { link: true });

    const inode = (root: string) => statSync(blobFile(root, "shared")).ino;
    expect(inode(target)).toBe(inode(store));
    expect((await checkStore(target, { readPart: 1 })).findings).toEqual([]);
    const elsewhere = "/dev/shm/reseal-backup-elsewhere";
    if (statSync("/dev/shm").dev === statSync(store).dev) return;
    await expect(backupStore(store, elsewhere, { link: true })).rejects.toMatchObject({
      code: "CONNECT_LINK_ACROSS",
      exitCode: 2,
    });
    expect(() => statSync(elsewhere)).toThrow();
  });

  test("is refused where something else lies, and nothing is changed there", async () => {
    using folder = new TestFolder();
    const store = copyTo(folder);
    const foreign = join(folder.path, "foreign");
    mkdirSync(foreign);
    writeFileSync(join(foreign, "thesis.tex"), "");
    const other = join(folder.path, "other");
    await storeWithRuns(other);

    for (const target of [foreign, other, store, join(store, "trash/backup"), "/etc/hostname"])
      await expect(backupStore(store, target)).rejects.toMatchObject({
        code: "CONNECT_BACKUP_TARGET",
      });

    expect(readdirSync(foreign)).toEqual(["thesis.tex"]);
    expect((await checkStore(other)).findings).toEqual([]);
  });
});

describe("a restore", () => {
  test("gives the store back, with all that the catalog said", async () => {
    using folder = new TestFolder();
    const backup = join(folder.path, "backup");
    await backupStore(original, backup);
    const target = join(folder.path, "deep/new");

    const report = await restoreStore(backup, target);

    expect(report.seals).toBe(seals.length);
    expect((await checkStore(target, { readPart: 1 })).findings).toEqual([]);
    expect(await catalogText(target)).toBe(wholeCatalog);
    expect(readdirSync(join(folder.path, "deep"))).toEqual(["new"]);
  });

  test.each([
    ["a bad blob", (path: string) => damage(blobFile(path, "shared"), "sharEd")],
    ["a missing blob", (path: string) => rmSync(blobFile(path, "shared"))],
    [
      "a damaged journal",
      (path: string) => appendFileSync(join(path, "journal/seals.jsonl"), "x\n"),
    ],
  ])("of a backup with %s makes nothing", async (_, harm) => {
    using folder = new TestFolder();
    const backup = join(folder.path, "backup");
    await backupStore(original, backup);
    harm(backup);

    await expect(restoreStore(backup, join(folder.path, "new"))).rejects.toMatchObject({
      code: "CONNECT_BACKUP_INVALID",
      exitCode: 4,
    });

    expect(readdirSync(folder.path)).toEqual(["backup"]);
  });

  test("never overwrites a store that holds something", async () => {
    using folder = new TestFolder();
    const store = copyTo(folder);
    const backup = join(folder.path, "backup");
    await backupStore(original, backup);
    const before = readFileSync(join(store, "journal/seals.jsonl"));

    await expect(restoreStore(backup, store)).rejects.toMatchObject({
      code: "CONNECT_RESTORE_TARGET",
      exitCode: 2,
    });

    expect(readFileSync(join(store, "journal/seals.jsonl"))).toEqual(before);
  });

  test("replaces a store that never held anything", async () => {
    using folder = new TestFolder();
    const backup = join(folder.path, "backup");
    await backupStore(original, backup);
    const target = join(folder.path, "empty");
    {
      await using _empty = await openStores(target, { create: true });
    }

    await restoreStore(backup, target);

    expect(await catalogText(target)).toBe(wholeCatalog);
  });

  test("of what is no backup is refused", async () => {
    using folder = new TestFolder();

    await expect(restoreStore(folder.path, join(folder.path, "x"))).rejects.toMatchObject({
      code: "CONNECT_NOT_A_BACKUP",
    });
    await expect(restoreStore(original, join(folder.path, "x"))).rejects.toMatchObject({
      code: "CONNECT_NOT_A_BACKUP",
    });
    expect(readdirSync(folder.path)).toEqual([]);
  });
});

function damage(file: string, text: string): void {
  chmodSync(file, 0o644);
  writeFileSync(file, text);
}
