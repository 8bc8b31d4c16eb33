import { strict as assert } from "node:assert";
import { readFileSync, statSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestBytes } from "@reseal/hash";
import type { InspectorSource, PartReaderSource, PutFileResult } from "../bulk.ts";
import type { BlobStoreCase } from "./blob-store-cases.ts";
import { listed, needed, pieces, rejectsWith, seededBytes } from "./expectations.ts";

/** Enough for an implementation to use all it has. */
const manyFiles = 300;

export const bulkCases: readonly BlobStoreCase[] = [
  {
    name: "stages many files and tells of each in the order asked for",
    law: "bulk",
    needs: [],
    async run(store) {
      await withFolder(async (folder) => {
        const files = await writeMany(folder);
        await using batch = await store.openBatch();

        const results = await batch.putFiles(files);

        assert.deepEqual(
          results,
          files.map(({ bytes }) => stored(bytes)),
        );
        assert.deepEqual(await listed(store), []);
        await batch.commit();
        assert.equal((await listed(store)).length, manyFiles);
      });
    },
  },
  {
    name: "stages what a part reader gives, and fails those parts alone that it cannot",
    law: "bulk",
    needs: [],
    async run(store) {
      const reader: PartReaderSource = {
        reader: {
          read(readAs) {
            if (readAs === "broken") throw new Error("no such part");
            return Buffer.from(String(readAs));
          },
        },
        module: "data:text/javascript,", // Too few parts for another thread.
        data: undefined,
      };
      await using batch = await store.openBatch();

      const results = await batch.putFiles(
        [
          { path: "one", size: 3, readAs: "one", expected: digestBytes("one") },
          { path: "two", size: 3, readAs: "two", expected: digestBytes("other") },
          { path: "three", size: 3, readAs: "broken" },
        ],
        { reader },
      );
      await batch.commit();

      assert.deepEqual(results.map(outcome), [
        "stored",
        "STORE_DIGEST_MISMATCH",
        "STORE_FILE_UNREADABLE",
      ]);
      assert.equal((await listed(store)).length, 1);
    },
  },
  {
    name: "goes on with the others when some of many files cannot be staged",
    law: "bulk",
    needs: [],
    async run(store) {
      await withFolder(async (folder) => {
        const [first, second] = await writeMany(folder);
        await using batch = await store.openBatch();

        const results = await batch.putFiles([
          { path: join(folder, "missing"), size: 1 },
          needed(first),
          { ...needed(second), expected: digestBytes("other") },
          { path: folder, size: 1 },
        ]);
        await batch.commit();

        assert.deepEqual(results.map(outcome), [
          "STORE_FILE_UNREADABLE",
          "stored",
          "STORE_DIGEST_MISMATCH",
          "STORE_FILE_UNREADABLE",
        ]);
        assert.equal((await listed(store)).length, 1);
      });
    },
  },
  {
    name: "stages nothing of what the inspector refuses, and shows it only what it may see",
    law: "bulk",
    needs: [],
    async run(store) {
      await withFolder(async (folder) => {
        const contents = ["good", "bad", "bad but not looked at"];
        const files = await Promise.all(
          contents.map(async (text, index) => {
            const path = join(folder, String(index));
            await writeFile(path, text);
            return { path, size: text.length, ...(index < 2 && { inspectAs: "text" }) };
          }),
        );
        await using batch = await store.openBatch();

        const results = await batch.putFiles(files, { inspector: refusing("bad") });
        await batch.commit();

        assert.deepEqual(results[1], { status: "refused", size: 3, verdict: { as: "text" } });
        assert.deepEqual(results.map(outcome), ["stored", "refused", "stored"]);
        assert.equal(await store.stat(digestBytes("bad")), undefined);
        assert.equal((await listed(store)).length, 2);
      });
    },
  },
  {
    name: "keeps stored blobs as part of a batch and tells which are missing",
    law: "bulk",
    needs: [],
    async run(store) {
      const there = await store.put(pieces("there"));
      const missing = { digest: digestBytes("missing"), size: 7 };
      await using batch = await store.openBatch();

      assert.deepEqual(await batch.keep([there, missing]), [missing]);
      await batch.commit();

      await using late = await store.openBatch();
      assert.deepEqual(await late.keep([there]), []);
      await store.delete(there.digest);
      await rejectsWith(late.commit(), "BLOB_NOT_FOUND");
    },
  },
  {
    name: "checks many blobs and gives those that are damaged or missing",
    law: "bulk",
    needs: ["damage"],
    async run(store, harness) {
      const blobs = [];
      for (let index = 0; index < 40; index += 1)
        blobs.push(await store.put(Buffer.from(`blob ${index}`)));
      const [good, bad, ...others] = blobs;
      const missing = { digest: digestBytes("missing"), size: 7 };
      await needed(harness?.damage)(needed(bad).digest, (bytes) => bytes.map((byte) => byte ^ 1));

      const wrongSize = { digest: needed(good).digest, size: needed(good).size + 1 };
      const problems = await store.check([needed(bad), ...others, missing]);
      const sizes = await store.check([wrongSize]);

      assert.deepEqual(
        problems.map(({ digest, error }) => [digest, error.code]),
        [
          [needed(bad).digest, "STORE_BLOB_CORRUPT"],
          [missing.digest, "STORE_BLOB_NOT_FOUND"],
        ],
      );
      assert.deepEqual(
        sizes.map(({ error }) => error.code),
        ["STORE_BLOB_CORRUPT"],
      );
    },
  },
  {
    name: "writes blobs as local files, never over one that is there",
    law: "bulk",
    needs: [],
    async run(store) {
      const contents = [Buffer.alloc(0), Buffer.from("small"), seededBytes(3_000_000, 21)];
      await withFolder(async (folder) => {
        const copies = [];
        for (const [index, bytes] of contents.entries()) {
          const path = join(folder, String(index));
          copies.push({ ...(await store.put(bytes)), path, mode: 0o700 });
        }

        await store.copyOut(copies);

        for (const [index, { path }] of copies.entries()) {
          assert.equal(Buffer.compare(readFileSync(path), contents[index] ?? Buffer.alloc(1)), 0);
          assert.equal(statSync(path).mode & 0o100, 0o100);
        }
        await rejectsWith(store.copyOut(copies.slice(1, 2)), "COPY_FAILED");
        const absent = { digest: digestBytes("absent"), size: 6, path: join(folder, "x"), mode: 0 };
        await rejectsWith(store.copyOut([absent]), "BLOB_NOT_FOUND");
      });
    },
  },
  {
    name: "stops work on many files when it is aborted",
    law: "abort",
    needs: [],
    async run(store) {
      await withFolder(async (folder) => {
        const files = await writeMany(folder);
        const controller = new AbortController();
        {
          await using batch = await store.openBatch();
          const putting = batch.putFiles(files, {
            signal: controller.signal,
            onProgress: () => controller.abort(),
          });
          await assert.rejects(putting, (error) => error === controller.signal.reason);
        }

        assert.deepEqual(await listed(store), []);
      });
    },
  },
];

function stored(bytes: Uint8Array): PutFileResult {
  return { status: "stored", digest: digestBytes(bytes), size: bytes.byteLength };
}

function outcome(result: PutFileResult): string {
  return result.status === "failed" ? result.error.code : result.status;
}

/** For few files: work that other threads share cannot use what is not a module. */
function refusing(text: string): InspectorSource {
  return {
    inspector: {
      whole: (bytes, as) => (Buffer.from(bytes).toString() === text ? { as } : undefined),
      pieces: () => ({ push: () => undefined, end: () => undefined }),
    },
    module: "data:text/javascript,",
    data: {},
  };
}

async function writeMany(
  folder: string,
): Promise<{ path: string; size: number; bytes: Uint8Array }[]> {
  const files = [];
  for (let index = 0; index < manyFiles; index += 1) {
    const bytes = Buffer.from(`file ${index} `.repeat((index % 40) * 40 + 1));
    const path = join(folder, `many-${index}`);
    await writeFile(path, bytes);
    files.push({ path, size: bytes.byteLength, bytes });
  }
  return files;
}

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "reseal-conformance-"));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
