import { digestBytes } from "@reseal/hash";
import { expect, test } from "vitest";
import { collectBytes } from "./byte-source.ts";
import { sealRecord } from "./conformance.ts";
import {
  type FaultKind,
  failBySeed,
  failNth,
  faultyBlobStore,
  faultyCatalog,
  faultyJournal,
} from "./faulty.ts";
import { createMemoryBlobStore } from "./memory-blob-store.ts";
import { createMemoryCatalog } from "./memory-catalog.ts";
import { createMemoryJournal } from "./memory-journal.ts";

const tenant = "default";

test("an error before leaves nothing done, an error after leaves it done", async () => {
  const good = createMemoryBlobStore();

  const before = faultyBlobStore(good, failNth(1, "error_before"));
  await expect(before.put(Buffer.from("x"))).rejects.toThrow("Injected fault in blobs.put.");
  expect(await good.stat(digestBytes("x"))).toBeUndefined();

  const after = faultyBlobStore(good, failNth(1, "error_after"));
  await expect(after.put(Buffer.from("x"))).rejects.toThrow("Injected fault in blobs.put.");
  expect(await good.stat(digestBytes("x"))).toBeDefined();
  expect(await after.stat(digestBytes("x"))).toBeDefined();
});

test("an abort arrives while the call is at work", async () => {
  const good = createMemoryBlobStore();
  const plan = failNth(1, "abort");
  const store = faultyBlobStore(good, plan);

  await expect(store.put(slow())).rejects.toMatchObject({ name: "AbortError" });

  expect(await good.stat(digestBytes("ab"))).toBeUndefined();
  expect(plan.faults).toEqual([{ kind: "abort", operation: "blobs.put", call: 1 }]);
});

test.for([
  ["short_read", "hell"],
  ["flipped_byte", "iello"],
] as const)("a %s gives wrong bytes without an error", async ([kind, expected]) => {
  const good = createMemoryBlobStore();
  const { digest } = await good.put(Buffer.from("hello"));

  const store = faultyBlobStore(good, failNth(1, kind));
  const bytes = await collectBytes(await store.get(digest));

  expect(Buffer.from(bytes).toString()).toBe(expected);
});

test("the n-th call fails once, and with sticky all after it", async () => {
  const outcomes = async (sticky: boolean): Promise<boolean[]> => {
    const plan = failNth(2, "error_before", { sticky, operations: /stat/ });
    const store = faultyBlobStore(createMemoryBlobStore(), plan);
    await store.put(Buffer.from("not counted"));
    const results: boolean[] = [];
    for (let call = 0; call < 4; call += 1) {
      results.push(
        await store.stat(digestBytes("x")).then(
          () => true,
          () => false,
        ),
      );
    }
    return results;
  };

  expect(await outcomes(false)).toEqual([true, false, true, true]);
  expect(await outcomes(true)).toEqual([true, false, false, false]);
});

test("a seed gives the same faults again, another seed others", () => {
  const draw = (seed: number): (FaultKind | undefined)[] => {
    const plan = failBySeed(seed, { probability: 0.3 });
    return Array.from({ length: 200 }, () => plan.next("blobs.put"));
  };

  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
  const count = draw(1).filter((kind) => kind !== undefined).length;
  expect(count).toBeGreaterThan(30);
  expect(count).toBeLessThan(90);
});

test("an error of one's own can be injected", async () => {
  const error = new Error("disk on fire");
  const plan = failNth(1, "error_before", { error: () => error });

  await expect(faultyBlobStore(createMemoryBlobStore(), plan).openBatch()).rejects.toBe(error);
});

test("each call of a batch can fail, and a failed commit shows nothing", async () => {
  for (let n = 1; ; n += 1) {
    const good = createMemoryBlobStore();
    const plan = failNth(n, "error_before");
    const isDone = await ingest(faultyBlobStore(good, plan));
    const blobs: unknown[] = [];
    for await (const blob of good.list()) blobs.push(blob);

    expect(blobs.length).toBe(isDone ? 2 : 0);
    if (plan.faults.length === 0) {
      expect(n).toBe(5);
      break;
    }
  }
});

test("a journal fails by the plan", async () => {
  const good = createMemoryJournal();
  const journal = faultyJournal(good, failNth(2, "error_after"));
  await journal.append("pins", [{ n: 1 }]);

  await expect(journal.append("pins", [{ n: 2 }])).rejects.toThrow("journal.append");

  expect(await count(good.read("pins"))).toBe(2);
  const short = faultyJournal(good, failNth(1, "short_read"));
  expect(await count(short.read("pins"))).toBe(1);
  const cut = faultyJournal(good, failNth(1, "error_after"));
  await expect(count(cut.read("pins"))).rejects.toThrow("journal.read");
  const aborted = faultyJournal(good, failNth(1, "abort"));
  await expect(count(aborted.read("pins"))).rejects.toMatchObject({ name: "AbortError" });
});

test("every method of a catalog fails by the plan, and is the good one's otherwise", async () => {
  const record = sealRecord(1);
  const good = createMemoryCatalog();
  await good.addSeals([record]);
  const calls = [
    (catalog: typeof good) => catalog.addSeals([record]),
    (catalog: typeof good) => catalog.journalOffset(),
    (catalog: typeof good) => catalog.resolve(record.seal, { tenant }),
    (catalog: typeof good) => catalog.listRuns({ tenant }),
    (catalog: typeof good) => catalog.metrics(record.seal, { tenant }),
    (catalog: typeof good) => catalog.children(record.artifact_id, { tenant }),
    (catalog: typeof good) => catalog.outputPaths("w"),
  ];

  for (const call of calls) {
    await expect(call(faultyCatalog(good, failNth(1, "error_before")))).rejects.toThrow("catalog.");
    expect(await call(faultyCatalog(good, failNth(2, "error_before")))).toEqual(await call(good));
  }
});

async function ingest(store: ReturnType<typeof faultyBlobStore>): Promise<boolean> {
  try {
    await using batch = await store.openBatch();
    await batch.put(Buffer.from("one"));
    await batch.put(Buffer.from("two"));
    await batch.commit();
    return true;
  } catch {
    return false;
  }
}

async function count(items: AsyncIterable<unknown>): Promise<number> {
  let number = 0;
  for await (const _ of items) number += 1;
  return number;
}

async function* slow(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("a");
  await new Promise((resolve) => setTimeout(resolve, 20));
  yield Buffer.from("b");
}
