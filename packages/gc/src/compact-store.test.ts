import { type BundleDraft, sealBundle } from "@reseal/bundle";
import { type Digest, digestBytes } from "@reseal/hash";
import { createMemoryStores, type MemoryStores, type Stores } from "@reseal/store";
import { expect, test } from "vitest";
import { compactStore, type StoreCompactionOptions } from "./compact-store.ts";

const dayMs = 24 * 3600 * 1000;
const nowMs = Date.UTC(2026, 4, 20);
const text = (word: string): string => `${word} again and again, `.repeat(400);
const options: StoreCompactionOptions = {
  encoding: "zstd",
  dryRun: false,
  nowMs,
  ageMinMs: 7 * dayMs,
  sizeMin: 4096,
};

test("compresses what only old runs have, and neither small blobs nor manifests", async () => {
  const stores = makeStores();
  const old = await seal(stores, 30, { "old.txt": text("old"), "both.txt": text("both") });
  await seal(stores, 1, { "new.txt": text("new"), "both.txt": text("both") });

  const report = await compactStore(stores, options);

  expect(report).toMatchObject({
    source: "store",
    dry_run: false,
    files: 1,
    changed: 1,
    failed: 0,
  });
  expect(report.results).toMatchObject([
    { digest: digestBytes(text("old")), status: "compacted", original_size: text("old").length },
  ]);
  for (const name of ["new", "both"])
    expect((await stores.blobs.formOf?.(digestBytes(text(name))))?.encoding).toBe("identity");
  expect((await stores.blobs.formOf?.(old))?.encoding).toBe("identity");
});

test("tries it on wanted families only, and changes nothing", async () => {
  const stores = makeStores();
  await seal(stores, 30, { "a.txt": text("a") }, { family: "proofs" });
  await seal(stores, 30, { "b.txt": text("b") }, { project: "bench" });
  await seal(stores, 30, { "c.txt": text("c") });

  const digestsOf = async (only?: readonly string[]): Promise<Digest[]> =>
    (await compactStore(stores, { ...options, dryRun: true, only })).results.map(
      ({ digest }) => digest,
    );

  expect(await digestsOf()).toHaveLength(3);
  expect(await digestsOf(["proofs"])).toEqual([digestBytes(text("a"))]);
  expect(await digestsOf(["bench"])).toEqual([digestBytes(text("b"))]);
  expect(await digestsOf(["default"])).toEqual([digestBytes(text("c"))]);
  expect((await stores.blobs.formOf?.(digestBytes(text("a"))))?.encoding).toBe("identity");
});

test("brings blobs back, and tells of one that is damaged", async () => {
  const stores = makeStores();
  await seal(stores, 30, { "a.txt": text("a"), "b.txt": text("b") });
  await compactStore(stores, options);
  stores.blobs.damage(digestBytes(text("b")), (bytes) => bytes.fill(0x55, 20));

  const report = await compactStore(stores, { ...options, encoding: "identity" });

  expect(report).toMatchObject({ changed: 1, failed: 1 });
  const [a, b] = ["a", "b"].map((word) =>
    report.results.find(({ digest }) => digest === digestBytes(text(word))),
  );
  expect(a).toMatchObject({ status: "restored" });
  expect(a?.compression_ratio).toBeLessThan(0.2);
  expect(b).toMatchObject({ status: "failed", reason: expect.stringContaining("Blob sha256:") });
});

test("says when a store knows one form only", async () => {
  const stores = makeStores();
  const blobs = Object.assign(Object.create(stores.blobs), { changeForm: undefined });

  await expect(compactStore({ ...stores, blobs }, options)).rejects.toMatchObject({
    code: "GC_COMPACTION_UNSUPPORTED",
  });
});

function makeStores(): MemoryStores {
  return createMemoryStores({ clock: { now: () => nowMs } });
}

async function seal(
  stores: Stores,
  daysAgo: number,
  outputs: Readonly<Record<string, string>>,
  about: { readonly family?: string; readonly project?: string } = {},
): Promise<Digest> {
  await using batch = await stores.blobs.openBatch();
  const files: BundleDraft["files"][number][] = [];
  for (const [path, content] of Object.entries(outputs)) {
    const blob = await batch.put(Buffer.from(content));
    files.push({ path: `outputs/${path}`, role: "output", ...blob, origin: "workspace" });
  }
  const past = { ...stores, clock: { now: () => nowMs - daysAgo * dayMs } };
  const sealed = await sealBundle(past, batch, {
    type: "run",
    inputs: { command: ["make"] },
    results: { exit: { code: 0 } },
    files,
    context: {
      run_id: stores.ids.runId(),
      status: "finished",
      tags: [],
      authors: [],
      parents: [],
      provision: { hardware: {}, software: {} },
      tool: { name: "reseal", version: "0.0.0" },
      context_metrics: {},
      redaction: { counts: {}, withheld: [] },
      not_captured: {},
      warnings: [],
      ...about,
    },
  });
  return sealed.seal;
}
