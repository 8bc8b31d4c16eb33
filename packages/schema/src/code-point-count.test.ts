import fc from "fast-check";
import { expect, test } from "vitest";
import { codePointCount } from "./code-point-count.ts";

test("a code point counts once, also when it takes two units or is half of one", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }), (left, right) => {
      const halves = `${left}\ud83d${right}\ude00`;

      expect(codePointCount(halves)).toBe([...halves].length);
    }),
  );
});

test("a text that ends in the first half of a pair keeps it", () => {
  expect(codePointCount("a\ud83d")).toBe(2);
  expect(codePointCount("\ud83d\ude00")).toBe(1);
  expect(codePointCount("")).toBe(0);
});
