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
        expect(references.countOf(digest)).toBe(
          runs.filter((numbers) => numbers.includes(number)).length,
        );
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
  expect(references.countOf(blobOf(9999).digest)).toBe(0);
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
