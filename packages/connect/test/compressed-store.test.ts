import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { exportZip, openBundleZip, openStoredBundle, verifyBundle } from "@reseal/bundle";
import type { Digest } from "@reseal/hash";
import { expect, test } from "vitest";
import {
  backupStore,
  checkStore,
  openRepair,
  openStores,
  restoreStore,
  storeStats,
} from "../src/index.ts";
import { blobFile, sealRun, TestFolder } from "./sealed-store.ts";

const outputs = {
  "log.jsonl": '{"venue":"kraken-exchange","ok":true}\n'.repeat(4000),
  "small.txt": "the same words again, ".repeat(200),
  "large.txt": "line of a large file\n".repeat(200_000),
};
const logFile = (store: string): string => blobFile(store, outputs["log.jsonl"]);

test("becomes a store of format 2 with its first compressed blob, and is in order", async () => {
  using folder = new TestFolder();
  const { store, before } = await compressedStore(folder);

  expect(readFileSync(join(store, "format.json"), "utf8")).toBe('{"format":2}\n');
  expect(existsSync(logFile(store))).toBe(false);
  expect(existsSync(`${logFile(store)}.zst`)).toBe(true);
  const report = await checkStore(store, { readPart: 1 });
  expect(report.findings).toEqual([]);
  expect(report.bytes).toBe(before.physical_bytes);
  const stats = await storeStats(store);
  expect(stats.blobs).toBe(before.blobs);
  expect(stats.physical_bytes).toBeLessThan(before.physical_bytes / 20);
});

test("opens a compressed store for every reader: bundle, verify, ZIP, backup and restore", async () => {
  using folder = new TestFolder();
  const { store, seal } = await compressedStore(folder);
  const [zip, copy, linked] = ["run.zip", "copy", "linked"].map((name) => join(folder.path, name));
  if (zip === undefined || copy === undefined || linked === undefined) throw new Error("No names.");

  {
    await using stores = await openStores(store);
    const reader = await openStoredBundle(stores, seal);
    expect((await verifyBundle(reader)).findings).toEqual([]);
    await exportZip(reader, zip);
  }
  await using archive = await openBundleZip(zip);
  expect((await verifyBundle(archive)).findings).toEqual([]);

  for (const [target, link] of [
    [copy, false],
    [linked, true],
  ] as const) {
    const report = await backupStore(store, target, { link });
    expect(report.findings).toEqual([]);
    expect(report.copied.blobs).toBe(report.blobs);
    // A backup is plain: coreutils check it.
    execFileSync("sha256sum", ["--quiet", "-c", "blobs.sha256"], { cwd: target });
    expect(readFileSync(join(target, "format.json"), "utf8")).toBe('{"format":1}\n');
  }
  const restored = join(folder.path, "restored");
  await restoreStore(copy, restored);
  expect((await checkStore(restored, { readPart: 1 })).findings).toEqual([]);
});

test("finds a damaged compressed blob and brings it back from a backup", async () => {
  using folder = new TestFolder();
  const { store } = await compressedStore(folder);
  const backup = join(folder.path, "backup");
  await backupStore(store, backup);
  const file = `${logFile(store)}.zst`;
  chmodSync(file, 0o644);
  writeFileSync(file, readFileSync(file).fill(0x55, 30));
  chmodSync(file, 0o444);

  const check = await checkStore(store, { readPart: 1 });
  expect(check.findings.map(({ code }) => code)).toEqual(["blob_corrupt"]);
  await using repair = await openRepair(store, { sources: [backup] });
  const report = await repair.apply();

  expect(report.lost).toEqual([]);
  expect(existsSync(file)).toBe(false);
  expect((await checkStore(store, { readPart: 1 })).findings).toEqual([]);
});

test("says when a blob lies there in both forms, which is no fault", async () => {
  using folder = new TestFolder();
  const { store } = await compressedStore(folder);
  writeFileSync(logFile(store), outputs["log.jsonl"], { mode: 0o444 });

  const report = await checkStore(store, { readPart: 1 });

  expect(report.findings.map(({ code, level }) => [code, level])).toEqual([["left_over", "note"]]);
});

async function compressedStore(folder: TestFolder): Promise<{
  readonly store: string;
  readonly seal: Digest;
  readonly before: Awaited<ReturnType<typeof storeStats>>;
}> {
  const store = join(mkdtempSync(join(folder.path, "at-")), "store");
  await using stores = await openStores(store, { create: true });
  const { seal } = await sealRun(stores, outputs);
  const before = await storeStats(store);
  const digests: Digest[] = [];
  for await (const { digest } of stores.blobs.list()) digests.push(digest);
  await stores.blobs.changeForm?.(digests, "zstd");
  expect(readdirSync(join(store, "tmp"))).toEqual([]);
  expect(statSync(`${logFile(store)}.zst`).mode & 0o777).toBe(0o444);
  return { store, seal, before };
}
