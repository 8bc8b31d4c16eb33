import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { digestBytes } from "@reseal/hash";
import type { BatchFile, BlobStore, InspectorSource } from "@reseal/store";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openFsBlobStore } from "./fs-blob-store.ts";

let folder: string;
let store: BlobStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "reseal-lanes-"));
  store = await openFsBlobStore(join(folder, "blobs"));
});

afterEach(async () => {
  await store[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Enough files for other threads to be started. */
function writeFiles(
  count = 400,
  contentOf = (index: number): string => `file ${index}`,
): BatchFile[] {
  const source = join(folder, "source");
  mkdirSync(source, { recursive: true });
  return Array.from({ length: count }, (_, index) => {
    const path = join(source, String(index));
    writeFileSync(path, contentOf(index));
    return { path, size: 10, inspectAs: "text" };
  });
}

/** An inspector whose module is this code, the same in this thread and in others. */
async function inspector(code: string, data: unknown = {}): Promise<InspectorSource> {
  const path = join(folder, `inspector-${Math.random()}.mjs`);
  writeFileSync(path, code);
  const module = pathToFileURL(path).href;
  const loaded = (await import(/* @vite-ignore */ module)) as {
    createInspector(data: unknown): InspectorSource["inspector"];
  };
  return { inspector: loaded.createInspector(data), module, data };
}

/** The same, but in this thread it waits until another one has begun, which may be slow to start. */
function afterThread(source: InspectorSource, begun: string): InspectorSource {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  const whole = (): undefined => {
    const end = Date.now() + 10_000;
    while (!existsSync(begun) && Date.now() < end) Atomics.wait(pause, 0, 0, 1);
  };
  return { ...source, inspector: { ...source.inspector, whole } };
}

const refusesWord = `
  export const createInspector = ({ word }) => ({
    whole: (bytes) => Buffer.from(bytes).toString().includes(word) ? { found: true } : undefined,
    pieces: () => ({ push() {}, end: () => ({ large: true }) }),
  });`;

test("a file refused in any thread is not staged", async () => {
  const files = writeFiles(400, (index) => (index % 7 === 0 ? `word ${index}` : `file ${index}`));
  await using batch = await store.openBatch();

  const results = await batch.putFiles(files, {
    inspector: await inspector(refusesWord, { word: "word" }),
  });
  await batch.commit();

  for (const [index, { status }] of results.entries())
    expect(status).toBe(index % 7 === 0 ? "refused" : "stored");
  expect(await store.stat(digestBytes("word 7"))).toBeUndefined();
  expect(await store.stat(digestBytes("file 8"))).toBeDefined();
});

test("a large file is refused after its last piece, and nothing of it stays", async () => {
  const files = writeFiles(1, () => "x".repeat(3_000_000));
  await using batch = await store.openBatch();

  const results = await batch.putFiles(files, {
    inspector: await inspector(refusesWord, { word: "x" }),
  });

  expect(results).toEqual([{ status: "refused", size: 3_000_000, verdict: { large: true } }]);
  expect(temporaryFiles()).toEqual([]);
});

test("copies of one file are one blob, whichever thread met them", async () => {
  const files = writeFiles(400, () => "the same");
  await using batch = await store.openBatch();

  const results = await batch.putFiles(files);
  await batch.commit();

  expect(new Set(results.map((result) => result.status))).toEqual(new Set(["stored"]));
  expect(await store.check([{ digest: digestBytes("the same"), size: 8 }])).toEqual([]);
});

test("leaving the batch without commit leaves nothing", async () => {
  const files = writeFiles();
  {
    await using batch = await store.openBatch();
    await batch.putFiles(files);
    expect(temporaryFiles().length).toBeGreaterThan(0);
  }

  expect(temporaryFiles()).toEqual([]);
  expect(await store.stat(digestBytes("file 1"))).toBeUndefined();
});

test("an abort ends the work with its reason and leaves nothing", async () => {
  const files = writeFiles(2000);
  const controller = new AbortController();
  const reason = new Error("enough");
  {
    await using batch = await store.openBatch();
    const putting = batch.putFiles(files, {
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    await expect(putting).rejects.toBe(reason);
  }

  expect(temporaryFiles()).toEqual([]);
});

test("a thread that dies is an error, not a wait, and the next call works", async () => {
  const files = writeFiles();
  const begun = join(folder, "begun");
  const dying = await inspector(`
    import { writeFileSync } from "node:fs";
    export const createInspector = () => ({
      whole: () => { writeFileSync(${JSON.stringify(begun)}, ""); process.exit(3); },
      pieces: () => ({ push() {}, end: () => undefined }),
    });`);
  const here = afterThread(dying, begun);
  {
    await using batch = await store.openBatch();
    await expect(batch.putFiles(files, { inspector: here })).rejects.toMatchObject({
      code: "STORE_WORKER_FAILED",
    });
  }
  expect(temporaryFiles()).toEqual([]);

  await using batch = await store.openBatch();
  const results = await batch.putFiles(files);
  expect(results.every((result) => result.status === "stored")).toBe(true);
});

test("an error of the inspector's module is the error of the call", async () => {
  const files = writeFiles();
  const begun = join(folder, "begun");
  const code = `import { writeFileSync } from "node:fs";
    writeFileSync(${JSON.stringify(begun)}, "");
    throw new Error("no such module");`;
  const broken = afterThread(
    {
      ...(await inspector(refusesWord, { word: "word" })),
      module: `data:text/javascript,${encodeURIComponent(code)}`,
    },
    begun,
  );
  await using batch = await store.openBatch();

  await expect(batch.putFiles(files, { inspector: broken })).rejects.toThrow("no such module");
});

test("what is known to an inspector is in no file", async () => {
  const secret = ["not", "for", "disks"].join("-");
  const files = writeFiles();
  await using batch = await store.openBatch();

  await batch.putFiles(files, { inspector: await inspector(refusesWord, { word: secret }) });

  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const { readFileSync } = await import("node:fs");
    expect(readFileSync(join(entry.parentPath, entry.name)).includes(secret)).toBe(false);
  }
});

test("many blobs are checked and copied out in several threads", async () => {
  const files = writeFiles();
  await using batch = await store.openBatch();
  const results = await batch.putFiles(files);
  await batch.commit();
  const blobs = results.flatMap((result) => (result.status === "stored" ? [result] : []));
  const target = join(folder, "target");
  mkdirSync(target);
  const [first] = blobs;
  const hex = first?.digest.slice("sha256:".length) ?? "";
  const path = join(folder, "blobs", hex.slice(0, 2), hex);
  rmSync(path);
  writeFileSync(path, "FILE 0");

  const problems = await store.check(blobs);
  const copies = blobs.map((blob, index) => ({
    ...blob,
    path: join(target, String(index)),
    mode: 0o644,
  }));

  expect(problems.map(({ digest, error }) => [digest, error.code])).toEqual([
    [first?.digest, "STORE_BLOB_CORRUPT"],
  ]);
  await expect(store.copyOut(copies)).rejects.toMatchObject({ code: "STORE_BLOB_CORRUPT" });
  expect(existsSync(join(target, "0"))).toBe(false); // A damaged copy is not left.
});

function temporaryFiles(): string[] {
  const temporary = join(folder, "tmp");
  return readdirSync(temporary, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name);
}

test("two batches that bring whole folders into a new store at once both keep all", async () => {
  const files = writeFiles(1200);
  await using one = await store.openBatch();
  await using other = await store.openBatch();
  await one.putFiles(files.slice(0, 800));
  await other.putFiles(files.slice(400));
  await other.put(Buffer.from("file 1")); // Known by another way as well.

  await Promise.all([one.commit(), other.commit()]);

  const digests = files.map((_, index) => digestBytes(`file ${index}`));
  const problems = await store.check(
    digests.map((digest, index) => ({ digest, size: `file ${index}`.length })),
  );
  expect(problems).toEqual([]);
  expect(temporaryFiles()).toEqual([]);
});

test("a batch that was not committed brings no folder", async () => {
  const before = readdirSync(join(folder, "blobs"));
  {
    await using batch = await store.openBatch();
    await batch.putFiles(writeFiles(600));
  }

  expect(readdirSync(join(folder, "blobs"))).toEqual(before);
});
