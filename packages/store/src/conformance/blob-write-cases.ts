import { strict as assert } from "node:assert";
import { digestBytes } from "@reseal/hash";
import { collectBytes } from "../byte-source.ts";
import type { BlobStoreCase } from "./blob-store-cases.ts";
import {
  failing,
  hanging,
  listed,
  needed,
  pieces,
  readText,
  rejectsExactly,
  rejectsWith,
  seededBytes,
  toList,
} from "./expectations.ts";

const largeBytes = 5 * 1024 * 1024 + 3;

export const writeCases: readonly BlobStoreCase[] = [
  {
    name: "gives back what was put, with digest and size",
    law: "read after write",
    needs: [],
    async run(store) {
      const info = await store.put(pieces("hello, ", "world"));

      assert.deepEqual(info, { digest: digestBytes("hello, world"), size: 12 });
      assert.deepEqual(await store.stat(info.digest), info);
      assert.equal(await readText(store.get(info.digest)), "hello, world");
      assert.deepEqual(await listed(store), [info]);
    },
  },
  {
    name: "keeps the empty blob",
    law: "read after write",
    needs: [],
    async run(store) {
      const infos = [await store.put(new Uint8Array()), await store.put(pieces())];

      assert.deepEqual(infos[0], { digest: digestBytes(""), size: 0 });
      assert.deepEqual(infos[1], infos[0]);
      assert.equal(await readText(store.get(digestBytes(""))), "");
      assert.equal((await listed(store)).length, 1);
    },
  },
  {
    name: "keeps a blob of 5 MiB, from one buffer and from uneven pieces",
    law: "read after write",
    needs: [],
    async run(store) {
      const bytes = seededBytes(largeBytes, 1);
      const other = seededBytes(largeBytes, 2);

      const info = await store.put(bytes);
      const otherInfo = await store.put(unevenPieces(other));

      assert.equal(info.digest, digestBytes(bytes));
      assert.deepEqual(otherInfo, { digest: digestBytes(other), size: largeBytes });
      assert.equal(digestBytes(await collectBytes(await store.get(info.digest))), info.digest);
      assert.deepEqual(await collectBytes(await store.get(otherInfo.digest)), Buffer.from(other));
    },
  },
  {
    name: "copies the bytes of a source that uses its buffer again",
    law: "read after write",
    needs: [],
    async run(store) {
      const info = await store.put(sameBuffer(["one ", "two ", "six "]));

      assert.equal(info.digest, digestBytes("one two six "));
      assert.equal(await readText(store.get(info.digest)), "one two six ");
    },
  },
  {
    name: "shows a blob to whoever opens the place next",
    law: "read after write",
    needs: ["reopen"],
    async run(store, harness) {
      const { digest } = await store.put(pieces("stays"));

      await using other = await needed(harness?.reopen)();

      assert.equal(await readText(other.get(digest)), "stays");
    },
  },
  {
    name: "stores nothing when the source fails half way",
    law: "atomic",
    needs: [],
    async run(store) {
      const error = new Error("source broke");

      await rejectsExactly(store.put(failing(error, "partial")), error);
      await rejectsExactly(store.put(failing(error, "x".repeat(3_000_000), "more")), error);

      assert.deepEqual(await listed(store), []);
      assert.equal(await store.stat(digestBytes("partial")), undefined);
    },
  },
  {
    name: "leaves nothing temporary when the source fails half way",
    law: "atomic",
    needs: ["leftovers"],
    async run(store, harness) {
      const error = new Error("source broke");

      await rejectsExactly(store.put(failing(error, "x".repeat(3_000_000))), error);

      assert.deepEqual(await needed(harness?.leftovers)(), []);
    },
  },
  {
    name: "never shows a part of a blob while it is written",
    law: "atomic",
    needs: [],
    async run(store) {
      const first = "a".repeat(2_000_000);
      const digests = [digestBytes(first), digestBytes(`${first}b`)];
      const seen: unknown[] = [];
      async function* watched(): AsyncGenerator<Uint8Array> {
        yield Buffer.from(first);
        for (const digest of digests) seen.push(await store.stat(digest));
        seen.push(...(await listed(store)));
        yield Buffer.from("b");
      }

      await store.put(watched());

      assert.deepEqual(seen, [undefined, undefined]);
      assert.deepEqual(
        (await listed(store)).map(({ digest }) => digest),
        [digests[1]],
      );
    },
  },
  {
    name: "makes one blob of the same bytes put twice",
    law: "idempotent",
    needs: [],
    async run(store) {
      const first = await store.put(pieces("same"));
      const second = await store.put(Buffer.from("same"));

      assert.deepEqual(second, first);
      assert.deepEqual(await listed(store), [first]);
    },
  },
  {
    name: "makes one blob of the same bytes put 20 times at once",
    law: "idempotent",
    needs: [],
    async run(store) {
      const bytes = seededBytes(300_000, 3);

      const infos = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          store.put(index % 2 === 0 ? bytes : unevenPieces(bytes)),
        ),
      );

      assert.deepEqual(new Set(infos.map(({ digest }) => digest)), new Set([digestBytes(bytes)]));
      assert.deepEqual(await listed(store), [infos[0]]);
      assert.deepEqual(await collectBytes(await store.get(digestBytes(bytes))), Buffer.from(bytes));
    },
  },
  {
    name: "does not write bytes again that are there",
    law: "idempotent",
    needs: ["damage"],
    async run(store, harness) {
      const { digest } = await store.put(Buffer.from("precious"));
      await needed(harness?.damage)(digest, () => Buffer.from("PRECIOUS"));

      await store.put(Buffer.from("precious"));

      // Still the damaged bytes: a put is no repair, and damage must not go unnoticed.
      await rejectsWith(readText(store.get(digest)), "BLOB_CORRUPT");
    },
  },
  {
    name: "takes bytes that have the expected digest",
    law: "expected digest",
    needs: [],
    async run(store) {
      const expected = digestBytes("right");

      assert.deepEqual(await store.put(pieces("ri", "ght"), { expected }), {
        digest: expected,
        size: 5,
      });
    },
  },
  {
    name: "refuses bytes that do not have the expected digest, also when those are there",
    law: "expected digest",
    needs: [],
    async run(store) {
      const expected = digestBytes("right");

      await rejectsWith(store.put(pieces("wrong"), { expected }), "DIGEST_MISMATCH");
      assert.deepEqual(await listed(store), []);

      await store.put(pieces("wrong"));
      await rejectsWith(store.put(Buffer.from("wrong"), { expected }), "DIGEST_MISMATCH");
      assert.equal(await store.stat(expected), undefined);
    },
  },
  {
    name: "stops at once when aborted, though the source waits for ever, and stores nothing",
    law: "abort",
    needs: [],
    async run(store) {
      for (const length of [10, 3_000_000]) {
        const controller = new AbortController();
        const { signal } = controller;

        const put = store.put(hanging(controller, seededBytes(length, 4)), { signal });

        await assert.rejects(put, (error) => error === signal.reason);
      }
      assert.deepEqual(await listed(store), []);
    },
  },
  {
    name: "does nothing when aborted before the start",
    law: "abort",
    needs: [],
    async run(store) {
      const { digest } = await store.put(pieces("kept"));
      const signal = AbortSignal.abort();
      const operations = [
        () => store.put(Buffer.from("late"), { signal }),
        () => store.openBatch({ signal }),
        () => store.stat(digest, { signal }),
        () => store.delete(digest, { signal }),
        () => store.get(digest, { signal }).then(collectBytes),
        () => toList(store.list({ signal })),
      ];

      for (const operation of operations) await rejectsExactly(operation(), signal.reason);

      assert.deepEqual(await listed(store), [{ digest, size: 4 }]);
    },
  },
];

async function* unevenPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0, length = 1; start < bytes.byteLength; length = (length * 7) % 600_011) {
    yield bytes.slice(start, start + length);
    start += length;
  }
}

async function* sameBuffer(texts: readonly string[]): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.alloc(4);
  for (const text of texts) {
    buffer.write(text);
    yield buffer;
  }
  buffer.fill("!");
}
