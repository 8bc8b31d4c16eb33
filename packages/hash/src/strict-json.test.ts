import fc from "fast-check";
import { expect, test } from "vitest";
import { parseStrictJson } from "./strict-json.ts";

const agreeable = fc
  .json({ noUnicodeString: false, maxDepth: 8 })
  .filter((text) => !text.includes("__proto__"));

test("agrees with JSON.parse on valid documents, in any layout, as text and as bytes", () => {
  const space = fc.constantFrom("", " ", "\t", "\n", "\r\n", "  ");
  fc.assert(
    fc.property(agreeable, fc.nat(4), space, (text, indent, around) => {
      const laidOut = around + JSON.stringify(JSON.parse(text), null, indent) + around;
      const expected: unknown = JSON.parse(laidOut);

      expect(parseStrictJson(laidOut)).toEqual(expected);
      expect(parseStrictJson(Buffer.from(laidOut))).toEqual(expected);
    }),
    { numRuns: 500 },
  );
});

test("refuses whatever JSON.parse refuses, and says where", () => {
  const damage = fc.record({
    at: fc.nat(),
    remove: fc.nat(3),
    insert: fc.constantFrom("", ..."{}[]:,\"\\/eE+-.0123 \n\t\u0000ntfu'", "//", "\\u12", "\ud800"),
  });
  fc.assert(
    fc.property(agreeable, damage, (text, { at, remove, insert }) => {
      const start = at % (text.length + 1);
      const damaged = text.slice(0, start) + insert + text.slice(start + remove);

      const strict = attempt(() => parseStrictJson(damaged));
      const plain = attempt(() => JSON.parse(damaged));

      if (strict.error === undefined) expect(strict.value).toEqual(plain.value);
      else expect(strict.error).toMatchObject({ code: "HASH_JSON_INVALID", exitCode: 4 });
      // What only the strict reader refuses, it refuses by name.
      if (plain.error === undefined && strict.error !== undefined) {
        expect(strict.error).not.toMatchObject({ details: { reason: "syntax" } });
      }
    }),
    { numRuns: 5000 },
  );
});

