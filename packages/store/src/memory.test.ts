import { expect, test } from "vitest";
import { blobStoreCases, catalogCases, journalCases } from "./conformance.ts";
import { createMemoryBlobStore } from "./memory-blob-store.ts";
import { createMemoryCatalog } from "./memory-catalog.ts";
import { createMemoryJournal } from "./memory-journal.ts";
import { createMemoryStores } from "./memory-stores.ts";

test.for(blobStoreCases)("memory blob store: $name", async ({ run }) => {
  await using store = createMemoryBlobStore();

  await run(store, {
    reopen: async () => store,
    damage: (digest, change) => store.damage(digest, change),
    obstruct: (digest) => store.obstruct(digest),
    leftovers: () => [],
  });
});

test.for(journalCases)("memory journal: $name", async ({ run }) => {
  await using journal = createMemoryJournal();

  await run(journal, {
    reopen: async () => journal,
    appendRaw: (stream, bytes) => journal.appendRaw(stream, bytes),
  });
});

test.for(catalogCases)("memory catalog: $name", async ({ run }) => {
  await using catalog = createMemoryCatalog();

  await run(catalog, { reopen: async () => catalog });
});

test("memory stores give the same names and times each time, unless told otherwise", async () => {
  await using first = createMemoryStores();
  await using second = createMemoryStores({ tenant: "other", clock: { now: () => 7 } });

  expect([first.ids.runId(), first.ids.runId()]).toEqual([
    "00000000-0000-4000-8000-000000000001",
    "00000000-0000-4000-8000-000000000002",
  ]);
  expect(second.ids.runId()).toBe("00000000-0000-4000-8000-000000000001");
  expect(new Date(first.clock.now()).toISOString()).toBe("2026-05-04T10:00:00.000Z");
  expect([second.clock.now(), second.tenant, first.tenant]).toEqual([7, "other", "local"]);
});
