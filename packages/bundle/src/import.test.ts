import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MemoryStores } from "@reseal/store";
import {
  type FaultKind,
  failNth,
  faultyBlobStore,
  faultyCatalog,
  faultyJournal,
} from "@reseal/store/faulty";
import { expect, test } from "vitest";
import { exportedBundle, files, forge, makeStores, sealFiles } from "../test/sealed-bundle.ts";
import { importBundle } from "./import.ts";
import { openBundleFolder, openStoredBundle } from "./reader.ts";
import { verifyBundle } from "./verify.ts";

async function blobCount(stores: MemoryStores): Promise<number> {
  let count = 0;
  for await (const _ of stores.blobs.list()) count += 1;
  return count;
}

async function isEmpty(stores: MemoryStores): Promise<boolean> {
  const { items } = await stores.catalog.listRuns({ tenant: stores.tenant });
  return (await blobCount(stores)) + (await stores.journal.size("seals")) + items.length === 0;
}

test("an imported bundle is the same bundle", async () => {
  const reader = await openBundleFolder(await exportedBundle());
  const stores = makeStores();

  const report = await importBundle(stores, reader);

  expect(report).toMatchObject({ seal: reader.seal, isNew: true });
  const stored = await openStoredBundle(stores, reader.seal);
  expect(stored.manifest).toEqual(reader.manifest);
  expect((await verifyBundle(stored)).findings).toEqual([]);
  const { items } = await stores.catalog.listRuns({ tenant: "local" });
  expect(items).toMatchObject([{ seal: reader.seal, run_id: reader.manifest.context.run_id }]);
});

test("importing it again changes nothing", async () => {
  const reader = await openBundleFolder(await exportedBundle());
  const stores = makeStores();
  await importBundle(stores, reader);
  const before = [await blobCount(stores), await stores.journal.size("seals")];

  expect(await importBundle(stores, reader)).toMatchObject({ isNew: false });
  expect([await blobCount(stores), await stores.journal.size("seals")]).toEqual(before);
});

test("two tenants may have the same bundle, each sees its own", async () => {
  const reader = await openBundleFolder(await exportedBundle());
  const stores = makeStores();
  await importBundle(stores, reader);

  const report = await importBundle({ ...stores, tenant: "other" }, reader);

  expect(report.isNew).toBe(true);
  for (const tenant of ["local", "other"])
    expect((await stores.catalog.listRuns({ tenant })).items).toHaveLength(1);
});

test("a bundle of a store is imported into another one", async () => {
  const from = makeStores();
  const { seal } = await sealFiles(from);
  const stores = makeStores();

  await importBundle(stores, await openStoredBundle(from, seal));

  expect((await verifyBundle(await openStoredBundle(stores, seal))).findings).toEqual([]);
});

test.for([
  [
    "a changed file",
    (folder: string) => writeFileSync(join(folder, "outputs/result.csv"), "x\n9\n"),
  ],
  ["a missing file", (folder: string) => rmSync(join(folder, "logs/stdout.log"))],
  ["an extra file", (folder: string) => writeFileSync(join(folder, "extra"), "")],
  ["no checksums", (folder: string) => rmSync(join(folder, "checksums.sha256"))],
  [
    "a forged result",
    (folder: string) => forge(folder, (forgery) => forgery.replace("outputs/result.csv", "x\n9\n")),
  ],
  [
    "a forged document",
    (folder: string) => forge(folder, (forgery) => forgery.replace("run.json", "null")),
  ],
] as const)("a bundle with %s is refused whole", async ([, change]) => {
  const folder = await exportedBundle();
  change(folder);
  const stores = makeStores();

  await expect(importBundle(stores, await openBundleFolder(folder))).rejects.toMatchObject({
    code: "BUNDLE_CORRUPT",
    exitCode: 4,
  });
  expect(await isEmpty(stores)).toBe(true);
});

test.for([
  "outputs/nul.txt",
  "outputs/a:b",
  "outputs/ends.",
  "outputs/RESULT.csv",
  "outputs/result.csv/x",
  "code/\u202etxt.py",
])("a bundle with the name %j is refused before anything is read", async (path) => {
  const folder = await exportedBundle();
  forge(folder, ({ manifest }) => {
    const entry = manifest.context.files.find((one) => one.path === "outputs/result.csv");
    if (entry !== undefined) manifest.context.files.push({ ...entry, path });
    manifest.context.files.sort((a, b) => (a.path < b.path ? -1 : 1));
  });
  const stores = makeStores();

  await expect(importBundle(stores, await openBundleFolder(folder))).rejects.toMatchObject({
    code: "BUNDLE_UNSAFE_NAME",
    exitCode: 5,
  });
  expect(await isEmpty(stores)).toBe(true);
});

test("a file that is changed between the check and the storing is not stored", async () => {
  const folder = await exportedBundle();
  const stores = makeStores();
  const { blobs } = stores;
  const late = {
    ...stores,
    blobs: Object.assign(Object.create(blobs) as typeof blobs, {
      openBatch: async (options?: object) => {
        const batch = await blobs.openBatch(options);
        return Object.assign(Object.create(batch) as typeof batch, {
          putFiles: async (...args: Parameters<typeof batch.putFiles>) => {
            writeFileSync(join(folder, "outputs/result.csv"), "x\n9\n");
            return await batch.putFiles(...args);
          },
        });
      },
    }),
  };

  await expect(importBundle(late, await openBundleFolder(folder))).rejects.toThrow();
  expect(await isEmpty(stores)).toBe(true);
});

test.for(["error_before", "error_after", "abort"] as const satisfies readonly FaultKind[])(
  "whatever call fails with %s, nothing half-done is seen, and a second try succeeds",
  async (kind) => {
    const folder = await exportedBundle(files);
    for (let call = 1; ; call++) {
      const stores = makeStores();
      const plan = failNth(call, kind);
      const faulty = {
        ...stores,
        blobs: faultyBlobStore(stores.blobs, plan),
        journal: faultyJournal(stores.journal, plan),
        catalog: faultyCatalog(stores.catalog, plan),
      };
      const reader = await openBundleFolder(folder);

      await importBundle(faulty, reader).catch(() => undefined);

      if (plan.faults.length === 0) break; // Every call has failed once.
      for await (const { record } of stores.journal.read("seals")) {
        const stored = await openStoredBundle(stores, record.seal as never);
        expect((await verifyBundle(stored)).findings).toEqual([]);
      }
      await importBundle(stores, reader);
      expect((await stores.catalog.listRuns({ tenant: "local" })).items).toHaveLength(1);
    }
  },
);
