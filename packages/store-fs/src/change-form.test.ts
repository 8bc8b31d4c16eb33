import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Digest, digestBytes, digestHex } from "@reseal/hash";
import { type BlobStore, collectBytes, decodeZstdBytes } from "@reseal/store";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openFsBlobStore } from "./fs-blob-store.ts";

const text = Buffer.from("a line that is written again and again\n".repeat(5000));
const digest = digestBytes(text);

let folder: string;
let directory: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "reseal-forms-"));
  directory = join(folder, "artifacts");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("keeps a compressed blob as one frame beside where the blob was, read-only and as old", async () => {
  await using store = await openFsBlobStore(directory);
  await store.put(text);
  utimesSync(plainFile(), 1_700_000_000, 1_700_000_000);

  await store.changeForm?.([digest], "zstd");

  expect(existsSync(plainFile())).toBe(false);
  expect(Buffer.from(decodeZstdBytes(readFileSync(zstdFile()), text.byteLength))).toEqual(text);
  expect(statSync(zstdFile()).mode & 0o777).toBe(0o444);
  expect(statSync(zstdFile()).mtimeMs).toBe(1_700_000_000_000);
  expect(readdirSync(join(folder, "tmp"))).toEqual([]);
});

test("asks before a blob is first compressed, and not for a dry run", async () => {
  let asked = 0;
  const onCompress = async (): Promise<void> => {
    asked += 1;
    throw new Error("Not here.");
  };
  await using store = await openFsBlobStore(directory, { onCompress });
  await store.put(text);

  await store.changeForm?.([digest], "zstd", { dryRun: true });
  expect(asked).toBe(0);

  await expect(store.changeForm?.([digest], "zstd")).rejects.toThrow("Not here.");
  expect(existsSync(zstdFile())).toBe(false);
});

test("refuses to change a form where it may only read", async () => {
  await (await openFsBlobStore(directory)).put(text);
  await using store = await openFsBlobStore(directory, { readOnly: true });

  await expect(store.changeForm?.([digest], "zstd")).rejects.toMatchObject({
    code: "STORE_READ_ONLY",
  });
});

test("goes on after an interruption that left both forms", async () => {
  await using store = await openFsBlobStore(directory);
  await store.put(text);
  copyFileSync(plainFile(), join(folder, "kept"));
  await store.changeForm?.([digest], "zstd");
  copyFileSync(join(folder, "kept"), plainFile());

  expect(await listed(store)).toEqual([digest]);
  const [change] = (await store.changeForm?.([digest], "zstd")) ?? [];
  expect(change?.status).toBe("changed");
  expect(existsSync(plainFile())).toBe(false);

  copyFileSync(join(folder, "kept"), plainFile());
  await store.changeForm?.([digest], "identity");
  expect(existsSync(zstdFile())).toBe(false);
  expect(await read(store)).toEqual(text);
});

test("keeps the compressed form when the blob's own bytes beside it are damaged", async () => {
  await using store = await openFsBlobStore(directory);
  await store.put(text);
  await store.changeForm?.([digest], "zstd");
  writeFileSync(plainFile(), text.subarray(1));

  const [change] = (await store.changeForm?.([digest], "identity")) ?? [];

  expect(change).toMatchObject({ status: "failed", error: { code: "STORE_BLOB_CORRUPT" } });
  expect(existsSync(zstdFile())).toBe(true);
});

test("says of a damaged blob that it is, and leaves it", async () => {
  await using store = await openFsBlobStore(directory);
  await store.put(text);
  const damaged = Buffer.from(text);
  damaged[5] = (damaged[5] ?? 0) ^ 1;
  chmodSync(plainFile(), 0o644);
  writeFileSync(plainFile(), damaged);

  for (const dryRun of [false, true]) {
    const [change] = (await store.changeForm?.([digest], "zstd", { dryRun })) ?? [];
    expect(change).toMatchObject({
      status: "failed",
      error: { code: "STORE_BLOB_CORRUPT", message: expect.stringContaining("does not match") },
    });
  }
  expect(readFileSync(plainFile())).toEqual(damaged);
  expect(existsSync(zstdFile())).toBe(false);
  expect(readdirSync(join(folder, "tmp"))).toEqual([]);
});

