import fc from "fast-check";
import { expect, test } from "vitest";
import { compareJson, valueDifferences } from "./compare-json.ts";

const exact = { absolute: 0, relative: 0 };

test("keys may stand in any order", () => {
  expect(compareJson({ a: 1, b: [2] }, { b: [2], a: 1 }, exact)).toEqual({ status: "equal" });
});

test("the first difference is a JSON Pointer with both values", () => {
  const result = compareJson({ "a/b": [{ "~": 1 }] }, { "a/b": [{ "~": 2 }] }, exact);

  expect(result).toEqual({
    status: "different",
    firstDifference: { pointer: "/a~1b/0/~0", original: 1, candidate: 2 },
    maxAbsoluteError: 1,
    maxRelativeError: 1,
    maxUlpError: 2 ** 52,
    differingCount: 1,
  });
});

test("first means first in the order of keys and items, whatever comes later", () => {
  const result = compareJson({ z: 1, m: [1, 2], a: 1 }, { z: 2, m: [1, 3], a: 1 }, exact);

  expect(result.firstDifference?.pointer).toBe("/m/1");
});

test("a value that only one side has is absent on the other", () => {
  expect(compareJson([1], [1, null], exact).firstDifference).toEqual({
    pointer: "/1",
    candidate: null,
  });
  expect(compareJson({ a: "x" }, {}, exact).firstDifference).toEqual({
    pointer: "/a",
    original: "x",
  });
});

test("types are never mixed up", () => {
  for (const [a, b] of [
    [1, "1"],
    [0, false],
    [null, 0],
    [[], {}],
    ["", null],
  ])
    expect(compareJson(a, b, { absolute: 10, relative: 10 }).status).toBe("different");
});

test("NaN as a text equals itself, and a NaN", () => {
  expect(compareJson(["NaN"], ["NaN"], exact).status).toBe("equal");
  expect(compareJson([Number.NaN], ["NaN"], exact).status).toBe("equal");
  expect(compareJson(["NaN"], [1], exact).status).toBe("different");
});

test("a difference within tolerance is not the first difference, but its error is told", () => {
  const result = compareJson({ a: 100, b: 1 }, { a: 101, b: 3 }, { absolute: 0, relative: 0.02 });

  expect(result).toMatchObject({
    status: "different",
    firstDifference: { pointer: "/b", original: 1, candidate: 3 },
    maxAbsoluteError: 2,
    maxRelativeError: 2,
  });
});

test("an inherited name is not a member", () => {
  expect(compareJson({}, JSON.parse('{"__proto__": 1}'), exact).status).toBe("different");
  expect(compareJson({}, { toString: 1 }, exact).firstDifference).toEqual({
    pointer: "/toString",
    candidate: 1,
  });
});

test("large values are described, not quoted", () => {
  const result = compareJson({}, { a: Array.from({ length: 1000 }, () => 1) }, exact);

  expect(result.firstDifference?.candidate).toBe("an array of 1000 items");
  const text = compareJson("", "😀".repeat(1000), exact).firstDifference?.candidate;
  expect(String(text).length).toBeLessThan(600);
  expect(String(text).isWellFormed()).toBe(true);
});

test("every document equals itself under any tolerance", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.double({ min: 0, noNaN: true }), (value, absolute) => {
      const copy = JSON.parse(JSON.stringify(value)) as unknown;
      expect(compareJson(value, copy, { absolute, relative: 0 })).toEqual({ status: "equal" });
      expect(valueDifferences(value, copy)).toEqual([]);
    }),
  );
});

test("there is a difference exactly when there are differences", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      const [first] = valueDifferences(a, b);
      const result = compareJson(a, b, exact);
      expect(result.firstDifference).toEqual(first);
      expect(compareJson(b, a, exact).status).toBe(result.status);
    }),
  );
});

test("what lies at or below an ignored pointer may differ in any way", () => {
  const a = { timing: { total: 1 }, points: [{ x: 1, elapsed: 2 }], "a/b": 1 };
  const b = { points: [{ x: 1, elapsed: 3 }], "a/b": 2 };
  const ignoring = (...pointers: string[]) =>
    compareJson(a, b, { absolute: 0, relative: 0, ignore: { pointers } });

  expect(ignoring("/timing", "/points/*/elapsed").firstDifference).toMatchObject({
    pointer: "/a~1b",
  });
  expect(ignoring("/timing", "/points/0", "/a~1b")).toEqual({ status: "equal" });
  expect(ignoring("/*")).toEqual({ status: "equal" });
  expect(ignoring("")).toEqual({ status: "equal" });
  expect(ignoring("/tim", "/points/*/*/*").firstDifference).toMatchObject({ pointer: "/a~1b" });
  expect(ignoring("/tim", "/points/*/*/*").differingCount).toBe(3);
});
