import { strict as assert } from "node:assert";
import { appendFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compareUtf8, digestBytes } from "@reseal/hash";
import type { BlobStore } from "../blob-store.ts";
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
} from "./expectations.ts";

export const batchCases: readonly BlobStoreCase[] = [
  {
    name: "shows nothing of a batch before its commit and all of it afterwards",
    law: "batch together",
    needs: [],
    async run(store) {
      await using batch = await store.openBatch();
      const infos = [await batch.put(pieces("a", "b")), await batch.put(Buffer.from("c"))];
      for (let index = 0; index < 40; index += 1) {
        infos.push(await batch.put(Buffer.from(`entry ${index}`)));
      }
      infos.push(await batch.put(seededBytes(3_000_000, 8)));

      assert.deepEqual(await listed(store), []);
      assert.equal(await store.stat(digestBytes("ab")), undefined);
      await batch.commit();

      const expected = infos.sort((a, b) => compareUtf8(a.digest, b.digest));
      assert.deepEqual(await listed(store), expected);
      assert.equal(await readText(store.get(digestBytes("ab"))), "ab");
    },
  },
  {
    name: "commits an empty batch",
    law: "batch together",
    needs: [],
    async run(store) {
      await using batch = await store.openBatch();

      await batch.commit();

      assert.deepEqual(await listed(store), []);
    },
  },
  {
    name: "shows a committed batch to whoever opens the place next",
    law: "batch together",
    needs: ["reopen"],
    async run(store, harness) {
      await using batch = await store.openBatch();
      const { digest } = await batch.put(pieces("shared"));
      await batch.commit();

      await using other = await needed(harness?.reopen)();

      assert.equal(await readText(other.get(digest)), "shared");
    },
  },
  {
    name: "makes one blob of bytes that a batch holds twice, or that are there",
    law: "idempotent",
    needs: [],
    async run(store) {
      await store.put(pieces("there"));
      await using batch = await store.openBatch();

      await batch.put(pieces("there"));
      await batch.put(pieces("twice"));
      await batch.put(Buffer.from("twice"));
      await batch.commit();

      assert.equal((await listed(store)).length, 2);
    },
  },
  {
    name: "lets two batches with the same bytes commit at once",
    law: "idempotent",
    needs: [],
    async run(store) {
      await using first = await store.openBatch();
      await using second = await store.openBatch();
      for (const batch of [first, second]) {
        for (let index = 0; index < 30; index += 1) await batch.put(Buffer.from(`both ${index}`));
      }

      await Promise.all([first.commit(), second.commit()]);

      assert.equal((await listed(store)).length, 30);
      assert.equal(await readText(store.get(digestBytes("both 7"))), "both 7");
    },
  },
  {
    name: "leaves nothing of a batch that ends without commit",
    law: "batch leaves nothing",
    needs: [],
    async run(store) {
      const kept = await store.put(pieces("kept"));
      {
        await using batch = await store.openBatch();
        await batch.put(pieces("kept"));
        await batch.put(pieces("dropped"));
        await batch.put(seededBytes(3_000_000, 9));
        await batch[Symbol.asyncDispose](); // Twice is allowed.
      }

      assert.deepEqual(await listed(store), [kept]);
    },
  },
  {
    name: "leaves nothing temporary, whether a batch is committed or not",
    law: "batch leaves nothing",
    needs: ["leftovers"],
    async run(store, harness) {
      for (const commits of [true, false]) {
        await using batch = await store.openBatch();
        await batch.put(pieces("small"));
        await batch.put(seededBytes(3_000_000, 10));
        if (commits) await batch.commit();
      }

      assert.deepEqual(await needed(harness?.leftovers)(), []);
    },
  },
  {
    name: "goes on with a batch after one of its sources failed",
    law: "atomic",
    needs: [],
    async run(store) {
      const error = new Error("source broke");
      await using batch = await store.openBatch();
      await batch.put(pieces("before"));
      await rejectsExactly(batch.put(failing(error, "x".repeat(3_000_000))), error);
      await batch.put(pieces("after"));
      await batch.commit();

      assert.equal((await listed(store)).length, 2);
    },
  },
  {
    name: "refuses to stage bytes that do not have the expected digest",
    law: "expected digest",
    needs: [],
    async run(store) {
      const expected = digestBytes("right");
      await using batch = await store.openBatch();
      await rejectsWith(batch.put(pieces("wrong"), { expected }), "DIGEST_MISMATCH");
      await withFile("wrong too", async (path) => {
        await rejectsWith(batch.putFile(path, { expected }), "DIGEST_MISMATCH");
      });
      await batch.commit();

      assert.deepEqual(await listed(store), []);
    },
  },
  {
    name: "stops a batch at once when it is aborted, and leaves nothing",
    law: "abort",
    needs: [],
    async run(store) {
      const controller = new AbortController();
      const { signal } = controller;
      {
        await using batch = await store.openBatch({ signal });
        await batch.put(pieces("staged"));
        const put = batch.put(hanging(controller, seededBytes(3_000_000, 11)));
        await assert.rejects(put, (error) => error === signal.reason);
        await assert.rejects(batch.commit(), (error) => error === signal.reason);
      }

      assert.deepEqual(await listed(store), []);
    },
  },
  {
    name: "stores local files, empty, small and large",
    law: "read after write",
    needs: [],
    async run(store) {
      const contents = [0, 1, 70_000, 1024 * 1024, 1024 * 1024 + 1, 5_000_000].map((length) =>
        seededBytes(length, 12),
      );
      await using batch = await store.openBatch();
      for (const bytes of contents) {
        await withFile(bytes, async (path) => {
          const info = await batch.putFile(path);
          assert.deepEqual(info, { digest: digestBytes(bytes), size: bytes.byteLength });
        });
      }
      await batch.commit();

      for (const bytes of contents) await assertStored(store, bytes);
    },
  },
  {
    name: "says so when a file cannot be read",
    law: "file unchanged",
    needs: [],
    async run(store) {
      await using batch = await store.openBatch();

      await withFile("x", async (path) => {
        await rejectsWith(batch.putFile(`${path}-missing`), "FILE_UNREADABLE");
      });
    },
  },
  {
    name: "refuses a file that changes while it is read",
    law: "file unchanged",
    needs: [],
    async run(store) {
      await using batch = await store.openBatch();
      await withFile(seededBytes(24 * 1024 * 1024, 13), async (path) => {
        const put = batch.putFile(path);
        const writing = appendUntilSettled(path, put);

        await rejectsWith(put, "FILE_CHANGED");
        await writing;
      });
      await batch.commit();

      assert.deepEqual(await listed(store), []);
    },
  },
];

async function assertStored(store: BlobStore, bytes: Uint8Array): Promise<void> {
  const stored = await collectBytes(await store.get(digestBytes(bytes)));
  assert.equal(Buffer.compare(stored, bytes), 0);
}

async function withFile(
  content: string | Uint8Array,
  use: (path: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "reseal-conformance-"));
  try {
    const path = join(folder, "file.bin");
    await writeFile(path, content);
    await use(path);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function appendUntilSettled(path: string, promise: Promise<unknown>): Promise<void> {
  let settled = false;
  const settle = (): void => {
    settled = true;
  };
  promise.then(settle, settle);
  while (!settled) {
    appendFileSync(path, "!");
    await new Promise((resolve) => setImmediate(resolve));
  }
}