test.for<[string, string, string, number, number, string]>([
  ["a key twice", '{"a":1,"a":2}', "duplicate_key", 1, 8, "/a"],
  ["a key twice, once escaped", '{"x":[{"a":1,\n "\\u0061":2}]}', "duplicate_key", 2, 2, "/x/0/a"],
  ["the empty key twice", '{"":1,"":2}', "duplicate_key", 1, 7, "/"],
  ["an integer beyond 2^53", "[9007199254740993]", "number", 1, 2, "/0"],
  ["a 64-bit seed", '{"seed":18446744073709551615}', "number", 1, 9, "/seed"],
  ["a negative 64-bit integer", '{"n":-9223372036854775807}', "number", 1, 6, "/n"],
  ["a number that becomes infinite", '{"x":[0,1e400]}', "number", 1, 9, "/x/1"],
  ["a long integer", `[1${"0".repeat(400)}]`, "number", 1, 2, "/0"],
  ["a number that becomes zero", "-1e-400", "number", 1, 1, ""],
  ["a long number that becomes zero", `0.${"0".repeat(400)}1`, "number", 1, 1, ""],
  ["NaN", '{"loss": NaN}', "number", 1, 10, "/loss"],
  ["minus infinity", "[-Infinity]", "number", 1, 2, "/0"],
  ["a raw lone surrogate", '["\ud83d"]', "surrogate", 1, 3, "/0"],
  ["an escaped high surrogate alone", '["\\ud83d"]', "surrogate", 1, 3, "/0"],
  ["an escaped low surrogate alone", '["ab\\udE00"]', "surrogate", 1, 5, "/0"],
  ["two high surrogates", '["\\ud83d\\ud83d"]', "surrogate", 1, 3, "/0"],
  ["half a pair escaped", '["\\ud83d\ude00"]', "surrogate", 1, 3, "/0"],
  ["the other half escaped", '["\ud83d\\ude00"]', "surrogate", 1, 3, "/0"],
  ["a lone surrogate in a key", '{"a":{"\\udfff":1}}', "surrogate", 1, 8, "/a"],
  ["a bad string as the second key", '{"a":1,"\\x":1}', "syntax", 1, 9, ""],
  ["a key __proto__", '{"a":{"__proto__":{}}}', "proto_key", 1, 7, "/a/__proto__"],
  ["an escaped key __proto__", '{"\\u005f_proto__":1}', "proto_key", 1, 2, "/__proto__"],
  ["a byte order mark", "\ufeff{}", "byte_order_mark", 1, 1, ""],
  ["nothing", "", "syntax", 1, 1, ""],
  ["white space only", " \n ", "syntax", 2, 2, ""],
  ["a second value", '{"a":1} {}', "syntax", 1, 9, ""],
  ["a comma at the end of an array", '{"a":[1,]}', "syntax", 1, 9, "/a/1"],
  ["a comma at the end of an object", '{"a":1,}', "syntax", 1, 8, ""],
  ["a missing comma", '{"a":{"b":1 "c":2}}', "syntax", 1, 13, "/a"],
  ["a missing colon", '{"a" 1}', "syntax", 1, 6, "/a"],
  ["the wrong bracket", "[1}", "syntax", 1, 3, ""],
  ["a comment", '{"a":1 // one\n}', "syntax", 1, 8, ""],
  ["single quotes", "{'a':1}", "syntax", 1, 2, ""],
  ["a raw line feed in a string", '["a\nb"]', "syntax", 1, 4, "/0"],
  ["a string without end", '["abc', "syntax", 1, 6, "/0"],
  ["an unknown escape", '["\\x41"]', "syntax", 1, 3, "/0"],
  ["an escape cut short", '["\\u12"]', "syntax", 1, 3, "/0"],
  ["a leading zero", "[01]", "syntax", 1, 2, "/0"],
  ["a plus sign", "[+1]", "syntax", 1, 2, "/0"],
  ["a dot without digits", "[1.]", "syntax", 1, 2, "/0"],
  ["an exponent without digits", "[1e+]", "syntax", 1, 2, "/0"],
  ["a minus alone", "-", "syntax", 1, 1, ""],
  ["a word cut short", "[tru]", "syntax", 1, 2, "/0"],
  ["a non-breaking space", "\u00a0{}", "syntax", 1, 1, ""],
  ["NUL", "\u0000", "syntax", 1, 1, ""],
])("refuses %s", ([, text, reason, line, column, pointer]) => {
  expect(() => parseStrictJson(text)).toThrow(
    expect.objectContaining({
      code: "HASH_JSON_INVALID",
      details: { reason, line, column, pointer },
    }),
  );
});

test.for<[string, Uint8Array, number, number]>([
  ["a stray byte", Uint8Array.of(0x22, 0x0a, 0x61, 0xff, 0x22), 2, 2],
  ["an overlong slash", Uint8Array.of(0x22, 0xc0, 0xaf, 0x22), 1, 2],
  ["a surrogate in UTF-8", Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22), 1, 2],
  ["a character cut off at the end", Uint8Array.of(0x22, 0xe2, 0x82), 1, 2],
  [
    "a wrong byte far in",
    Buffer.concat([Buffer.alloc(200_000, 10), Uint8Array.of(0xfe)]),
    200_001,
    1,
  ],
])("refuses bytes that are not UTF-8: %s", ([, bytes, line, column]) => {
  expect(() => parseStrictJson(bytes)).toThrow(
    expect.objectContaining({ details: { reason: "utf8", line, column, pointer: "" } }),
  );
});

test("a byte order mark in bytes is refused too", () => {
  expect(() => parseStrictJson(Uint8Array.of(0xef, 0xbb, 0xbf, 0x31))).toThrow("byte order mark");
});

