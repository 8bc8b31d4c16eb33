import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Writable } from "node:stream";
import { digestBytes, parseDigest } from "@reseal/hash";
import { openFsBlobStore } from "@reseal/store-fs";
import { expect, test } from "vitest";
import { openBundleZip } from "../src/bundle-zip.ts";
import { exportBundle } from "../src/export.ts";
import { type BundleReader, openBundleFolder, openStoredBundle } from "../src/reader.ts";
import { exportZip } from "../src/zip/export-zip.ts";
import { checkZip, openZip } from "../src/zip/open-zip.ts";
import { files, makeFolder, makeStores, sealFiles } from "./sealed-bundle.ts";

async function bundle(contents: Readonly<Record<string, string | Uint8Array>> = files): Promise<{
  readonly reader: BundleReader;
  readonly stores: ReturnType<typeof makeStores>;
}> {
  const stores = makeStores();
  const { seal } = await sealFiles(stores, contents);
  return { stores, reader: await openStoredBundle(stores, seal) };
}

/** Bytes that nobody can compress, the same every time. */
function noise(): Buffer {
  return Buffer.concat(
    Array.from({ length: 200 }, (_, number) => createHash("sha256").update(`${number}`).digest()),
  );
}

/** All files below a folder, with their bytes and whether they are executable. */
function tree(folder: string): Record<string, readonly [string, boolean]> {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    paths.map((path) => [
      path.slice(folder.length + 1),
      [digestBytes(readFileSync(path)), (statSync(path).mode & 0o111) !== 0] as const,
    ]),
  );
}

/** What is in an archive, written as files by ourselves. */
async function unpack(path: string, folder: string): Promise<void> {
  await using archive = await openZip(path);
  for (const entry of archive.entries) {
    const target = join(folder, entry.path);
    mkdirSync(dirname(target), { recursive: true });
    const chunks: Uint8Array[] = [];
    for await (const chunk of archive.open(entry)) chunks.push(chunk);
    writeFileSync(target, Buffer.concat(chunks), { mode: entry.isExecutable ? 0o755 : 0o644 });
  }
}

test("a bundle goes into an archive and out again without a change", async () => {
  const { reader } = await bundle();
  const folder = makeFolder();

  await exportBundle(reader, join(folder, "bundle"));
  const report = await exportBundle(reader, join(folder, "x.zip"));
  await unpack(join(folder, "x.zip"), join(folder, "unpacked"));

  expect(tree(join(folder, "unpacked"))).toEqual(tree(join(folder, "bundle")));
  expect(report).toMatchObject({
    path: join(folder, "x.zip"),
    format: "zip",
    seal: reader.seal,
    files: Object.keys(tree(join(folder, "bundle"))).length,
    archiveBytes: statSync(join(folder, "x.zip")).size,
  });
});

test("the bytes depend on the bundle alone", async () => {
  const { reader } = await bundle();
  const folder = makeFolder();
  const again = await openBundleFolder((await exportBundle(reader, join(folder, "f"))).path);

  await exportBundle(reader, join(folder, "a.zip"));
  await exportBundle(again, join(folder, "b.zip"));
  await using fromZip = await openBundleZip(join(folder, "a.zip"));
  await exportBundle(fromZip, join(folder, "c"), { format: "zip" });

  const [a, b, c] = ["a.zip", "b.zip", "c"].map((name) => readFileSync(join(folder, name)));
  expect(b).toEqual(a);
  expect(c).toEqual(a);
});

const golden = new URL("../../../schemas/vectors/bundle/toss", import.meta.url).pathname;

test("a golden bundle gives a golden archive", async () => {
  const path = join(makeFolder(), "x.zip");

  // Stored, as other versions of zlib deflate otherwise.
  await exportZip(await openBundleFolder(golden), path, { level: 0 });

  expect(digestBytes(readFileSync(path))).toBe(
    "sha256:d178b0b35727f74c7dae8c64a6ac3430764981afd89b0e7c3555c3873f7e67b5",
  );
});

