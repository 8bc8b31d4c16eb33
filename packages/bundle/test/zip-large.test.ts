import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import { createDigester, digestBytes } from "@reseal/hash";
import { openFsBlobStore } from "@reseal/store-fs";
import { expect, test } from "vitest";
import { openStoredBundle } from "../src/reader.ts";
import { exportZip } from "../src/zip/export-zip.ts";
import { checkZip, openZip } from "../src/zip/open-zip.ts";
import { makeFolder, makeStores, sealFiles } from "./sealed-bundle.ts";
import { buildZip, type EntryParts } from "./zip-builder.ts";

// Entries above 8 MiB are streamed: through unzipper when they are read, and through archiver when
// they are written and shrink.
const size = 9 * 1024 * 1024;
const noise = randomBytes(size);
const words = Buffer.from("loss accuracy epoch ".repeat(size / 20 + 1)).subarray(0, size);
for (let at = 0; at < size; at += 64) words.writeUInt32LE(noise.readUInt32LE(at), at);
const shrunk = deflateRawSync(words, { level: 1 });
const large: EntryParts = { name: "large.txt", data: words, method: 8, compressed: shrunk };

test("a large entry is read, stored or deflated", async () => {
  const archive = buildZip([large, { name: "stored.bin", data: noise }, { name: "small" }]);

  const found = await checkZip(archive);

  expect(found.map(({ digest }) => digest)).toEqual([
    digestBytes(words),
    digestBytes(noise),
    digestBytes("hello\n"),
  ]);
});

test.for([
  ["a wrong checksum", { ...large, crc: 1 }, "crc"],
  ["a wrong checksum of stored data", { name: "a", data: noise, crc: 1 }, "crc"],
  ["less data than it says", { ...large, size: size + 1 }, "data"],
  ["more data than it says", { ...large, size: size - 1 }, "data"],
  ["data that is cut", { ...large, compressed: shrunk.subarray(0, -5) }, "data"],
  [
    "something behind the data",
    { ...large, compressed: Buffer.concat([shrunk, Buffer.from("hidden")]) },
    "data",
  ],
  ["data that is none", { ...large, compressed: noise, size: 2 * size }, "data"],
] as const)("a large entry with %s is refused", async ([, entry, reason]) => {
  await expect(checkZip(buildZip([entry]))).rejects.toMatchObject({
    code: "BUNDLE_ZIP_CORRUPT",
    details: { reason },
  });
});

test("reading a large entry ends with the one who reads it", async () => {
  const path = join(makeFolder(), "a.zip");
  writeFileSync(path, buildZip([large]));
  await using archive = await openZip(path);
  const [entry] = archive.entries;
  if (entry === undefined) throw new Error("no entry");

  let byteCount = 0;
  for await (const chunk of archive.open(entry)) {
    byteCount += chunk.byteLength;
    if (byteCount > 100_000) break;
  }
  const abort = new AbortController();
  const read = async (): Promise<void> => {
    for await (const _ of archive.open(entry, { signal: abort.signal })) abort.abort();
  };

  await expect(read()).rejects.toMatchObject({ name: "AbortError" });
});

test("a file that is cut while it is read is an error of ours", async () => {
  const path = join(makeFolder(), "a.zip");
  writeFileSync(path, buildZip([large]));
  await using archive = await openZip(path);
  const [entry] = archive.entries;
  if (entry === undefined) throw new Error("no entry");
  writeFileSync(path, "");

  const read = async (): Promise<void> => {
    for await (const _ of archive.open(entry));
  };

  await expect(read()).rejects.toMatchObject({ code: "BUNDLE_ZIP_CORRUPT" });
});

const contents = {
  "outputs/deflated.txt": words,
  "outputs/noise.bin": noise,
  "outputs/zeros.bin": Buffer.alloc(17 * 1024 * 1024),
  "outputs/frames.npz": words,
};

test("large files are deflated where that pays, and never so far that no reader would take them", async () => {
  const stores = makeStores();
  const { seal } = await sealFiles(stores, contents);
  const reader = await openStoredBundle(stores, seal);
  const folder = makeFolder();
  const path = join(folder, "x.zip");

  await exportZip(reader, path);
  const found = new Map((await checkZip(path)).map((entry) => [entry.path, entry.digest]));
  await using archive = await openZip(path);

  for (const [name, bytes] of Object.entries(contents))
    expect(found.get(name)).toBe(digestBytes(bytes));
  const method = (name: string): string | undefined => archive.find(name)?.method;
  expect(method("outputs/deflated.txt")).toBe("deflated");
  expect(method("outputs/noise.bin")).toBe("stored");
  expect(method("outputs/zeros.bin")).toBe("deflated");
  expect(method("outputs/frames.npz")).toBe("deflated");
  expect(archive.find("outputs/noise.bin")?.crc32).toBe(crc32(noise));
  expect(readdirSync(folder)).toEqual(["x.zip"]);
});

