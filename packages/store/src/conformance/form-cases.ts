import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestBytes } from "@reseal/hash";
import type { BlobStore } from "../blob-store.ts";
import { collectBytes } from "../byte-source.ts";
import type { BlobStoreCase } from "./blob-store-cases.ts";
import { listed, needed, readText, rejectsWith, seededBytes } from "./expectations.ts";

const small = Buffer.from("the same words again and again, ".repeat(100));
const large = Buffer.alloc(3_000_000, "a line of a log that repeats itself\n");
const random = seededBytes(5000, 31);

/** A store that keeps blobs in several forms; one that does not has nothing to hold here. */
type FormStore = BlobStore & Required<Pick<BlobStore, "changeForm" | "formOf">>;

export const formCases: readonly BlobStoreCase[] = [
  formCase("reads a compressed blob as before, in every way", [], async (store, harness) => {
    const before = [await store.put(small), await store.put(large), await store.put(random)];
    const [list, digests] = [await listed(store), before.map(({ digest }) => digest)];

    const changes = await store.changeForm(digests, "zstd");

    assert.deepEqual(
      changes.map(({ status, encoding }) => [status, encoding]),
      [
        ["changed", "zstd"],
        ["changed", "zstd"],
        ["not_smaller", "identity"],
      ],
    );
    for (const again of [
      store,
      ...(harness?.reopen === undefined ? [] : [await harness.reopen()]),
    ]) {
      assert.deepEqual(await listed(again), list);
      for (const [index, info] of before.entries()) {
        const bytes = await collectBytes(await again.get(info.digest));
        assert.equal(Buffer.compare(bytes, [small, large, random][index] ?? small), 0);
        assert.deepEqual(await again.stat(info.digest), info);
      }
      assert.deepEqual(await again.check(before), []);
      await copiesOut(again, before);
    }
    const form = await store.formOf(before[1]?.digest ?? digests[0] ?? digestBytes(""));
    assert.equal(form?.encoding, "zstd");
    assert((form?.storedSize ?? large.byteLength) < large.byteLength / 10);
  }),
  formCase("brings a compressed blob back to its own form", [], async (store) => {
    const { digest, size } = await store.put(large);
    const [there] = await store.changeForm([digest], "zstd");

    const [back] = await store.changeForm([digest], "identity");

    assert.equal(there?.status, "changed");
    assert.deepEqual(back, {
      digest,
      size,
      encoding: "identity",
      storedSize: size,
      storedSizeBefore: there?.storedSize,
      status: "changed",
    });
    assert.equal(Buffer.compare(await collectBytes(await store.get(digest)), large), 0);
  }),
  formCase("changes nothing in a dry run, and tells the same sizes", [], async (store) => {
    const { digest } = await store.put(large);

    const dry = await store.changeForm([digest], "zstd", { dryRun: true });

    assert.equal((await store.formOf(digest))?.encoding, "identity");
    assert.deepEqual(await store.changeForm([digest], "zstd"), dry);
  }),
  formCase("changes a form once, however often it is told to", [], async (store) => {
    const { digest } = await store.put(small);
    await store.changeForm([digest], "zstd");

    const [again] = await store.changeForm([digest], "zstd");

    assert.equal(again?.status, "unchanged");
    assert.equal(again?.storedSize, again?.storedSizeBefore);
  }),
  formCase("takes the same bytes for the compressed blob that it has", [], async (store) => {
    const info = await store.put(small);
    await store.changeForm([info.digest], "zstd");

    await store.put(small);
    await using batch = await store.openBatch();
    const missing = await batch.keep([info]);
    await batch.put(small);
    await batch.commit();

    assert.deepEqual(missing, []);
    assert.deepEqual(await listed(store), [info]);
    assert.equal((await store.formOf(info.digest))?.encoding, "zstd");
  }),
  formCase("deletes a compressed blob", [], async (store) => {
    const { digest } = await store.put(small);
    await store.changeForm([digest], "zstd");

    assert.equal(await store.delete(digest), true);

    assert.equal(await store.stat(digest), undefined);
    assert.equal(await store.formOf(digest), undefined);
    assert.equal(await store.delete(digest), false);
    await rejectsWith(store.get(digest), "BLOB_NOT_FOUND");
  }),
  formCase("notices that compressed bytes changed", ["damage"], async (store, harness) => {
    const damage = needed(harness?.damage);
    const blobs = [await store.put(small), await store.put(large)];
    await store.changeForm(
      blobs.map(({ digest }) => digest),
      "zstd",
    );
    for (const { digest } of blobs)
      await damage(digest, (bytes) => bytes.fill(0x55, Math.floor(bytes.byteLength / 2)));

    const problems = await store.check(blobs);

    assert.deepEqual(
      problems.map(({ error }) => error.code),
      ["STORE_BLOB_CORRUPT", "STORE_BLOB_CORRUPT"],
    );
    for (const { digest } of blobs) await rejectsWith(readText(store.get(digest)), "BLOB_CORRUPT");
    const [change] = await store.changeForm([blobs[1]?.digest ?? digestBytes("")], "identity");
    assert.equal(change?.status, "failed");
    assert.match(change?.error?.code ?? "", /BLOB_CORRUPT$/);
  }),
  formCase("does not compress a blob that is damaged", ["damage"], async (store, harness) => {
    const { digest } = await store.put(large);
    await needed(harness?.damage)(digest, (bytes) => bytes.fill(0x55, 1000, 1001));

    const [change] = await store.changeForm([digest], "zstd");

    assert.equal(change?.status, "failed");
    assert.equal((await store.formOf(digest))?.encoding, "identity");
  }),
  formCase("says which blobs it does not have", [], async (store) => {
    const absent = digestBytes("absent");

    const [change] = await store.changeForm([absent], "zstd");

    assert.equal(change?.status, "failed");
    assert.match(change?.error?.code ?? "", /BLOB_NOT_FOUND$/);
  }),
];

function formCase(
  name: string,
  needs: BlobStoreCase["needs"],
  run: (store: FormStore, harness?: Parameters<BlobStoreCase["run"]>[1]) => Promise<void>,
): BlobStoreCase {
  return {
    name,
    law: "form",
    needs,
    async run(store, harness) {
      if (hasForms(store)) await run(store, harness);
    },
  };
}

function hasForms(store: BlobStore): store is FormStore {
  return store.changeForm !== undefined && store.formOf !== undefined;
}

async function copiesOut(
  store: BlobStore,
  blobs: readonly Awaited<ReturnType<BlobStore["put"]>>[],
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "reseal-forms-"));
  try {
    const copies = blobs.map((blob, index) => ({
      ...blob,
      path: join(folder, String(index)),
      mode: 0o600,
    }));
    await store.copyOut(copies);
    for (const { path, digest } of copies) assert.equal(digestBytes(readFileSync(path)), digest);
  } finally {
    await rm(folder, { recursive: true });
  }
}
