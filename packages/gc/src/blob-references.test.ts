import { type Digest, digestBytes } from "@reseal/hash";
import type { BlobInfo } from "@reseal/store";
import fc from "fast-check";
import { expect, test } from "vitest";
import { BlobReferences } from "./blob-references.ts";

const blobOf = (number: number): BlobInfo => ({
  digest: digestBytes(`blob ${number}`),
  size: number === 7 ? 5 * 2 ** 32 : number * 100,
});
const runOf = (number: number): Digest => digestBytes(`run ${number}`);
const blobs = Array.from({ length: 12 }, (_, index) => blobOf(index));

test("what runs free is what only they need, each blob once", () => {
  const anyRuns = fc.array(fc.array(fc.nat(11)), { maxLength: 8 });
  fc.assert(
    fc.property(anyRuns, fc.array(fc.nat(9)), (runs, gone) => {
      const references = new BlobReferences();
      for (const [index, numbers] of runs.entries())
        references.add(
          runOf(index),
          numbers.map((number) => blobOf(number)),
        );

      const rest = new Set(runs.flatMap((numbers, index) => (gone.includes(index) ? [] : numbers)));
      const going = runs.flatMap((numbers, index) => (gone.includes(index) ? numbers : []));
      const freed = new Set(going.filter((number) => !rest.has(number)));
      expect(references.freedBy(gone.map(runOf))).toEqual({
        files: freed.size,
        bytes: [...freed].reduce((sum, number) => sum + blobOf(number).size, 0),
      });
      for (const [index, numbers] of runs.entries()) {
        const others = runs.map((theirs, other) => (other === index ? [] : theirs));
        const shared = new Set(numbers.filter((number) => others.flat().includes(number)));
        expect(references.sharedWith(runOf(index))).toEqual({
          files: shared.size,
          runs: others.flatMap((theirs, other) =>
            theirs.some((number) => shared.has(number)) ? [runOf(other)] : [],
          ),
        });
      }
      const isNeeded = references.neededWithout(gone.map(runOf));
      for (const [number, { digest }] of blobs.entries()) {
        expect(isNeeded(digest)).toBe(rest.has(number));
        const namedBy = runs.filter((numbers) => numbers.includes(number));
        expect(references.isShared(digest)).toBe(namedBy.length > 1);
      }
    }),
  );
});

test("many blobs are told apart", () => {
  const references = new BlobReferences();
  for (let run = 0; run < 100; run += 1)
    references.add(
      runOf(run),
      Array.from({ length: 100 }, (_, index) => blobOf(run * 50 + index)),
    );
  references.add(runOf(0), [blobOf(9999)]);

  expect(references.freedBy([])).toEqual({ bytes: 0, files: 0 });
  expect(references.freedBy([runOf(1)]).files).toBe(0);
  expect(references.freedBy([runOf(0), runOf(1)]).files).toBe(100);
  expect(references.isShared(blobOf(49).digest)).toBe(false);
  expect(references.isShared(blobOf(50).digest)).toBe(true);
  expect(references.neededWithout([])(blobOf(9999).digest)).toBe(false);
});

test("what is found does not depend on the order in which runs come", () => {
  const named = Array.from({ length: 40 }, (_, run) =>
    Array.from({ length: 700 }, (_, index) =>
      index < 10 ? 5000 + run * 10 + index : (run * 379 + index * (1 + (run % 3))) % 5000,
    ),
  );
  const gone = [3, 4, 5, 17, 39].map(runOf);
  const found = [named.map((_, run) => run), named.map((_, run) => (run * 7) % 40)].map((order) => {
    const references = new BlobReferences();
    for (const run of order) references.add(runOf(run), (named[run] ?? []).map(blobOf));
    const isNeeded = references.neededWithout(gone);
    return {
      freed: references.freedBy(gone),
      needed: Array.from({ length: 6000 }, (_, number) => isNeeded(blobOf(number).digest)),
      shared: Array.from({ length: 6000 }, (_, number) =>
        references.isShared(blobOf(number).digest),
      ),
      with: references.sharedWith(runOf(17)).runs.sort(),
    };
  });
  expect(found[0]?.freed.files).toBeGreaterThan(0);
  expect(found[1]).toEqual(found[0]);
});

/** Of few words, so that many begin alike: wholly, or in what the table looks at first. */
const crowded = fc.tuple(fc.nat(2), fc.nat(2), fc.nat(1)).map(([high, low, end]): Digest => {
  const words = [high << 30, low, 0, 0, 0, 0, 0, end].map((word) => word >>> 0);
  return `sha256:${words.map((word) => word.toString(16).padStart(8, "0")).join("")}`;
});

test("digests that begin alike: never less is kept than with whole digests, and else the same", () => {
  const anyRuns = fc.array(fc.array(crowded, { maxLength: 12 }), { maxLength: 8 });
  fc.assert(
    fc.property(anyRuns, fc.array(fc.nat(7)), fc.boolean(), (any, gone, isPlain) => {
      const runs = isPlain ? any.map((run) => run.map((digest) => digest.replace(/1$/, "0"))) : any;
      const references = new BlobReferences();
      for (const [index, digests] of runs.entries())
        references.add(
          runOf(index),
          digests.map((digest) => ({ digest: digest as Digest, size: 1 })),
        );
      const isNeeded = references.neededWithout(gone.map(runOf));
      const all = new Set(runs.flat());
      const left = new Set(runs.flatMap((digests, run) => (gone.includes(run) ? [] : digests)));
      const freed = references.freedBy(gone.map(runOf)).files;
      if (isPlain) expect(freed).toBe(all.size - left.size);
      expect(freed).toBeLessThanOrEqual(all.size - left.size);
      for (const digest of all) {
        const isShared = runs.filter((digests) => digests.includes(digest)).length > 1;
        if (left.has(digest)) expect(isNeeded(digest as Digest)).toBe(true);
        if (isShared) expect(references.isShared(digest as Digest)).toBe(true);
        if (!isPlain) continue;
        expect(isNeeded(digest as Digest)).toBe(left.has(digest));
        expect(references.isShared(digest as Digest)).toBe(isShared);
      }
    }),
  );
});

test("blobs whose digests begin alike count as one: more is kept, never less", () => {
  const references = new BlobReferences();
  const [a, b] = ["0", "1"].map((end): Digest => `sha256:${"ab".repeat(31)}0${end}`);
  if (a === undefined || b === undefined) throw new Error("no digests");
  references.add(runOf(0), [{ digest: a, size: 1 }]);
  references.add(runOf(1), [{ digest: b, size: 1 }]);

  expect(references.freedBy([runOf(0)])).toEqual({ bytes: 0, files: 0 });
  expect(references.neededWithout([runOf(0)])(a)).toBe(true);
});
