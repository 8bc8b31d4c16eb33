import { strict as assert } from "node:assert";
import { compareUtf8, type Digest, digestBytes } from "@reseal/hash";
import type { BlobStore } from "../blob-store.ts";
import { collectBytes } from "../byte-source.ts";
import type { BlobStoreCase } from "./blob-store-cases.ts";
import { listed, needed, pieces, readText, rejectsWith, seededBytes } from "./expectations.ts";

const absent = digestBytes("was never put");

export const readCases: readonly BlobStoreCase[] = [
  damageCase("a flipped bit", 1000, flipLast),
  damageCase("a flipped bit far into a blob of 3 MiB", 3 * 1024 * 1024, flipLast),
  damageCase("a missing end", 200_000, (bytes) => bytes.subarray(0, -1)),
  damageCase("a missing whole", 5, () => new Uint8Array()),
  damageCase("bytes too many", 200_000, (bytes) => Buffer.concat([bytes, Buffer.from("more")])),
  {
    name: "says that a blob is absent, and only then",
    law: "honest absence",
    needs: [],
    async run(store) {
      assert.equal(await store.stat(absent), undefined);
      assert.equal(await store.delete(absent), false);
      await rejectsWith(store.get(absent).then(collectBytes), "BLOB_NOT_FOUND");
    },
  },
  {
    name: "does not say absent when it could not look",
    law: "honest absence",
    needs: ["obstruct"],
    async run(store, harness) {
      const { digest } = await store.put(pieces("out of reach"));
      await needed(harness?.obstruct)(digest);

      for (const operation of [
        () => store.stat(digest),
        () => store.delete(digest),
        () => store.get(digest).then(collectBytes),
      ]) {
        await assert.rejects(operation(), (error: Error & { code?: string }) => {
          assert.doesNotMatch(error.code ?? "", /NOT_FOUND$/);
          return true;
        });
      }
    },
  },
  {
    name: "refuses what is not a digest, before it looks anywhere",
    law: "honest absence",
    needs: [],
    async run(store) {
      for (const text of ["sha256:../../etc/passwd", `sha256:${"A".repeat(64)}`, "sha256:"]) {
        const digest = text as Digest;
        await rejectsWith(store.stat(digest), "DIGEST_INVALID");
        await rejectsWith(store.get(digest).then(collectBytes), "DIGEST_INVALID");
        await rejectsWith(store.delete(digest), "DIGEST_INVALID");
      }
    },
  },
  {
    name: "lets many read at once, and one stop early",
    law: "read after write",
    needs: [],
    async run(store) {
      const bytes = seededBytes(1_500_000, 6);
      const { digest } = await store.put(bytes);

      const readAll = async (): Promise<Uint8Array> => collectBytes(await store.get(digest));
      const readOne = async (): Promise<Uint8Array> => {
        for await (const chunk of await store.get(digest)) return chunk;
        return new Uint8Array();
      };
      const [first, ...whole] = await Promise.all([
        readOne(),
        ...Array.from({ length: 8 }, readAll),
      ]);

      assert((first?.byteLength ?? 0) > 0);
      for (const read of whole) assert.equal(digestBytes(read), digest);
    },
  },
  {
    name: "lists every blob once, in order of its digest",
    law: "ordered list",
    needs: [],
    async run(store) {
      const infos = await Promise.all(
        Array.from({ length: 40 }, (_, index) => store.put(Buffer.from(`blob ${index}`))),
      );

      const expected = infos.sort((a, b) => compareUtf8(a.digest, b.digest));
      assert.deepEqual(await listed(store), expected);
    },
  },
  {
    name: "forgets what is deleted, and nothing else",
    law: "delete",
    needs: [],
    async run(store) {
      const gone = await store.put(pieces("gone"));
      const kept = await store.put(pieces("kept"));

      assert.equal(await store.delete(gone.digest), true);
      assert.equal(await store.delete(gone.digest), false);

      assert.equal(await store.stat(gone.digest), undefined);
      await rejectsWith(store.get(gone.digest).then(collectBytes), "BLOB_NOT_FOUND");
      assert.deepEqual(await listed(store), [kept]);
    },
  },
  {
    name: "takes a deleted blob again",
    law: "delete",
    needs: [],
    async run(store) {
      const { digest } = await store.put(pieces("phoenix"));
      assert.equal(await store.delete(digest), true);

      await store.put(pieces("phoenix"));

      assert.equal(await readText(store.get(digest)), "phoenix");
    },
  },
  {
    name: "stops reading when aborted",
    law: "abort",
    needs: [],
    async run(store) {
      const { digest } = await store.put(seededBytes(4 * 1024 * 1024, 7));
      const controller = new AbortController();

      const read = readAndAbort(store, digest, controller);

      await assert.rejects(read, (error) => error === controller.signal.reason);
    },
  },
];

async function readAndAbort(
  store: BlobStore,
  digest: Digest,
  controller: AbortController,
): Promise<void> {
  for await (const _ of await store.get(digest, { signal: controller.signal })) controller.abort();
}

function damageCase(
  what: string,
  length: number,
  change: (bytes: Uint8Array) => Uint8Array,
): BlobStoreCase {
  return {
    name: `reports ${what} to the reader`,
    law: "verified",
    needs: ["damage"],
    async run(store, harness) {
      const { digest } = await store.put(seededBytes(length, 5));
      await needed(harness?.damage)(digest, change);

      await rejectsWith(store.get(digest).then(collectBytes), "BLOB_CORRUPT");
    },
  };
}

function flipLast(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, index) => (index === bytes.byteLength - 1 ? byte ^ 1 : byte));
}
