import { test } from "vitest";
import { blobStoreCases, catalogCases, journalCases } from "./conformance.ts";
import { createMemoryBlobStore } from "./memory-blob-store.ts";
import { createMemoryCatalog } from "./memory-catalog.ts";
import { createMemoryJournal } from "./memory-journal.ts";

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
