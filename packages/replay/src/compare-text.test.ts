import fc from "fast-check";
import { expect, test } from "vitest";
import { compareBytes } from "./compare-bytes.ts";
import { compareJsonLines, compareText } from "./compare-text.ts";

test("the first differing line is named with both lines", () => {
  expect(compareText("a\nb\nc\n", "a\nB\nC\n").firstDifference).toEqual({
    line: 2,
    original: "b",
    candidate: "B",
  });
});

test("a line that only one side has is absent on the other", () => {
  expect(compareText("a\n", "a\nb\n").firstDifference).toEqual({ line: 2, candidate: "b" });
  expect(compareText("", "a").firstDifference).toEqual({ line: 1, candidate: "a" });
});

test("a missing line break at the end is a difference that can be seen", () => {
  expect(compareText("a\nb", "a\nb\n").firstDifference).toEqual({
    line: 2,
    original: "b",
    candidate: "b\n",
  });
});

test("texts differ exactly when they are not the same, at a line that differs", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "\n", "\r"), maxLength: 12 });
  fc.assert(
    fc.property(text, text, (a, b) => {
      const { status, firstDifference } = compareText(a, b);
      expect(status).toBe(a === b ? "equal" : "different");
      if (firstDifference === undefined) return;
      const index = (firstDifference.line ?? 0) - 1;
      expect(a.split("\n").slice(0, index)).toEqual(b.split("\n").slice(0, index));
      expect(firstDifference.original).not.toEqual(firstDifference.candidate);
    }),
  );
});

test("JSON lines name line and pointer, and keep the tolerance", () => {
  const tolerance = { absolute: 0.1, relative: 0 };
  const result = compareJsonLines('{"x":1}\n{"x":2}\n', '{"x":1.05}\n{"x":3}\n', tolerance);

  expect(result).toMatchObject({
    status: "different",
    firstDifference: { line: 2, pointer: "/x", original: 2, candidate: 3 },
    maxAbsoluteError: 1,
  });
  expect(() => compareJsonLines("{}\n", "no\n", tolerance)).toThrow();
});

async function* chunks(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const size of sizes) {
    yield bytes.subarray(at, at + size);
    at += size;
  }
  yield bytes.subarray(at);
}

const byteArray = fc.uint8Array({ maxLength: 20, max: 1 });
const sizeList = fc.array(fc.nat(5), { maxLength: 5 });

test("bytes are compared across any chunks", async () => {
  await fc.assert(
    fc.asyncProperty(byteArray, byteArray, sizeList, sizeList, async (a, b, sizesA, sizesB) => {
      const { status, firstDifference } = await compareBytes(chunks(a, sizesA), chunks(b, sizesB));
      const length = Math.max(a.length, b.length);
      const index = Array.from({ length }, (_, at) => at).find((at) => a[at] !== b[at]);
      expect(status).toBe(index === undefined ? "equal" : "different");
      expect(firstDifference?.offset).toBe(index);
    }),
  );
});
