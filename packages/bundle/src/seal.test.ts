import { canonicalJson, digestBytes } from "@reseal/hash";
import { validate } from "@reseal/schema";
import {
  type FaultKind,
  failNth,
  faultyBlobStore,
  faultyCatalog,
  faultyJournal,
} from "@reseal/store/faulty";
import { expect, test } from "vitest";
import { draftOf, environment, files, makeStores, sealFiles } from "../test/sealed-bundle.ts";
import { envKeyOf, keysOf } from "./identity.ts";
import { openStoredBundle, readJson } from "./reader.ts";
import { sealBundle } from "./seal.ts";

test("the seal is the digest of the manifest, and the manifest is canonical and valid", async () => {
  const stores = makeStores();

  const { seal, manifest, keys } = await sealFiles(stores);

  const text = canonicalJson(manifest);
  expect(seal).toBe(digestBytes(text));
  expect(Buffer.from((await openStoredBundle(stores, seal)).manifestBytes).toString()).toBe(text);
  expect(await validate("manifest", manifest)).toEqual([]);
  expect(keys).toEqual(keysOf(manifest.content));
  expect(manifest.context).toMatchObject({
    artifact_id: keys.artifactId,
    input_key: keys.inputKey,
    result_key: keys.resultKey,
    env_key: envKeyOf(environment),
    created_at: "2026-05-04T10:00:00.000Z",
    tenant: "local",
  });
});

test("every document is valid and points to what is there", async () => {
  const stores = makeStores();
  const { seal, manifest } = await sealFiles(stores);
  const reader = await openStoredBundle(stores, seal);

  const run = (await readJson(reader, "run.json")) as Record<string, unknown>;
  expect(run).toMatchObject({
    run_id: manifest.context.run_id,
    artifact_id: manifest.context.artifact_id,
    context: { tenant: "local", user: "ada" },
    status: "finished",
    reseal_status: "finished",
    config_hash: manifest.content.inputs.config,
    result: { status: "success", exit_code: 0, metrics: { loss: 0.5 } },
  });
  expect(Object.values(run.paths as Record<string, string>).sort()).toEqual(
    manifest.context.files
      .map(({ path }) => path)
      .filter((path) => !/^(code|inputs|outputs|metrics)\/|run\.json|trees\/metrics/.test(path)),
  );
  expect(await readJson(reader, "metrics.json")).toEqual({
    schema_version: "reseal.metrics/v1",
    final: { loss: 0.5 },
    series: [{ name: "loss", path: "metrics/loss.csv" }],
    context: { elapsed: 30 },
  });
});

test.for([
  ["failed", { code: 3 }, "failed", "failed"],
  ["killed", { signal: "SIGKILL" }, "failed", "failed"],
  ["incomplete", undefined, "failed", "failed"],
  ["interrupted", { code: 0 }, "canceled", "canceled"],
] as const)("%s has the words of the run index", async ([status, exit, word, result]) => {
  const stores = makeStores();
  const { seal } = await sealFiles(stores, files, {
    results: { ...(exit && { exit }) },
    context: { ...draftOf([]).context, status, error: { type: "X", message: "y" } },
  });

  expect(await readJson(await openStoredBundle(stores, seal), "run.json")).toMatchObject({
    status: word,
    reseal_status: status,
    result: { status: result },
    error: { type: "X", message: "y", source: "process" },
  });
});

test("the artifact id is of the content alone; the seal is of all", async () => {
  const one = await sealFiles(makeStores());
  const two = await sealFiles(
    makeStores({ tenant: "other", clock: { now: () => Date.UTC(2027, 0, 1) } }),
  );
  const three = await sealFiles(makeStores(), { ...files, "outputs/result.csv": "x\n2\n" });
  const four = await sealFiles(makeStores(), { ...files, "logs/stdout.log": "other\n" });

  expect(two.keys).toEqual(one.keys);
  expect(two.seal).not.toBe(one.seal);
  expect(three.keys.inputKey).toBe(one.keys.inputKey);
  expect(three.keys.resultKey).not.toBe(one.keys.resultKey);
  expect(three.keys.artifactId).not.toBe(one.keys.artifactId);
  expect(four.keys).toEqual(one.keys);
});

test("what is not there leaves no trace in the content", async () => {
  const { manifest } = await sealFiles(
    makeStores(),
    { "logs/stdout.log": "" },
    { inputs: {}, results: { exit: { code: 0 } }, config: undefined, environment: undefined },
  );

  expect(manifest.content).toEqual({
    content_version: 1,
    type: "run",
    inputs: {},
    results: { exit: { code: 0 } },
  });
  expect(manifest.context).toMatchObject({ result_key: null, env_key: null });
});

test.for([
  [{}, false],
  [{ exit: { code: 0 } }, false],
  [{ exit: { code: 3 } }, true],
  [{ exit: { signal: "SIGTERM" } }, true],
  [{ metrics: { a: 1 } }, true],
  [{ exit: { code: 0 }, values: {} }, true],
] as const)("the results %j have a key: %j", ([results, hasKey]) => {
  const { resultKey } = keysOf({ content_version: 1, type: "run", inputs: {}, results });

  expect(resultKey !== null).toBe(hasKey);
});

test("a draft that makes no valid manifest is refused, and nothing of it is seen", async () => {
  const stores = makeStores();

  await expect(sealFiles(stores, files, { type: "No Type" })).rejects.toMatchObject({
    code: "SCHEMA_INVALID",
  });
  await expect(sealFiles(stores, { "outputs/../x": "" })).rejects.toMatchObject({
    code: "HASH_TREE_INVALID",
  });

  for await (const blob of stores.blobs.list()) expect(blob).toBeUndefined();
  expect(await stores.journal.size("seals")).toBe(0);
});

test("a manifest that nobody would read is refused, and nothing of it is seen", async () => {
  const stores = makeStores();
  await using batch = await stores.blobs.openBatch();

  await expect(sealBundle(stores, batch, draftOf([]), { bytesMax: 1000 })).rejects.toMatchObject({
    code: "BUNDLE_TOO_LARGE",
    details: { bytes_max: 1000 },
  });
  expect(await stores.journal.size("seals")).toBe(0);
});

test.for(["error_before", "error_after", "abort"] as const satisfies readonly FaultKind[])(
  "whatever call fails with %s: blobs before the journal, the journal before the catalog",
  async (kind) => {
    for (let call = 1; ; call++) {
      const stores = makeStores();
      const plan = failNth(call, kind);
      const faulty = {
        ...stores,
        blobs: faultyBlobStore(stores.blobs, plan),
        journal: faultyJournal(stores.journal, plan),
        catalog: faultyCatalog(stores.catalog, plan),
      };

      const sealed = await sealFiles(faulty).catch(() => undefined);

      if (plan.faults.length === 0) break; // Every call has failed once.
      const { items } = await stores.catalog.listRuns({ tenant: "local" });
      const seals = [];
      for await (const { record } of stores.journal.read("seals")) seals.push(record.seal);
      for (const { seal } of items) expect(seals).toContain(seal);
      for (const seal of seals) {
        const { manifest, open } = await openStoredBundle(stores, seal as never);
        for (const entry of manifest.context.files) for await (const _ of await open(entry)) break;
      }
      // An abort that comes when the work is done is no failure.
      if (sealed !== undefined) expect(items).toHaveLength(1);
    }
  },
);