test("the same large files give the same bytes, and an export that fails leaves nothing", async () => {
  const stores = makeStores();
  const { seal } = await sealFiles(stores, contents);
  const reader = await openStoredBundle(stores, seal);
  const folder = makeFolder();
  let opened = 0;
  const failing = {
    ...reader,
    open: async (...args: Parameters<typeof reader.open>) => {
      const source = await reader.open(...args);
      opened += 1;
      const breaks = opened === 4;
      return (async function* () {
        for await (const chunk of source) {
          yield chunk;
          if (breaks) throw new Error("source broke");
        }
      })();
    },
  };

  await exportZip(reader, join(folder, "a.zip"));
  await exportZip(reader, join(folder, "b.zip"));
  await expect(exportZip(failing, join(folder, "c.zip"))).rejects.toThrow("source broke");

  const [a, b] = ["a.zip", "b.zip"].map((name) => digestBytes(readFileSync(join(folder, name))));
  expect(a).toBe(b);
  expect(readdirSync(folder)).toEqual(["a.zip", "b.zip"]);
});

test("large files that lie in a folder give the same bytes, and no archive when one is damaged", async () => {
  const stores = makeStores();
  const { seal } = await sealFiles(stores, contents);
  const folder = makeFolder();
  await using blobs = await openFsBlobStore(join(folder, "blobs"));
  for await (const { digest } of stores.blobs.list())
    await blobs.put(await stores.blobs.get(digest));
  const paths = ["a.zip", "b.zip", "c.zip"].map((name) => join(folder, name));
  const [fromMemory = "", fromFolder = "", stored = ""] = paths;
  const reader = await openStoredBundle({ blobs, location: folder }, seal);

  await exportZip(await openStoredBundle(stores, seal), fromMemory);
  await exportZip(reader, fromFolder);
  await exportZip(reader, stored, { level: 0 });

  expect(readFileSync(fromFolder).equals(readFileSync(fromMemory))).toBe(true);
  const found = new Map((await checkZip(stored)).map((entry) => [entry.path, entry.digest]));
  for (const [name, bytes] of Object.entries(contents))
    expect(found.get(name)).toBe(digestBytes(bytes));

  const damaged = blobs.localFile?.(digestBytes(noise)) ?? "";
  chmodSync(damaged, 0o600);
  for (const bytes of [
    Buffer.concat([noise.subarray(0, -1), Buffer.of((noise.at(-1) ?? 0) ^ 1)]),
    noise.subarray(1),
    Buffer.concat([noise, noise]),
  ]) {
    writeFileSync(damaged, bytes);
    await expect(exportZip(reader, join(folder, "d.zip"))).rejects.toThrow(
      expect.objectContaining({ code: "STORE_BLOB_CORRUPT" }),
    );
  }
  expect(readdirSync(folder).filter((name) => name !== "tmp")).toEqual([
    "a.zip",
    "b.zip",
    "blobs",
    "c.zip",
  ]);
});

// Writes and reads 9 GiB: minutes, and as much room in the folder for temporary files.
test("files and archives beyond 4 GiB are written, and read by us and by others", {
  timeout: 1_800_000,
}, async () => {
  if (process.env.RESEAL_LONG === undefined) {
    console.info(
      "not run: beyond 4 GiB; it takes minutes and 5 GiB of disk (RESEAL_LONG=1 runs it)",
    );
    return;
  }
  const stores = makeStores();
  const { seal } = await sealFiles(stores, { "outputs/a.bin": "", "outputs/z.txt": "behind\n" });
  const small = await openStoredBundle(stores, seal);
  const blocks = 4200;
  const digester = createDigester();
  for (let count = 0; count < blocks; count += 1) digester.update(noise.subarray(0, 2 ** 20));
  const digest = digester.digest();
  const files = small.manifest.context.files.map((entry) =>
    entry.path === "outputs/a.bin" ? { ...entry, size: blocks * 2 ** 20, digest } : entry,
  );
  const reader = {
    ...small,
    manifest: { ...small.manifest, context: { ...small.manifest.context, files } },
    open: async (...[entry, options]: Parameters<typeof small.open>) =>
      entry.path === "outputs/a.bin" ? manyBlocks(blocks) : await small.open(entry, options),
  };
  const path = join(makeFolder(), "x.zip");

  const report = await exportZip(reader, path);

  expect(report.archiveBytes).toBeGreaterThan(blocks * 2 ** 20);
  const found = new Map((await checkZip(path)).map((entry) => [entry.path, entry.digest]));
  expect(found.get("outputs/a.bin")).toBe(digest);
  expect(found.get("outputs/z.txt")).toBe(digestBytes("behind\n"));
  expect(execFileSync("unzip", ["-tqq", path], { encoding: "utf8" })).toBe("");
});

async function* manyBlocks(count: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index += 1) yield noise.subarray(0, 2 ** 20);
}
