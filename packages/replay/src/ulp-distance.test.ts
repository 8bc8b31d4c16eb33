import fc from "fast-check";
import { expect, test } from "vitest";
import { halfOf } from "./npy-value.ts";
import { ulpDistance, ulpDistance16, ulpDistance32 } from "./ulp-distance.ts";

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const single = fc.float({ noNaN: true, noDefaultInfinity: true });

/** The double after a number, by its bits. */
function next(value: number): number {
  const doubles = Float64Array.of(value);
  const bits = new BigInt64Array(doubles.buffer);
  const [all = 0n] = bits;
  if (value === 0) bits[0] = 1n;
  else bits[0] = value > 0 ? all + 1n : all - 1n;
  return doubles[0] ?? 0;
}

test("known distances", () => {
  expect(ulpDistance(1, 1 + Number.EPSILON)).toBe(1);
  expect(ulpDistance(0.1 + 0.2, 0.3)).toBe(1);
  expect(ulpDistance(-Number.MIN_VALUE, Number.MIN_VALUE)).toBe(2);
  expect(ulpDistance(1, 2)).toBe(2 ** 52);
  expect(ulpDistance(-0, 0)).toBe(0);
  expect(ulpDistance(-Number.MAX_VALUE, Number.MAX_VALUE)).toBe(2 ** 64 - 2 ** 53);
  expect(ulpDistance32(1, 1 + 2 ** -23)).toBe(1);
  expect(ulpDistance32(-(2 ** -149), 2 ** -149)).toBe(2);
});

test("nothing leads to an infinity or to NaN", () => {
  for (const distance of [ulpDistance, ulpDistance32, ulpDistance16]) {
    expect(distance(Number.POSITIVE_INFINITY, 65504)).toBe(Number.POSITIVE_INFINITY);
    expect(distance(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)).toBe(0);
    expect(distance(Number.NaN, 0)).toBeNaN();
  }
});

test("neighbours are one apart", () => {
  fc.assert(
    fc.property(finite, (value) => {
      const after = next(value);
      fc.pre(Number.isFinite(after));
      expect(ulpDistance(value, after)).toBe(1);
    }),
  );
});

test("a distance is 0 only for equal numbers, the same both ways, and adds up", () => {
  fc.assert(
    fc.property(finite, finite, finite, (a, b, c) => {
      expect(ulpDistance(a, b) === 0).toBe(a === b);
      expect(ulpDistance(a, b)).toBe(ulpDistance(b, a));
      expect(ulpDistance(-a, -b)).toBe(ulpDistance(a, b));
      const [low, middle, high] = [a, b, c].toSorted((x, y) => x - y) as [number, number, number];
      const whole = ulpDistance(low, high);
      const sum = ulpDistance(low, middle) + ulpDistance(middle, high);
      expect(Math.abs(sum - whole)).toBeLessThanOrEqual(whole * 2 ** -51);
    }),
  );
});

test("singles have the distance of their bits", () => {
  const ordinal = (value: number): number => {
    const bits = new Int32Array(Float32Array.of(value).buffer)[0] ?? 0;
    return bits < 0 ? -(bits & 0x7fff_ffff) : bits;
  };
  fc.assert(
    fc.property(single, single, (a, b) => {
      expect(ulpDistance32(a, b)).toBe(Math.abs(ordinal(a) - ordinal(b)));
    }),
  );
});

test("every half is one apart from the next", () => {
  for (let bits = 0; bits < 0x7bff; bits += 1) {
    const [a, b] = [halfOf(bits), halfOf(bits + 1)];
    if (ulpDistance16(a, b) !== 1 || ulpDistance16(-a, -b) !== 1) expect.unreachable(`${bits}`);
    if (ulpDistance16(-a, b) !== 2 * bits + 1) expect.unreachable(`${bits}`);
  }
});
