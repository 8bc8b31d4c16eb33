import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { digestBytes, parseDigest } from "@reseal/hash";
import { type FaultKind, failNth, faultyBlobStore } from "@reseal/store/faulty";
import { expect, test } from "vitest";
import { files, makeFolder, makeStores, sealFiles } from "../test/sealed-bundle.ts";
import { exportBundle } from "./export.ts";
import { type BundleReader, openBundleFolder, openStoredBundle } from "./reader.ts";

async function sealed(stores = makeStores()): Promise<BundleReader> {
  return await openStoredBundle(stores, (await sealFiles(stores)).seal);
}

const listing = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();

test("a stranger checks an export with sha256sum alone", async () => {
  const reader = await sealed();
  const folder = join(makeFolder(), "deep", "bundle");

  const report = await exportBundle(reader, folder);

  const check = (list: string, cwd: string): string =>
    execFileSync("sha256sum", ["-c", "--strict", "--quiet", list], { cwd, encoding: "utf8" });
  expect(check("checksums.sha256", folder)).toBe("");
  for (const tree of ["code", "inputs", "outputs", "metrics"])
    expect(check(`../trees/${tree}.sha256`, join(folder, tree))).toBe("");
  const sum = execFileSync("sha256sum", ["manifest.json"], { cwd: folder, encoding: "utf8" });
  expect(`sha256:${sum.split(" ")[0]}`).toBe(report.seal);
  const tree = execFileSync("sha256sum", ["trees/outputs.sha256"], {
    cwd: folder,
    encoding: "utf8",
  });
  expect(`sha256:${tree.split(" ")[0]}`).toBe(reader.manifest.content.results.outputs?.tree);
  expect(report).toMatchObject({ path: folder, format: "folder", seal: reader.seal });
  const paths = listing(folder).filter((path) => statSync(join(folder, path)).isFile());
  expect(report.files).toBe(paths.length);
  expect(report.bytes).toBe(
    paths.reduce((sum, path) => sum + statSync(join(folder, path)).size, 0),
  );
});

test("files are as they were: bytes, and whether they can be executed", async () => {
  const folder = join(makeFolder(), "bundle");

  await exportBundle(await sealed(), folder);

  for (const [path, text] of Object.entries(files))
    expect(readFileSync(join(folder, path), "utf8")).toBe(text);
  expect(statSync(join(folder, "code/train.py")).mode & 0o111).not.toBe(0);
  expect(statSync(join(folder, "outputs/result.csv")).mode & 0o111).toBe(0);
});

test("two exports of one bundle have the same bytes, also one of the other", async () => {
  const reader = await sealed();
  const parent = makeFolder();

  await exportBundle(reader, join(parent, "one"));
  await exportBundle(reader, join(parent, "two"));
  await exportBundle(await openBundleFolder(join(parent, "one")), join(parent, "three"));

  execFileSync("diff", ["-r", "one", "two"], { cwd: parent });
  execFileSync("diff", ["-r", "one", "three"], { cwd: parent });
});

test("an empty folder is taken, anything else is left as it is", async () => {
  const reader = await sealed();
  const parent = makeFolder();
  mkdirSync(join(parent, "empty"));
  mkdirSync(join(parent, "full"));
  writeFileSync(join(parent, "full", "mine"), "1");
  writeFileSync(join(parent, "file"), "2");

  await exportBundle(reader, join(parent, "empty"));
  expect(existsSync(join(parent, "empty", "manifest.json"))).toBe(true);

  for (const name of ["full", "file"])
    await expect(exportBundle(reader, join(parent, name))).rejects.toMatchObject({
      code: "BUNDLE_TARGET_EXISTS",
      exitCode: 2,
    });
  expect(listing(join(parent, "full"))).toEqual(["mine"]);
  expect(readFileSync(join(parent, "file"), "utf8")).toBe("2");
  expect(listing(parent).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});

test.each(["bundle", "bundle.zip"])(
  "%s is there already: asked again, it is checked and kept",
  async (name) => {
    const reader = await sealed();
    const parent = makeFolder();
    const first = await exportBundle(reader, join(parent, name));
    const { ino } = statSync(join(parent, name));

    expect(await exportBundle(reader, join(parent, name))).toEqual(first);

    expect(statSync(join(parent, name)).ino).toBe(ino);
    const other = await sealed(makeStores({ clock: { now: () => 0 } }));
    await expect(exportBundle(other, join(parent, name))).rejects.toMatchObject({
      code: "BUNDLE_TARGET_EXISTS",
    });
    if (name === "bundle") writeFileSync(join(parent, name, "outputs/result.csv"), "changed");
    else truncateSync(join(parent, name), 100);
    await expect(exportBundle(reader, join(parent, name))).rejects.toMatchObject({
      code: "BUNDLE_TARGET_EXISTS",
    });
  },
);

test("a bundle that is damaged in the store is not exported", async () => {
  const stores = makeStores();
  const reader = await sealed(stores);
  const entry = reader.manifest.context.files.find(({ path }) => path === "outputs/result.csv");
  stores.blobs.damage(parseDigest(entry?.digest ?? ""), () => Buffer.from("x\n2\n"));
  const parent = makeFolder();

  await expect(exportBundle(reader, join(parent, "bundle"))).rejects.toMatchObject({ exitCode: 4 });
  expect(listing(parent)).toEqual([]);
});

const kinds: readonly FaultKind[] = ["error_before", "error_after", "short_read", "flipped_byte"];

test.for(kinds)(
  "whatever read fails with %s, the folder appears whole or not at all",
  async (kind) => {
    const stores = makeStores();
    const { seal } = await sealFiles(stores);
    for (let call = 1; ; call++) {
      const plan = failNth(call, kind, { operations: /^blobs\./ });
      const faulty = { ...stores, blobs: faultyBlobStore(stores.blobs, plan) };
      const parent = makeFolder();

      const attempt = openStoredBundle(faulty, seal).then((reader) =>
        exportBundle(reader, join(parent, "bundle")),
      );
      const report = await attempt.catch(() => undefined);

      if (plan.faults.length === 0) break; // Every call has failed once.
      if (report === undefined) expect(listing(parent)).toEqual([]);
      else expect(digestBytes(readFileSync(join(parent, "bundle", "manifest.json")))).toBe(seal);
    }
  },
);

test("an abort leaves nothing", async () => {
  const parent = makeFolder();

  const attempt = exportBundle(await sealed(), join(parent, "bundle"), {
    signal: AbortSignal.abort(),
  });

  await expect(attempt).rejects.toThrow();
  expect(listing(parent)).toEqual([]);
});