test.for<[string, number]>([
  ["9007199254740991", 2 ** 53 - 1],
  ["-9007199254740991", -(2 ** 53) + 1],
  ["9007199254740992", 2 ** 53],
  ["295147905179352830000", 2 ** 68], // The shortest text, which canonical JSON writes.
  ["295147905179352825856", 2 ** 68], // The exact value.
  ["1e22", 1e22],
  ["9.9999999999999992e+22", 1e23], // %.17g of C
  ["0.10000000000000001", 0.1],
  ["3.14159265358979323846264338327950288", Math.PI],
  ["9007199254740993.0", 2 ** 53],
  ["1.7976931348623157e308", Number.MAX_VALUE],
  ["5e-324", Number.MIN_VALUE],
  ["0e-999", 0],
  ["-0.0", -0],
  [`0.${"0".repeat(400)}`, 0],
  [`1.${"0".repeat(400)}1`, 1],
])("reads the number %s", ([text, value]) => {
  expect(parseStrictJson(text)).toBe(value);
});

test("depth is counted in nested arrays and objects", () => {
  expect(parseStrictJson(nested(256))).toBeInstanceOf(Array);
  expect(() => parseStrictJson(nested(257))).toThrow("nested deeper than 256");
  expect(parseStrictJson('{"a":[]}', { depthMax: 2 })).toEqual({ a: [] });
  expect(() => parseStrictJson('{"a":[]}', { depthMax: 1 })).toThrow(
    expect.objectContaining({ details: { reason: "depth", line: 1, column: 6, pointer: "/a" } }),
  );
  expect(() => parseStrictJson("[]", { depthMax: Number.NaN })).toThrow("must be a number");
});

test("nesting costs no stack, wherever the limit is", () => {
  expect(parseStrictJson(nested(1_000_000), { depthMax: Number.POSITIVE_INFINITY })).toHaveLength(
    1,
  );
  expect(() => parseStrictJson("[".repeat(5_000_000))).toThrow("nested deeper");
});

test("the size limit counts bytes", () => {
  expect(parseStrictJson('"é"', { bytesMax: 4 })).toBe("é");
  expect(() => parseStrictJson('"é"', { bytesMax: 3 })).toThrow("larger than 3 bytes");
  expect(() => parseStrictJson(Buffer.from('"é"'), { bytesMax: 3 })).toThrow(
    expect.objectContaining({ details: expect.objectContaining({ reason: "size" }) }),
  );
});

test("keys with meaning to JavaScript are data", () => {
  const value = parseStrictJson('{"constructor":{"prototype":{"polluted":1}},"toString":2}');

  expect(Object.entries(value as object)).toEqual([
    ["constructor", { prototype: { polluted: 1 } }],
    ["toString", 2],
  ]);
  expect("polluted" in {}).toBe(false);
});

test("the same key in different objects is no duplicate", () => {
  expect(parseStrictJson('{"a":{"a":[{"a":1},{"a":1}]},"b":1}')).toEqual({
    a: { a: [{ a: 1 }, { a: 1 }] },
    b: 1,
  });
});

test("an error says no more of a document than it needs", () => {
  const key = `\u001b[31m${"k".repeat(1_000_000)}`;
  const problem = attempt(() =>
    parseStrictJson(JSON.stringify({ [key]: 1 }).replace("}", `,${JSON.stringify(key)}:2}`)),
  );

  expect(String(problem.error).length).toBeLessThan(500);
  expect(String(problem.error)).not.toContain("\u001b");
  expect(JSON.stringify(problem.error).length).toBeLessThan(1500);
});

interface Attempt {
  readonly value?: unknown;
  readonly error?: unknown;
}

function attempt(work: () => unknown): Attempt {
  try {
    return { value: work() };
  } catch (error) {
    return { error };
  }
}

function nested(depth: number): string {
  return "[".repeat(depth) + "]".repeat(depth);
}

test("a key that is there twice is found among few keys and among many", () => {
  for (const count of [1, 2, 11, 12, 13, 14, 40, 1000]) {
    const members = Array.from({ length: count }, (_, index) => `"key ${index}":${index}`);

    expect(parseStrictJson(`{${members.join(",")}}`)).toHaveProperty(`key ${count - 1}`);
    for (const again of new Set([0, count >> 1, count - 1]))
      expect(() => parseStrictJson(`{${[...members, `"key ${again}":0`].join(",")}}`)).toThrow(
        `"key ${again}" is there twice`,
      );
  }
});
