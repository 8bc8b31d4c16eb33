import fc from "fast-check";
import { expect, test } from "vitest";
import { compareIntegers, compareNumbers, completeTolerance } from "./tolerance.ts";

const size = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true });

test("a number is within any tolerance of itself", () => {
  fc.assert(
    fc.property(fc.double(), size, size, (a, absolute, relative) => {
      expect(compareNumbers(a, a, { absolute, relative })).toMatchObject({
        isEqual: true,
        isWithin: true,
      });
    }),
  );
});

test("an absolute tolerance does not ask who is the original", () => {
  fc.assert(
    fc.property(fc.double(), fc.double(), size, (a, b, absolute) => {
      const tolerance = { absolute, relative: 0 };
      expect(compareNumbers(a, b, tolerance).isWithin).toBe(
        compareNumbers(b, a, tolerance).isWithin,
      );
    }),
  );
});

test("a larger tolerance never excludes what a smaller one allows", () => {
  fc.assert(
    fc.property(fc.double(), fc.double(), size, size, (a, b, small, more) => {
      const { isWithin } = compareNumbers(a, b, { absolute: small, relative: 0 });
      if (!isWithin) return;
      expect(compareNumbers(a, b, { absolute: small + more, relative: more }).isWithin).toBe(true);
    }),
  );
});

test("the relative tolerance is relative to the original", () => {
  const tolerance = { absolute: 0, relative: 0.1 };

  expect(compareNumbers(100, 110, tolerance).isWithin).toBe(true);
  expect(compareNumbers(110, 100, tolerance).isWithin).toBe(true);
  expect(compareNumbers(100, 111, tolerance).isWithin).toBe(false);
  expect(compareNumbers(0, 1e-300, tolerance)).toMatchObject({
    isWithin: false,
    relativeError: Number.POSITIVE_INFINITY,
  });
});

test("NaN equals NaN and nothing else; -0 equals 0", () => {
  const tolerance = { absolute: 1e308, relative: 1e308 };

  expect(compareNumbers(Number.NaN, Number.NaN, tolerance).isEqual).toBe(true);
  expect(compareNumbers(Number.NaN, 1, tolerance).isWithin).toBe(false);
  expect(compareNumbers(-0, 0, tolerance).isEqual).toBe(true);
});

test("big integers are compared as they are", () => {
  const result = compareIntegers(2n ** 64n, 2n ** 64n + 1n, { absolute: 0, relative: 0 });

  expect(result).toMatchObject({ isEqual: false, isWithin: false, absoluteError: 1 });
});

test("a tolerance is finite and not negative", () => {
  expect(completeTolerance()).toEqual({ absolute: 0, relative: 0 });
  for (const absolute of [-1, Number.NaN, Number.POSITIVE_INFINITY])
    expect(() => completeTolerance({ absolute })).toThrow(/absolute tolerance/);
  expect(() => completeTolerance({ metrics: { loss: { absolute: 0, relative: -1 } } })).toThrow(
    /of loss/,
  );
});
