// Seed 002, task 5: what a backend keeps, and that everything above it does not care which it is.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStoredBundle, readText, verifyBundle } from "@reseal/bundle";
import { openStores } from "@reseal/connect";
import { type FunctionExecutor, parentOf } from "@reseal/record";
import { ReplayEngine } from "@reseal/replay";
import type { Stores } from "@reseal/store";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeStores } from "../packages/record/test/memory-stores.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "backends-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const walk: FunctionExecutor = {
  kind: "function",
  name: "walk",
  version: "1",
  execute({ seed, metric, output }) {
    const value = (Number(seed) * 1103515245 + 12345) % 2147483648;
    metric("value", value, 0);
    output("walk.csv", `step,value\n0,${value}\n`);
    return { value };
  },
};

/** A run, an artifact about it, and its replay; the same on whatever it is kept. */
async function useStores(stores: Stores) {
  const engine = new ReplayEngine(stores, {
    toolVersion: "0.0.0",
    env: { PATH: process.env.PATH },
    workspace: folder,
    executors: [walk],
  });
  const run = await engine.run("walk", { seed: 7 });
  const about = await engine.run("walk", { seed: 8, about: [parentOf(run, "derived_from")] });
  const again = await engine.replayArtifact(await openStoredBundle(stores, run.seal));
  return { run, about, again };
}

/** What a reader finds there: ids, intact bundles, and the lineage. */
async function found(stores: Stores) {
  const { items } = await stores.catalog.listRuns({
    tenant: stores.tenant,
    sort: "created_at",
    order: "asc",
  });
  const findings: unknown[] = [];
  for (const { seal } of items)
    findings.push(...(await verifyBundle(await openStoredBundle(stores, seal))).findings);
  const artifacts = items.map(({ type, artifact_id, parents }) => ({
    type,
    artifact_id,
    parents: parents.map((parent) => [parent.relationship, parent.artifact_id]),
  }));
  return { artifacts, findings };
}

test("test_filesystem_backend_persistence", async () => {
  const location = join(folder, "store");
  const opened = await openStores(location, { create: true });
  const { run } = await useStores(opened);
  const before = await found(opened);
  await opened[Symbol.asyncDispose]();
  // The index is no truth of its own: without it everything is found again.
  for (const name of ["store.db", "store.db-wal", "store.db-shm"])
    rmSync(join(location, name), { force: true });

  await using stores = await openStores(location);
  const after = await found(stores);
  const reader = await openStoredBundle(stores, run.seal);

  expect(after).toEqual(before);
  expect(after.findings).toEqual([]);
  expect(after.artifacts).toHaveLength(4);
  expect(await readText(reader, "outputs/walk.csv")).toMatch(/^step,value\n0,\d+\n$/);
});

test("test_backend_abstraction_flexibility", async () => {
  await using files = await openStores(join(folder, "store"), { create: true });
  await using memory = makeStores();

  const [onDisk, inMemory] = [await useStores(files), await useStores(memory)];
  const [kept, held] = [await found(files), await found(memory)];

  expect(onDisk.again.verdict).toBe("reproduced");
  expect(inMemory.again.verdict).toBe("reproduced");
  expect(held).toEqual(kept);
  expect(kept.findings).toEqual([]);
});
