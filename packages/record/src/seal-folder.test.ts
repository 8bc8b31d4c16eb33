import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { digestBytes, treeDigest } from "@reseal/hash";
import { failNth, faultyBlobStore, faultyCatalog, faultyJournal } from "@reseal/store/faulty";
import { expect, test } from "vitest";
import { known, storedText, token } from "../test/capture.ts";
import { makeStores, verifiedSeals } from "../test/memory-stores.ts";
import { env } from "../test/record.ts";
import { makeTree } from "../test/temporary-tree.ts";
import { type SealFolderRequest, sealFolder } from "./seal-folder.ts";

const request = (folder: string, changes: Partial<SealFolderRequest> = {}): SealFolderRequest => ({
  folder,
  toolVersion: "0.0.0",
  env,
  ...changes,
});

test("every file of a folder is an output of the artifact", async () => {
  const stores = makeStores();
  const folder = makeTree({ "a.csv": "1", "deep/b.csv": "22", ".hidden": "3" });

  const { manifest, seal } = await sealFolder(stores, request(folder, { type: "validation" }));

  const tree = treeDigest([
    { path: "a.csv", digest: digestBytes("1") },
    { path: "deep/b.csv", digest: digestBytes("22") },
    { path: ".hidden", digest: digestBytes("3") },
  ]);
  expect(manifest.content).toEqual({
    content_version: 1,
    type: "validation",
    inputs: {},
    results: { outputs: { tree, files: 3, bytes: 4 } },
  });
  expect(manifest.context.status).toBe("finished");
  expect(await verifiedSeals(stores)).toEqual([seal]);
});

test("the same files give the same artifact, wherever and by whatever name", async () => {
  const stores = makeStores();
  const files = { "a.csv": "1", "b/c.csv": "2" };

  const one = await sealFolder(stores, request(makeTree(files)));
  const two = await sealFolder(
    stores,
    request(makeTree(files), { description: { title: "Figure 2", tags: ["paper"] } }),
  );

  expect(two.keys.artifactId).toBe(one.keys.artifactId);
  expect(two.seal).not.toBe(one.seal);
});

test("what cannot be taken is listed, and what holds a secret is withheld and said", async () => {
  const stores = makeStores();
  const folder = makeTree({
    "a.csv": "1",
    "back\\slash": "",
    "secret.env": token,
    [`${token}.txt`]: "",
  });
  symlinkSync("/etc/hostname", join(folder, "far"));
  execFileSync("mkfifo", [join(folder, "pipe")]);

  const { manifest } = await sealFolder(
    stores,
    request(folder, { description: { notes: `by ${token}` } }),
  );

  expect(manifest.content.results.outputs).toMatchObject({ files: 1 });
  expect(manifest.context.not_captured.outputs?.paths).toEqual([
    { path: "back\\slash", reason: "not_portable" },
    { path: "far", reason: "special" },
    { path: "pipe", reason: "special" },
  ]);
  expect(manifest.context.redaction.withheld).toMatchObject([
    { path: "outputs/[REDACTED:github-token:1].txt" },
    { path: "outputs/secret.env" },
  ]);
  expect(manifest.context.warnings.map(({ code }) => code)).toEqual([
    "NAME_NOT_PORTABLE",
    "SECRET_WITHHELD",
    "SECRET_WITHHELD",
  ]);
  expect(await storedText(stores.blobs)).not.toContain(token);
});

test("what is allowed is taken; strict refuses the rest and seals nothing", async () => {
  const stores = makeStores();
  const folder = makeTree({ "a.csv": "1", "fine.env": token });

  const allowed = await sealFolder(stores, request(folder, { allowSecrets: ["*.env"] }));
  expect(allowed.manifest.content.results.outputs).toMatchObject({ files: 2 });

  const attempt = sealFolder(stores, request(folder, { isStrict: true }));
  await expect(attempt).rejects.toMatchObject({ code: "RECORD_SECRET_FOUND", exitCode: 5 });
  expect(await verifiedSeals(stores)).toHaveLength(1);
});

test("known values of the environment are secrets in binary files as well", async () => {
  const stores = makeStores();
  const folder = makeTree({ "a.csv": "1", "model.bin": `\0${known}` });

  await sealFolder(stores, request(folder, { env: { ...env, SERVICE_TOKEN: known } }));

  expect(await storedText(stores.blobs)).not.toContain(known);
});

test.for([
  ["nowhere", {}, "RECORD_FOLDER_NOT_FOUND"],
  ["a file", {}, "RECORD_FOLDER_NOT_FOUND"],
  ["empty", {}, "RECORD_FOLDER_NOT_FOUND"],
  ["full", { type: "No Word" }, "RECORD_DESCRIPTION_INVALID"],
  ["full", { description: { tags: ["a\nb"] } }, "RECORD_DESCRIPTION_INVALID"],
  ["full", { description: { title: "\ud800" } }, "RECORD_DESCRIPTION_INVALID"],
] as const)("%s %j is refused with %s", async ([name, changes, code]) => {
  const stores = makeStores();
  const folder = makeTree({ "a file": "1", "full/a.csv": "1" });
  mkdirSync(join(folder, "empty"));

  const attempt = sealFolder(
    stores,
    request(join(folder, name), changes as Partial<SealFolderRequest>),
  );

  await expect(attempt).rejects.toMatchObject({ code });
  expect(await verifiedSeals(stores)).toEqual([]);
});

test("a store in the folder is not sealed into itself", async () => {
  const folder = makeTree({ "a.csv": "1", "my-store/artifacts/aa/blob": "2" });
  const stores = makeStores({ location: join(folder, "my-store") });

  const { manifest } = await sealFolder(stores, request(folder));

  expect(manifest.content.results.outputs).toMatchObject({ files: 1 });
});

test("a folder is sealed as it is now, whatever was sealed of it before", async () => {
  const stores = makeStores();
  const folder = makeTree({ "a.csv": "1", "b.csv": "2" });
  await sealFolder(stores, request(folder));
  rmSync(join(folder, "b.csv"));

  const { manifest } = await sealFolder(stores, request(folder));

  expect(manifest.content.results.outputs).toMatchObject({ files: 1 });
  expect(await verifiedSeals(stores)).toHaveLength(2);
});

test("a failure at any call leaves nothing half-done", async () => {
  for (let call = 1; ; call++) {
    const stores = makeStores();
    const folder = makeTree({ "a.csv": "1", "deep/b.csv": "2" });
    const plan = failNth(call, "error_after");
    const faulty = {
      ...stores,
      blobs: faultyBlobStore(stores.blobs, plan),
      journal: faultyJournal(stores.journal, plan),
      catalog: faultyCatalog(stores.catalog, plan),
    };

    const sealed = await sealFolder(faulty, request(folder)).catch(() => undefined);

    if (plan.faults.length === 0) break; // Every call has failed once.
    expect(sealed).toBeUndefined();
    expect((await verifiedSeals(stores)).length).toBeLessThanOrEqual(1);
    expect(readdirSync(stores.local).filter((name) => name === "tmp")).toEqual([]);
  }
});