test("threads give the same bytes as one thread", async () => {
  const contents: Record<string, string> = {};
  for (let number = 0; number < 1500; number++)
    contents[`outputs/${number}.txt`] = `line ${number}\n`.repeat(300 + (number % 200));
  const { reader } = await bundle(contents);
  const folder = makeFolder();
  const few = Object.fromEntries(Object.entries(contents).slice(0, 3));
  const [first] = Object.keys(few);

  await exportZip(reader, join(folder, "many.zip"));
  await exportZip((await bundle(few)).reader, join(folder, "few.zip"));

  const data = async (name: string): Promise<Buffer> => {
    await using archive = await openZip(join(folder, name));
    const entry = archive.find(first ?? "");
    if (entry === undefined) throw new Error("no entry");
    const { dataOffset, compressedSize } = entry;
    return readFileSync(join(folder, name)).subarray(dataOffset, dataOffset + compressedSize);
  };
  expect(await data("many.zip")).toEqual(await data("few.zip"));
  expect(await checkZip(join(folder, "many.zip"))).toHaveLength(
    reader.manifest.context.files.length + 5,
  );
});

test("the manifest is first and the others follow in the order of their names", async () => {
  const { reader } = await bundle();
  const path = join(makeFolder(), "x.zip");

  await exportZip(reader, path);
  await using archive = await openZip(path);

  const [first, ...others] = archive.entries.map((entry) => Buffer.from(entry.path));
  expect(first?.toString()).toBe("manifest.json");
  expect(others).toEqual(others.toSorted(Buffer.compare));
});

test("what does not shrink by 2 % is stored, and what is stored is stored everywhere", async () => {
  const { reader } = await bundle({
    "outputs/text.txt": "a line\n".repeat(500),
    "outputs/noise.bin": noise(),
    "outputs/empty": "",
    "outputs/x.png": noise(),
  });
  const folder = makeFolder();

  await exportZip(reader, join(folder, "a.zip"));
  await exportZip(reader, join(folder, "stored.zip"), { level: 0 });

  await using archive = await openZip(join(folder, "a.zip"));
  expect(archive.find("outputs/text.txt")?.method).toBe("deflated");
  expect(archive.find("outputs/empty")?.method).toBe("stored");
  expect(archive.find("outputs/x.png")?.method).toBe("stored");
  for (const entry of archive.entries)
    if (entry.method === "deflated")
      expect(entry.compressedSize).toBeLessThanOrEqual(entry.size * 0.98);
  await using stored = await openZip(join(folder, "stored.zip"));
  expect(stored.entries.every((entry) => entry.method === "stored")).toBe(true);
});

test("a stream gets the same bytes, and is left open", async () => {
  const { reader } = await bundle();
  const path = join(makeFolder(), "x.zip");
  const chunks: Buffer[] = [];
  const stream = new Writable({
    highWaterMark: 1,
    write: (chunk: Buffer, _, done) => {
      chunks.push(chunk);
      setImmediate(done);
    },
  });

  await exportZip(reader, path);
  await exportZip(reader, stream);

  expect(Buffer.concat(chunks)).toEqual(readFileSync(path));
  expect(stream.writableEnded).toBe(false);
});

test("a stream that breaks ends the export", async () => {
  const { reader } = await bundle();
  const stream = new Writable({ write: (_, __, done) => done(new Error("pipe broke")) });
  stream.on("error", () => undefined);

  await expect(exportZip(reader, stream)).rejects.toThrow("pipe broke");
});

test("a blob that is missing, changed or of another size ends the export and leaves nothing", async () => {
  const { reader, stores } = await bundle();
  const folder = makeFolder();
  const path = join(folder, "x.zip");
  const [entry] = reader.manifest.context.files.filter((file) => file.size > 0);
  if (entry === undefined) throw new Error("no file");
  const longer = {
    ...reader,
    open: () => Promise.resolve(chunksOf("much longer than it was before")),
  };
  const shorter = { ...reader, open: () => Promise.resolve(chunksOf("")) };

  for (const changed of [longer, shorter])
    await expect(exportZip(changed, path)).rejects.toMatchObject({ code: "BUNDLE_SOURCE_CHANGED" });
  await stores.blobs.delete(entry.digest as never);

  await expect(exportZip(reader, path)).rejects.toMatchObject({ code: "STORE_BLOB_NOT_FOUND" });
  expect(readdirSync(folder)).toEqual([]);
});

