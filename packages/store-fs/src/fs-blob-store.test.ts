import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { digestBytes, digestHex } from "@reseal/hash";
import { type BlobStore, collectBytes } from "@reseal/store";
import { blobStoreCases } from "@reseal/store/conformance";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openFsBlobStore } from "./fs-blob-store.ts";

let folder: string;
let directory: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "reseal-store-fs-"));
  directory = join(folder, "artifacts");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test.for(blobStoreCases)("$name", async ({ run }) => {
  await using store = await openFsBlobStore(directory);

  await run(store, {
    reopen: () => openFsBlobStore(directory),
    damage: (digest, change) => {
      const plain = pathOf(digest);
      const path = existsSync(plain) ? plain : `${plain}.zst`;
      const bytes = change(readFileSync(path));
      chmodSync(path, 0o644);
      writeFileSync(path, bytes);
    },
    // The folder becomes a link to itself: whoever looks gets ELOOP, also root.
    obstruct: (digest) => {
      const prefix = join(directory, digestHex(digest).slice(0, 2));
      renameSync(prefix, `${prefix}-away`);
      symlinkSync(prefix, prefix);
    },
    leftovers: () => readdirSync(join(folder, "tmp")),
  });
});

test("keeps a blob as a read-only file with its bytes, whatever the umask", async () => {
  const umask = process.umask(0o077);
  try {
    await using store = await openFsBlobStore(directory);
    const { digest } = await store.put(Buffer.from("plain"));

    expect(readFileSync(pathOf(digest), "utf8")).toBe("plain");
    expect(statSync(pathOf(digest)).mode & 0o777).toBe(0o444);
    expect(statSync(join(pathOf(digest), "..")).mode & 0o777).toBe(0o755);
    expect(statSync(directory).mode & 0o777).toBe(0o755);
    expect(statSync(join(folder, "tmp")).mode & 0o777).toBe(0o700);
  } finally {
    process.umask(umask);
  }
});

test("puts 50 blobs at once, half of them the same", async () => {
  await using store = await openFsBlobStore(directory);

  const infos = await Promise.all(
    Array.from({ length: 50 }, (_, index) => store.put(Buffer.from(`blob ${index % 25}`))),
  );

  expect(new Set(infos.map(({ digest }) => digest)).size).toBe(25);
  expect(await countBlobs(store)).toBe(25);
  expect(readdirSync(join(folder, "tmp"))).toEqual([]);
});

test("does not write a blob again that is there", async () => {
  await using store = await openFsBlobStore(directory);
  const { digest } = await store.put(Buffer.from("once"));
  const before = statSync(pathOf(digest), { bigint: true });

  await store.put(Buffer.from("once"));

  const after = statSync(pathOf(digest), { bigint: true });
  expect([after.ino, after.mtimeNs, after.ctimeNs]).toEqual([
    before.ino,
    before.mtimeNs,
    before.ctimeNs,
  ]);
});

test("makes an old blob look new when it is used again, so that nobody collects it", async () => {
  await using store = await openFsBlobStore(directory);
  const { digest } = await store.put(Buffer.from("old"));
  utimesSync(pathOf(digest), 1_000_000, 1_000_000);

  await store.put(Buffer.from("old"));

  expect(Date.now() - statSync(pathOf(digest)).mtimeMs).toBeLessThan(60_000);
  expect(statSync(pathOf(digest)).mode & 0o777).toBe(0o444);
});

test("reports a blob of the wrong length to whoever puts it again", async () => {
  await using store = await openFsBlobStore(directory);
  const { digest } = await store.put(Buffer.from("whole"));
  chmodSync(pathOf(digest), 0o644);
  writeFileSync(pathOf(digest), "who");

  await expect(store.put(Buffer.from("whole"))).rejects.toMatchObject({
    code: "STORE_BLOB_CORRUPT",
  });
});

test("fails a commit when a blob that it relies on was removed meanwhile", async () => {
  await using store = await openFsBlobStore(directory);
  const { digest } = await store.put(Buffer.from("shared"));
  await using batch = await store.openBatch();
  await batch.put(Buffer.from("shared"));
  await store.delete(digest);

  await expect(batch.commit()).rejects.toMatchObject({ code: "STORE_BLOB_NOT_FOUND" });
});

test("lists only blobs, whatever else lies in the folder", async () => {
  await using store = await openFsBlobStore(directory);
  const { digest } = await store.put(Buffer.from("one"));
  const hex = digestHex(digest);
  mkdirSync(join(directory, "lost+found"));
  mkdirSync(join(directory, hex.slice(0, 2) === "00" ? "01" : "00"));
  writeFileSync(join(directory, "00", hex), "misplaced");
  writeFileSync(join(directory, hex.slice(0, 2), "README"), "x");
  writeFileSync(join(directory, "zz"), "x");

  expect(await countBlobs(store)).toBe(1);
});

