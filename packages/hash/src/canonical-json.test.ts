import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalDigest, canonicalJson } from "./canonical-json.ts";
import { digestBytes } from "./digester.ts";
import { parseStrictJson } from "./strict-json.ts";

const json = fc
  .jsonValue({ noUnicodeString: false, maxDepth: 6 })
  .filter((value) => !JSON.stringify(value).includes("__proto__"));

test("the order of keys does not matter", () => {
  fc.assert(
    fc.property(json, fc.infiniteStream(fc.nat()), (value, numbers) => {
      expect(canonicalJson(shuffleKeys(value, numbers))).toBe(canonicalJson(value));
    }),
  );
});

test("what is written reads back as the same value, and is written the same again", () => {
  fc.assert(
    fc.property(json, (value) => {
      const text = canonicalJson(value);

      const read = parseStrictJson(text);

      // JSON has one zero: the text of -0 reads as 0.
      expect(read).toEqual(JSON.parse(JSON.stringify(value)));
      expect(canonicalJson(read)).toBe(text);
      expect(canonicalDigest(value)).toBe(digestBytes(text));
    }),
  );
});

test("every double reads back as itself", () => {
  const double = fc.double({ noNaN: true, noDefaultInfinity: true });
  fc.assert(
    fc.property(double, (value) => {
      expect(parseStrictJson(canonicalJson(value))).toBe(value === 0 ? 0 : value);
    }),
    { numRuns: 2000 },
  );
});

test("minus zero becomes zero", () => {
  expect(canonicalJson({ zero: -0 })).toBe('{"zero":0}');
});

test("keys sort by UTF-16 units, not by code points", () => {
  expect(canonicalJson({ "\ufb33": 1, "\u{1f600}": 2, a: 3, "": 4, "10": 5, "9": 6 })).toBe(
    '{"":4,"10":5,"9":6,"a":3,"\u{1f600}":2,"\ufb33":1}',
  );
});

test("nothing is normalised: equal-looking keys stay two", () => {
  expect(canonicalJson({ "\u00e9": 1, "e\u0301": 2 })).toBe('{"e\u0301":2,"\u00e9":1}');
});

class Sample {
  x = 1;
}
const cycle: Record<string, unknown> = {};
cycle.self = cycle;

test.for<[string, unknown, string]>([
  ["undefined", undefined, ""],
  ["undefined in an object", { a: { b: undefined } }, "/a/b"],
  ["undefined in an array", [1, [undefined]], "/1/0"],
  ["a hole in an array", Array(2), "/0"],
  ["a function", { f: () => 1 }, "/f"],
  ["a symbol", [Symbol("s")], "/0"],
  ["a symbol as key", { [Symbol("s")]: 1 }, ""],
  ["a bigint", { seed: 1n }, "/seed"],
  ["NaN", { metrics: { "a/b~c": Number.NaN } }, "/metrics/a~1b~0c"],
  ["infinity", [Number.NEGATIVE_INFINITY], "/0"],
  ["a date", { at: new Date(0) }, "/at"],
  ["an object with a class", { s: new Sample() }, "/s"],
  ["a map", new Map([["a", 1]]), ""],
  ["bytes", { bytes: new Uint8Array(2) }, "/bytes"],
  ["a boxed number", [Object(1)], "/0"],
  ["an object that inherits", { o: Object.create({ a: 1 }) }, "/o"],
  ["an array with a toJSON method", { a: Object.assign([1], { toJSON: () => 2 }) }, "/a"],
  ["an object with a toJSON method", { o: { toJSON: () => 2 } }, "/o"],
  ["a lone surrogate", { s: ["a\ud800b"] }, "/s/0"],
  ["a lone surrogate in a key", { "\udc00": 1 }, "/\udc00"],
  ["an own key __proto__", JSON.parse('{"a":{"__proto__":1}}'), "/a/__proto__"],
])("%s is refused, with its pointer", ([, value, pointer]) => {
  expect(() => canonicalJson(value)).toThrow(
    expect.objectContaining({ code: "HASH_NOT_CANONICAL", exitCode: 2, details: { pointer } }),
  );
});

test("depth 256 is written, depth 257 and cycles are refused", () => {
  expect(canonicalJson(nested(256))).toBe(`${"[".repeat(256)}${"]".repeat(256)}`);
  expect(() => canonicalJson(nested(257))).toThrow("deeper than 256");
  expect(() => canonicalJson(nested(100_000))).toThrow("deeper than 256");
  expect(() => canonicalJson(cycle)).toThrow("holds itself");
});

test("a part that is shared is written each time", () => {
  const shared = { a: [1] };

  expect(canonicalJson([shared, shared])).toBe('[{"a":[1]},{"a":[1]}]');
});

test("shared parts that would grow beyond any string are refused in time", () => {
  let laughs: unknown = ["lol".repeat(1000)];
  for (let level = 0; level < 12; level++) laughs = Array(9).fill(laughs);

  expect(() => canonicalJson(laughs)).toThrow("512 MiB");
});

test("escapes that would grow beyond any string are refused", () => {
  expect(() => canonicalJson(["\u0001".repeat(2 ** 27)])).toThrow(
    expect.objectContaining({ code: "HASH_NOT_CANONICAL" }),
  );
});

test("plain objects without a prototype or of another realm are plain", () => {
  const bare: unknown = Object.assign(Object.create(null), { a: 1 });

  expect(canonicalJson([bare, runInNewContext("({ a: [1] })")])).toBe('[{"a":1},{"a":[1]}]');
  expect(canonicalJson({ toJSON: "a word", constructor: 1 })).toBe(
    '{"constructor":1,"toJSON":"a word"}',
  );
});

function nested(depth: number): unknown {
  let value: unknown = [];
  for (let level = 1; level < depth; level++) value = [value];
  return value;
}

function shuffleKeys(value: unknown, numbers: Iterator<number>): unknown {
  if (Array.isArray(value)) return value.map((item) => shuffleKeys(item, numbers));
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).map(([key, member]) => ({
    rank: Number(numbers.next().value),
    member: [key, shuffleKeys(member, numbers)] as const,
  }));
  members.sort((a, b) => a.rank - b.rank);
  return Object.fromEntries(members.map(({ member }) => member));
}
