import { createMemoryBlobStore, type MemoryBlobStore } from "./memory-blob-store.ts";
import { createMemoryCatalog } from "./memory-catalog.ts";
import { createMemoryJournal, type MemoryJournal } from "./memory-journal.ts";
import type { Stores } from "./stores.ts";

/** Stores that live as long as the process. */
export interface MemoryStores extends Stores {
  readonly blobs: MemoryBlobStore;
  readonly journal: MemoryJournal;
}

/**
 * Put the memory doubles together: the stores for tests of whatever works on any.
 *
 * The same calls give the same bytes: the clock stands at 2026-05-04T10:00:00Z, and run ids are
 * counted from 1. There is no folder behind `local`: give one to code that makes spools.
 * @param changes What is to be otherwise.
 */
export function createMemoryStores(
  changes: Partial<Omit<Stores, "blobs" | "journal" | "catalog">> = {},
): MemoryStores {
  let runs = 0;
  return {
    location: "memory",
    tenant: "local",
    readOnly: false,
    local: "/nowhere",
    clock: { now: () => Date.UTC(2026, 4, 4, 10) },
    ids: {
      runId() {
        runs += 1;
        return `00000000-0000-4000-8000-${String(runs).padStart(12, "0")}`;
      },
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
    ...changes,
    blobs: createMemoryBlobStore(),
    journal: createMemoryJournal(),
    catalog: createMemoryCatalog(),
  };
}
