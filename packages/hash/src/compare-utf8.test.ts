import fc from "fast-check";
import { expect, test } from "vitest";
import { compareUtf8, utf8Comparison } from "./compare-utf8.ts";

const text = fc.string({ unit: "grapheme" });
const awkward = fc.string({
  unit: fc.constantFrom(
    "a",
    "/",
    "\u007f",
    "\u0080",
    "\ud7ff",
    "\ue000",
    "\uffff",
    "\u{10000}",
    "\u{10ffff}",
  ),
});

test.for([
  ["any text", text],
  ["characters around the surrogates", awkward],
] as const)("orders as the bytes of UTF-8: %s", ([, strings]) => {
  fc.assert(
    fc.property(strings, strings, (a, b) => {
      const expected = Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b)));

      expect(Math.sign(compareUtf8(a, b))).toBe(expected);
      expect(Math.sign(utf8Comparison([a, b])(a, b))).toBe(expected);
    }),
    { numRuns: 2000 },
  );
});

test("differs from the order of JavaScript beyond U+FFFF", () => {
  expect("\uffff" < "\u{10000}").toBe(false);
  expect(compareUtf8("\uffff", "\u{10000}")).toBeLessThan(0);
});
