import { randomUUID } from "node:crypto";
import { openStoredBundle, verifyBundle } from "@reseal/bundle";
import type { Digest } from "@reseal/hash";
import { createMemoryStores, type MemoryStores, type Stores } from "@reseal/store";
import { makeTree } from "./temporary-tree.ts";

/** Stores that live as long as the test; only spools lie on the disk. Each look at the clock is a second. */
export function makeStores(changes: Parameters<typeof createMemoryStores>[0] = {}): MemoryStores {
  let nowMs = Date.UTC(2026, 4, 4, 10);
  return createMemoryStores({
    local: makeTree(),
    clock: {
      now: () => {
        nowMs += 1000;
        return nowMs;
      },
    },
    ids: { runId: () => randomUUID() },
    ...changes,
  });
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