test("lists and checks on when a compressed blob is no frame", async () => {
  await using store = await openFsBlobStore(directory);
  const other = await store.put(Buffer.from("other"));
  await store.put(text);
  await store.changeForm?.([digest], "zstd");
  chmodSync(zstdFile(), 0o644);
  writeFileSync(zstdFile(), "junk");

  const blobs = [];
  for await (const blob of store.list()) blobs.push(blob);
  const problems = await store.check(blobs);

  expect(blobs).toContainEqual(other);
  expect(problems.map((problem) => problem.digest)).toEqual([digest]);
  await expect(read(store)).rejects.toMatchObject({ code: "STORE_BLOB_CORRUPT" });
});

test("goes on reading a blob whose form changes meanwhile", async () => {
  await using store = await openFsBlobStore(directory);
  const large = Buffer.concat(Array.from({ length: 20 }, () => text));
  const info = await store.put(large);
  const [before, later] = [await store.get(info.digest), await store.get(info.digest)];
  const iterator = before[Symbol.asyncIterator]();
  const { value: first } = await iterator.next();

  await store.changeForm?.([info.digest], "zstd");

  const rest = await collectBytes({ [Symbol.asyncIterator]: () => iterator });
  expect(Buffer.concat([first, rest]).equals(large)).toBe(true);
  expect(Buffer.from(await collectBytes(later)).equals(large)).toBe(true);
});

test("takes blobs into a batch whose form another process changes meanwhile", async () => {
  await using store = await openFsBlobStore(directory, { isMixed: false });
  await using other = await openFsBlobStore(directory);
  const info = await store.put(text);
  await using batch = await store.openBatch();
  await batch.put(text);

  await other.changeForm?.([digest], "zstd");
  await batch.commit();

  expect(await listed(store)).toEqual([digest]);
  expect(await store.stat(digest)).toEqual(info);
});

test("loses nothing when two change the form at once, one there and one back", async () => {
  await using one = await openFsBlobStore(directory);
  await using two = await openFsBlobStore(directory);
  const digests: Digest[] = [];
  for (let index = 0; index < 20; index += 1)
    digests.push((await one.put(Buffer.concat([text, Buffer.from(`${index}`)]))).digest);

  for (let round = 0; round < 5; round += 1)
    await Promise.all([one.changeForm?.(digests, "zstd"), two.changeForm?.(digests, "identity")]);

  const blobs = [];
  for await (const blob of one.list()) blobs.push(blob);
  expect(blobs.length).toBe(20);
  expect(await one.check(blobs)).toEqual([]);
});

test("loses nothing that others put while forms change", async () => {
  await using changing = await openFsBlobStore(directory);
  await using putting = await openFsBlobStore(directory, { isMixed: false });
  const contents = Array.from({ length: 12 }, (_, n) => Buffer.concat([text, Buffer.from(`${n}`)]));
  const digests = contents.map((bytes) => digestBytes(bytes));
  for (let round = 0; round < 4; round += 1) {
    const half = contents.filter((_, index) => (index + round) % 2 === 0);

    await Promise.all([
      ...half.map((bytes) => putting.put(bytes)),
      changing.changeForm?.(digests, round % 2 === 0 ? "zstd" : "identity"),
    ]);

    for (const bytes of half)
      expect(Buffer.from(await collectBytes(await putting.get(digestBytes(bytes))))).toEqual(bytes);
  }
});

test("stops when it is aborted, and leaves nothing half done", async () => {
  await using store = await openFsBlobStore(directory);
  await store.put(text);
  const controller = new AbortController();
  const onProgress = (): void => controller.abort();

  const changing = store.changeForm?.([digest], "zstd", { signal: controller.signal, onProgress });

  await expect(changing).rejects.toThrow(/abort/i);
  expect(existsSync(plainFile())).toBe(true);
  expect(readdirSync(join(folder, "tmp"))).toEqual([]);
});

function plainFile(): string {
  const hex = digestHex(digest);
  return join(directory, hex.slice(0, 2), hex);
}

function zstdFile(): string {
  return `${plainFile()}.zst`;
}

async function read(store: BlobStore): Promise<Buffer> {
  return Buffer.from(await collectBytes(await store.get(digest)));
}

async function listed(store: BlobStore): Promise<Digest[]> {
  const digests: Digest[] = [];
  for await (const blob of store.list()) digests.push(blob.digest);
  return digests;
}
