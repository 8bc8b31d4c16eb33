import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { digestBytes, formatTree } from "@reseal/hash";
import type { BlobStore } from "@reseal/store";
import { openFsBlobStore } from "@reseal/store-fs";
import { describe, expect, test } from "vitest";
import { openBundleZip } from "../src/bundle-zip.ts";
import { exportBundle } from "../src/export.ts";
import { importBundle } from "../src/import.ts";
import { openBundleFolder, openStoredBundle } from "../src/reader.ts";
import { verifyBundle } from "../src/verify.ts";
import { openZip } from "../src/zip/open-zip.ts";
import { files, makeFolder, makeStores, sealFiles } from "./sealed-bundle.ts";
import { buildZip, type EntryParts } from "./zip-builder.ts";

/** An exported archive of a small run. */
async function exported(
  contents: Readonly<Record<string, string | Uint8Array>> = files,
): Promise<{ readonly path: string; readonly folder: string }> {
  const stores = makeStores();
  const { seal } = await sealFiles(stores, contents);
  const folder = makeFolder();
  const path = join(folder, "x.zip");
  await exportBundle(await openStoredBundle(stores, seal), path);
  return { path, folder };
}

/** The entries of an archive, to build another of. */
async function entriesOf(path: string): Promise<EntryParts[]> {
  await using archive = await openZip(path);
  const entries: EntryParts[] = [];
  for (const { path: name, method, isExecutable } of archive.entries) {
    const entry = archive.find(name);
    const chunks: Uint8Array[] = [];
    if (entry !== undefined)
      for await (const chunk of archive.open(entry)) chunks.push(Buffer.from(chunk));
    const mode = isExecutable ? 0o100755 : 0o100644;
    const data = Buffer.concat(chunks);
    entries.push({ name, data, method: method === "stored" ? 0 : 8, external: mode * 2 ** 16 });
  }
  return entries;
}

async function everything(blobs: BlobStore): Promise<string[]> {
  const digests: string[] = [];
  for await (const { digest } of blobs.list()) digests.push(digest);
  return digests;
}

test("test_bundle_creation_and_export: a sealed bundle is exported as an archive that verifies", async () => {
  const { path } = await exported();

  await using reader = await openBundleZip(path);
  const report = await verifyBundle(reader);

  expect(report.findings).toEqual([]);
  expect(reader.archive.find("manifest.json")).toBeDefined();
  for (const name of ["checksums.sha256", "CITATION.bib", "citation.json", "citation.md"])
    expect(reader.archive.find(name)).toBeDefined();
});

describe("test_artifact_import_export_roundtrip", () => {
  test("folder to archive to store to folder changes no byte", async () => {
    const { path, folder } = await exported();
    const root = join(folder, "artifacts");
    await using blobs = await openFsBlobStore(root);
    const stores = { ...makeStores(), blobs };

    await using reader = await openBundleZip(path);
    const report = await importBundle(stores, reader);
    const stored = await openStoredBundle(stores, reader.seal);
    await exportBundle(stored, join(folder, "y.zip"));
    await exportBundle(stored, join(folder, "bundle"));
    const inFolder = await openBundleFolder(join(folder, "bundle"));
    await exportBundle(inFolder, join(folder, "z.zip"));

    expect(report).toMatchObject({ seal: reader.seal, isNew: true });
    expect(readFileSync(join(folder, "y.zip"))).toEqual(readFileSync(path));
    expect(readFileSync(join(folder, "z.zip"))).toEqual(readFileSync(path));
    expect((await verifyBundle(inFolder)).findings).toEqual([]);
    expect((await stores.catalog.resolve(reader.seal, { tenant: "local" })).length).toBe(1);
  });

  test("importing twice changes nothing", async () => {
    const { path } = await exported();
    const stores = makeStores();
    await using reader = await openBundleZip(path);
    await importBundle(stores, reader);
    const before = await everything(stores.blobs);

    const again = await importBundle(stores, reader);

    expect(again.isNew).toBe(false);
    expect(await everything(stores.blobs)).toEqual(before);
  });

  test("an archive in memory, and one that another tool wrote, are imported as well", async () => {
    const { path } = await exported();
    const other = buildZip([
      { name: "outputs/", data: "" },
      ...(await entriesOf(path)).toReversed(),
    ]);

    for (const bytes of [readFileSync(path), other]) {
      const stores = makeStores();
      await using reader = await openBundleZip(bytes);
      expect(await importBundle(stores, reader)).toMatchObject({ isNew: true });
    }
  });

  test("many files go through threads", async () => {
    const contents: Record<string, string> = {};
    for (let number = 0; number < 600; number++)
      contents[`outputs/${number}.txt`] = `${number % 500}\n`.repeat(number);
    const { path, folder } = await exported(contents);
    const root = join(folder, "artifacts");
    await using blobs = await openFsBlobStore(root);
    const stores = { ...makeStores(), blobs };
    await using reader = await openBundleZip(path);

    await importBundle(stores, reader);

    const stored = await openStoredBundle(stores, reader.seal);
    expect((await verifyBundle(stored)).findings).toEqual([]);
    expect(readdirSync(join(folder, "tmp"))).toEqual([]);
  });
});

type Change = (entries: EntryParts[]) => EntryParts[];

