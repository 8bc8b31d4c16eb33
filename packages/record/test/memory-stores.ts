import { randomUUID } from "node:crypto";
import { openStoredBundle, verifyBundle } from "@reseal/bundle";
import type { Digest } from "@reseal/hash";
import {
  createMemoryBlobStore,
  createMemoryCatalog,
  createMemoryJournal,
  type MemoryBlobStore,
  type Stores,
} from "@reseal/store";
import { makeTree } from "./temporary-tree.ts";

export interface MemoryStores extends Stores {
  readonly blobs: MemoryBlobStore;
}

/** Stores that live as long as the test; only spools lie on the disk. */
export function makeStores(changes: Partial<Stores> = {}): MemoryStores {
  let nowMs = Date.UTC(2026, 4, 4, 10);
  return {
    location: "memory",
    tenant: "local",
    readOnly: false,
    blobs: createMemoryBlobStore(),
    journal: createMemoryJournal(),
    catalog: createMemoryCatalog(),
    local: makeTree(),
    clock: {
      now: () => {
        nowMs += 1000;
        return nowMs;
      },
    },
    ids: { runId: () => randomUUID() },
    [Symbol.asyncDispose]: () => Promise.resolve(),
    ...changes,
  } as MemoryStores;
}

/** Every seal that the journal names, checked to the last byte. */
export async function verifiedSeals(stores: Stores): Promise<Digest[]> {
  const seals: Digest[] = [];
  for await (const { record } of stores.journal.read("seals")) {
    const reader = await openStoredBundle(stores, record.seal as Digest);
    const { findings } = await verifyBundle(reader);
    if (findings.length > 0) throw new Error(JSON.stringify(findings));
    seals.push(reader.seal);
  }
  return seals;
}