test("a damaged blob in a folder is noticed in whichever thread reads it", async () => {
  const contents: Record<string, string> = { "outputs/large.txt": "line\n".repeat(2_000_000) };
  for (let number = 0; number < 600; number++)
    contents[`outputs/${number}.txt`] = `line ${number}\n`.repeat(1000);
  const folder = makeFolder();
  await using blobs = await openFsBlobStore(join(folder, "blobs"));
  const stores = { ...makeStores(), blobs };
  const { seal } = await sealFiles(stores, contents);
  const reader = await openStoredBundle(stores, seal);
  const target = join(folder, "out", "x.zip");

  for (const name of ["outputs/7.txt", "outputs/large.txt"]) {
    const digest = reader.manifest.context.files.find(({ path }) => path === name)?.digest ?? "";
    const blob = blobs.localFile?.(parseDigest(digest)) ?? "";
    const bytes = readFileSync(blob);
    rmSync(blob);
    await expect(exportZip(reader, target)).rejects.toMatchObject({ code: "STORE_BLOB_NOT_FOUND" });
    for (const wrong of [
      Buffer.from(bytes.toReversed()),
      bytes.subarray(1),
      Buffer.concat([bytes, bytes]),
    ]) {
      writeFileSync(blob, wrong);
      await expect(exportZip(reader, target)).rejects.toMatchObject({ code: "STORE_BLOB_CORRUPT" });
      rmSync(blob);
    }
    writeFileSync(blob, bytes);
  }
  await exportZip(reader, target);

  expect(readdirSync(join(folder, "out"))).toEqual(["x.zip"]);
});

async function* chunksOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

test("an abort leaves nothing", async () => {
  const { reader } = await bundle();
  const folder = makeFolder();
  const abort = new AbortController();
  abort.abort();

  const exporting = exportZip(reader, join(folder, "x.zip"), { signal: abort.signal });

  await expect(exporting).rejects.toMatchObject({ name: "AbortError" });
  expect(readdirSync(folder)).toEqual([]);
});

test("nothing that is there is overwritten", async () => {
  const { reader } = await bundle();
  const folder = makeFolder();
  writeFileSync(join(folder, "x.zip"), "mine");

  for (const name of ["x.zip", "."])
    await expect(exportBundle(reader, join(folder, name), { format: "zip" })).rejects.toMatchObject(
      {
        code: "BUNDLE_TARGET_EXISTS",
      },
    );

  expect(readFileSync(join(folder, "x.zip"), "utf8")).toBe("mine");
  expect(readdirSync(folder)).toEqual(["x.zip"]);
});

test("names that no import would take are not written", async () => {
  const folder = makeFolder();

  for (const name of ["outputs/NUL", "outputs/a:b", `outputs/${"d/".repeat(140)}x`]) {
    const { reader } = await bundle({ [name]: "x" });
    await expect(exportZip(reader, join(folder, "x.zip"))).rejects.toMatchObject({ exitCode: 5 });
  }

  expect(readdirSync(folder)).toEqual([]);
});

const tools = [
  ["unzip", ["-tqq", "x.zip"]],
  ["bsdtar", ["-tf", "x.zip"]],
  ["zip", ["-qT", "x.zip"]],
  ["7z", ["t", "-bd", "x.zip"]],
  ["python3", ["-c", "import zipfile; assert zipfile.ZipFile('x.zip').testzip() is None"]],
] as const;

test.for(tools)("%s takes the archive", async ([command, args], { skip }) => {
  if (spawnSync(command, ["--help"]).error !== undefined) skip(`${command} is not installed`);
  const { reader } = await bundle();
  const folder = makeFolder();

  await exportZip(reader, join(folder, "x.zip"));
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: "utf8" });

  expect(`${stderr}${status === 0 ? "" : stdout}`).toBe("");
  expect(status).toBe(0);
});

test("70,000 files make an archive with ZIP64 records", async () => {
  const contents = Object.fromEntries(
    Array.from({ length: 70_000 }, (_, number) => [`outputs/${number}`, ""]),
  );
  const { reader } = await bundle(contents);
  const path = join(makeFolder(), "x.zip");

  await exportZip(reader, path);
  await using archive = await openZip(path);

  expect(archive.entries.length).toBe(reader.manifest.context.files.length + 5);
  expect(readFileSync(path).subarray(-98, -94).toString("latin1")).toBe("PK\x06\x06");
});