function put(path: string, change: (data: Buffer) => Partial<EntryParts>): Change {
  return (entries) =>
    entries.map((entry) =>
      entry.name === path ? { ...entry, ...change(Buffer.from(entry.data ?? "")) } : entry,
    );
}

/** Checksums that fit whatever the archive holds. */
function withChecksums(entries: EntryParts[]): EntryParts[] {
  const others = entries.filter((entry) => entry.name !== "checksums.sha256");
  const sums = others.map(({ name, data = "" }) => ({
    path: String(name),
    digest: digestBytes(Buffer.from(data)),
  }));
  return [...others, { name: "checksums.sha256", data: formatTree(sums) }];
}

const changes: readonly (readonly [string, string, Change])[] = [
  [
    "a file that nobody lists",
    "extra_file",
    (all) => withChecksums([...all, { name: "outputs/more" }]),
  ],
  [
    "a file in the store's own folder",
    "extra_file",
    (all) => withChecksums([...all, { name: ".reseal/x" }]),
  ],
  [
    "a file that is missing",
    "missing_file",
    (all) => withChecksums(all.filter((entry) => entry.name !== "outputs/result.csv")),
  ],
  [
    "a file with other bytes",
    "digest_mismatch",
    (all) => withChecksums(put("outputs/result.csv", () => ({ data: "x\n2\n" }))(all)),
  ],
  [
    "a file with more bytes",
    "digest_mismatch",
    (all) => withChecksums(put("outputs/result.csv", () => ({ data: "x\n1\n2\n" }))(all)),
  ],
  [
    "a document with other bytes",
    "digest_mismatch",
    (all) =>
      withChecksums(
        put("run.json", (data) => ({ data: Buffer.from(data.toString().replace("ada", "bob")) }))(
          all,
        ),
      ),
  ],
  ["a file with a wrong CRC-32", "digest_mismatch", put("outputs/result.csv", () => ({ crc: 1 }))],
  ["a document with a wrong CRC-32", "digest_mismatch", put("run.json", () => ({ crc: 1 }))],
  [
    "data that cannot be inflated",
    "digest_mismatch",
    put("outputs/deep/figure.svg", (data) => ({
      data,
      method: 8,
      compressed: Buffer.from("no deflate"),
    })),
  ],
  [
    "no checksums",
    "missing_file",
    (all) => all.filter((entry) => entry.name !== "checksums.sha256"),
  ],
  [
    "checksums of something else",
    "digest_mismatch",
    put("CITATION.bib", () => ({ data: "@misc{x}\n" })),
  ],
  [
    "a citation of something else",
    "pointer",
    (all) =>
      withChecksums(
        put("citation.json", (data) => ({
          data: data.toString().replaceAll(/sha256:[0-9a-f]/g, "sha256:0"),
        }))(all),
      ),
  ],
];

describe("a bundle that was made hostile is refused whole", () => {
  test.for(changes)("%s: %s", async ([, code, change]) => {
    const { path, folder } = await exported();
    const hostile = join(folder, "hostile.zip");
    writeFileSync(hostile, buildZip(change(await entriesOf(path))));
    const root = join(folder, "artifacts");
    await using blobs = await openFsBlobStore(root);
    const stores = { ...makeStores(), blobs };
    await using reader = await openBundleZip(hostile);

    const report = await verifyBundle(reader);
    const importing = importBundle(stores, reader);

    expect(report.findings.map((finding) => finding.code)).toContain(code);
    await expect(importing).rejects.toMatchObject({ code: "BUNDLE_CORRUPT", exitCode: 4 });
    expect(await everything(blobs)).toEqual([]);
    expect(await stores.catalog.listRuns({ tenant: "local" })).toMatchObject({ items: [] });
    expect(await stores.journal.size("seals")).toBe(0);
    expect(existsSync(join(folder, "tmp")) ? readdirSync(join(folder, "tmp")) : []).toEqual([]);
  });

  test("a manifest that is not one, and an archive without", async () => {
    const { path } = await exported();
    const entries = await entriesOf(path);
    const without = entries.filter((entry) => entry.name !== "manifest.json");
    const nested = entries.map((entry) => ({ ...entry, name: `bundle/${String(entry.name)}` }));

    const open = (changed: EntryParts[]): Promise<unknown> => openBundleZip(buildZip(changed));

    await expect(open(put("manifest.json", () => ({ data: "{}" }))(entries))).rejects.toMatchObject(
      {
        code: "BUNDLE_MANIFEST_INVALID",
      },
    );
    await expect(open(without)).rejects.toMatchObject({ code: "BUNDLE_NOT_A_BUNDLE" });
    await expect(open(nested)).rejects.toMatchObject({
      code: "BUNDLE_NOT_A_BUNDLE",
      hint: expect.stringContaining("not the folder") as unknown,
    });
  });

  test("a store that fails is not the bundle's fault", async () => {
    const { path } = await exported();
    const stores = makeStores();
    const broken = new Proxy(stores.blobs, {
      get: (target, key, receiver) =>
        key === "openBatch"
          ? async () => {
              const batch = await target.openBatch();
              batch.putFiles = () => Promise.reject(new Error("disk is full"));
              return batch;
            }
          : Reflect.get(target, key, receiver),
    });
    await using reader = await openBundleZip(path);

    const importing = importBundle({ ...stores, blobs: broken }, reader);

    await expect(importing).rejects.toThrow("disk is full");
    expect(await everything(stores.blobs)).toEqual([]);
  });
});
