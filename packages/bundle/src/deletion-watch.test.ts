import { digestBytes } from "@reseal/hash";
import { createMemoryStores } from "@reseal/store";
import { expect, test } from "vitest";
import { settleBlobs, watchDeletions } from "./deletion-watch.ts";

const blob = { digest: digestBytes("a"), size: 1 };

test("nobody looks for blobs unless something was deleted", async () => {
  const stores = createMemoryStores();
  await stores.journal.append("trash", [{ op: 1 }]);
  const watch = await watchDeletions(stores);

  await settleBlobs(stores, watch, [blob]); // It is not there; but that was so before.

  expect(await stores.journal.size("seals")).toBe(0);
});

test("a blob that was deleted meanwhile is missed, one that stayed is not", async () => {
  const stores = createMemoryStores();
  await stores.blobs.put(Buffer.from("a"));
  const watch = await watchDeletions(stores);
  await stores.journal.append("trash", [{ op: 1 }]);

  await settleBlobs(stores, watch, [blob]);
  await stores.blobs.delete(blob.digest);

  await expect(settleBlobs(stores, watch, [blob])).rejects.toMatchObject({
    code: "STORE_BLOB_NOT_FOUND",
    details: { digest: blob.digest },
  });
});
