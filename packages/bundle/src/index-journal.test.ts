import { createMemoryCatalog, createMemoryJournal, type MemoryStores } from "@reseal/store";
import { expect, test } from "vitest";
import { files, makeStores, sealFiles } from "../test/sealed-bundle.ts";
import { indexJournal } from "./index-journal.ts";

/** A store with some runs, whose catalog was lost. */
async function withoutCatalog(count: number): Promise<{ stores: MemoryStores; seals: string[] }> {
  const stores = makeStores();
  const seals: string[] = [];
  for (let number = 0; number < count; number++) {
    const { seal } = await sealFiles(stores, { ...files, "outputs/n.txt": String(number) });
    seals.push(seal);
  }
  return { stores: { ...stores, catalog: createMemoryCatalog() }, seals };
}

const rows = async ({ catalog }: MemoryStores): Promise<readonly unknown[]> =>
  (await catalog.listRuns({ tenant: "local", order: "asc", limit: 10_000 })).items;

test("a lost catalog comes back with all that it said", async () => {
  const stores = makeStores();
  await sealFiles(stores);
  await sealFiles(stores, { ...files, "outputs/result.csv": "x\n2\n" });
  const lost = { ...stores, catalog: createMemoryCatalog() };

  expect(await indexJournal(lost)).toBe(2);

  expect(await rows(lost)).toEqual(await rows(stores));
  const [first] = (await stores.catalog.listRuns({ tenant: "local" })).items;
  const seal = first?.seal as never;
  expect(await lost.catalog.metrics(seal, { tenant: "local" })).toEqual(
    await stores.catalog.metrics(seal, { tenant: "local" }),
  );
  expect(await indexJournal(lost)).toBe(0);
});

test("only what is new is read", async () => {
  const { stores } = await withoutCatalog(2);
  await indexJournal(stores);
  await sealFiles({ ...stores, catalog: createMemoryCatalog() }, { "outputs/late.txt": "1" });

  expect(await indexJournal(stores)).toBe(1);
  expect(await rows(stores)).toHaveLength(3);
});

test("more seals than one transaction takes are all there", async () => {
  const stores = makeStores();
  const { seal, manifest } = await sealFiles(stores);
  const tenants = Array.from({ length: 1203 }, (_, index) => `tenant-${index}`);
  await stores.journal.append(
    "seals",
    tenants.map((tenant) => ({ seal, tenant, run_id: manifest.context.run_id })),
  );

  expect(await indexJournal(stores)).toBe(1203);
  expect((await stores.catalog.listRuns({ tenant: "tenant-1202" })).items).toHaveLength(1);
});

test("a seal whose manifest was deleted stays deleted", async () => {
  const { stores, seals } = await withoutCatalog(2);
  await stores.blobs.delete(seals[0] as never);

  expect(await indexJournal(stores)).toBe(1);
});

test("a damaged manifest is said, and the others are not lost with it", async () => {
  const { stores, seals } = await withoutCatalog(3);
  stores.blobs.damage(seals[1] as never, (bytes) => bytes.subarray(1));
  const damaged: string[] = [];

  expect(await indexJournal(stores, { onDamaged: (seal) => damaged.push(seal) })).toBe(2);
  expect(damaged).toEqual([seals[1]]);
});

test("a manifest that cannot be read just now is an error, so that it is not forgotten", async () => {
  const { stores, seals } = await withoutCatalog(2);
  stores.blobs.obstruct(seals[1] as never);

  await expect(indexJournal(stores)).rejects.toThrow();

  expect(await stores.catalog.journalOffset()).toBe(0);
});

test("lines that name no seal are passed over", async () => {
  const stores = makeStores();
  await stores.journal.append("seals", [{ seal: "nonsense", tenant: "local" }, {}, { seal: 5 }]);
  await sealFiles(stores);

  await indexJournal({ ...stores, catalog: createMemoryCatalog() });

  expect(await rows(stores)).toHaveLength(1);
});

test("a shorter journal than was indexed is another one, and is read from its start", async () => {
  const { stores } = await withoutCatalog(3);
  await indexJournal(stores);
  const restored = { ...stores, journal: createMemoryJournal() };
  await sealFiles({ ...restored, catalog: createMemoryCatalog() }, { "outputs/other.txt": "1" });

  expect(await indexJournal(restored)).toBe(1);
});