test("says unavailable, not absent, when the folder of the store is gone", async () => {
  await using store = await openFsBlobStore(directory);
  const { digest } = await store.put(Buffer.from("x"));
  rmSync(directory, { recursive: true });

  for (const operation of [
    store.stat(digest),
    store.get(digest),
    store.delete(digest),
    countBlobs(store),
  ]) {
    await expect(operation).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  }
});

test("opens for reading only without touching anything", async () => {
  await expect(openFsBlobStore(directory, { readOnly: true })).rejects.toMatchObject({
    code: "STORE_UNAVAILABLE",
  });
  expect(existsSync(directory)).toBe(false);
  const { digest } = await (await openFsBlobStore(directory)).put(Buffer.from("kept"));
  rmSync(join(folder, "tmp"), { recursive: true });

  await using store = await openFsBlobStore(directory, { readOnly: true });

  expect(Buffer.from(await collectBytes(await store.get(digest))).toString()).toBe("kept");
  await expect(store.put(Buffer.from("x"))).rejects.toMatchObject({ code: "STORE_READ_ONLY" });
  await expect(store.delete(digest)).rejects.toMatchObject({ code: "STORE_READ_ONLY" });
  expect(existsSync(join(folder, "tmp"))).toBe(false);
});

test("sweeps what dead processes left, and nothing else", async () => {
  const temporary = join(folder, "tmp");
  await using store = await openFsBlobStore(directory);
  await using living = await store.openBatch();
  await living.put(Buffer.from("at work"));
  const [own = ""] = readdirSync(temporary);
  const bootId = own.split(".")[2];
  const host = Buffer.from(hostname()).toString("hex");
  const random = "0".repeat(16);
  const dead = [
    `blobs.${host}.${bootId}.${process.pid}.1.${random}`, // The pid is in use again.
    `blobs.${host}.00000000-0000-0000-0000-000000000000.1.1.${random}`, // Before the last boot.
  ];
  const kept = [own, `blobs.abcd.${bootId}.1.1.${random}`, "run-of-somebody-else", "blobs.txt"];
  for (const name of [...dead, ...kept.slice(1)]) mkdirSync(join(temporary, name));
  for (const name of dead) writeFileSync(join(temporary, name, "1"), "rest");

  await using _other = await openFsBlobStore(directory);

  expect(readdirSync(temporary).sort()).toEqual(kept.sort());
  utimesSync(join(temporary, kept[1] ?? ""), 1_000_000, 1_000_000);
  await using _third = await openFsBlobStore(directory);
  expect(readdirSync(temporary)).not.toContain(kept[1]);
  await living.commit();
  expect(await countBlobs(store)).toBe(1);
});

test("refuses a named pipe and a folder as a file, without waiting", async () => {
  execFileSync("mkfifo", [join(folder, "pipe")]);
  await using store = await openFsBlobStore(directory);
  await using batch = await store.openBatch();

  for (const path of [folder, join(folder, "pipe"), "/dev/null", join(folder, "missing")]) {
    await expect(batch.putFile(path)).rejects.toMatchObject({ code: "STORE_FILE_UNREADABLE" });
  }
});

test("leaves nothing when the batch ends while a put is at work", async () => {
  await using store = await openFsBlobStore(directory);
  const batch = await store.openBatch();
  const put = batch.put(slowly());
  const rejected = expect(put).rejects.toThrow("The batch has ended.");
  await new Promise((resolve) => setTimeout(resolve, 20));

  await batch[Symbol.asyncDispose]();
  await rejected;

  expect(readdirSync(join(folder, "tmp"))).toEqual([]);
  await expect(batch.put(Buffer.from("late"))).rejects.toThrow("The batch has ended.");
});

test("finds the digest of its file name", async () => {
  await using store = await openFsBlobStore(directory);
  const { digest } = await store.put(Buffer.from("self"));

  expect(digestBytes(readFileSync(pathOf(digest)))).toBe(digest);
});

function pathOf(digest: `sha256:${string}`): string {
  const hex = digestHex(digest);
  return join(directory, hex.slice(0, 2), hex);
}

async function countBlobs(store: BlobStore): Promise<number> {
  let count = 0;
  for await (const _ of store.list()) count += 1;
  return count;
}

async function* slowly(): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < 30; index += 1) {
    yield Buffer.alloc(300_000, index);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
