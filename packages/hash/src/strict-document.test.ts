import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "./canonical-json.ts";
import { parseStrictDocument } from "./strict-document.ts";
import { parseStrictJson } from "./strict-json.ts";

const bytesOf = (text: string): Uint8Array => Buffer.from(text);

/** What a reader gives, or the code of its error. */
function outcome(read: () => unknown): unknown {
  try {
    return { value: read() };
  } catch (error) {
    const { code, details } = error as { code?: string; details?: unknown };
    return { code, details };
  }
}

describe("says of canonical JSON that it is", () => {
  test.each([
    '{"a":1,"b":[true,false,null,"",-1.5,1e+21,5e-324,12345678901234567000]}',
    '"\\u0001 \\" é 😀 /"',
    "[]",
    "{}",
    "0",
    `${"[".repeat(256)}${"]".repeat(256)}`,
  ])("%s", (text) => {
    expect(parseStrictDocument(bytesOf(text))).toEqual({
      value: JSON.parse(text),
      isKnownCanonical: true,
    });
  });
});

describe("takes what is strict and written otherwise", () => {
  test.each([
    '{"b":1,"a":2}',
    " 1",
    "1\n",
    "1.0",
    "-0",
    "1E2",
    '"\\u0061"',
    '"\\/"',
    '{"10":1,"9":2}',
  ])("%s", (text) => {
    expect(parseStrictDocument(bytesOf(text))).toEqual({
      value: JSON.parse(text),
      isKnownCanonical: false,
    });
  });
});

describe("refuses what is not strict, with the same words", () => {
  test.each([
    ["a key twice", '{"a":1,"a":1}'],
    ["a key twice, escaped", '{"a":1,"\\u0061":1}'],
    ["__proto__", '{"__proto__":{}}'],
    ["a lone surrogate", '"\\ud800"'],
    ["a lone surrogate as key", '{"\\udc00":1}'],
    ["an integer that is lost", "9007199254740993"],
    ["a number that is infinite", "1e400"],
    ["a number that becomes zero", "1e-400"],
    ["a byte order mark", "\ufeff1"],
    ["nothing", ""],
    ["two values", "1 2"],
    ["depth", `${"[".repeat(257)}${"]".repeat(257)}`],
    ["very many that are open", "[".repeat(300_000)],
    ["many that are open, below the limit", "[".repeat(200_000)],
    ["not a number", "NaN"],
  ])("%s", (_, text) => {
    const bytes = bytesOf(text);
    expect(outcome(() => parseStrictDocument(bytes))).toEqual(
      outcome(() => parseStrictJson(bytes)),
    );
    expect(outcome(() => parseStrictDocument(bytes))).toMatchObject({ code: "HASH_JSON_INVALID" });
  });

  test("bytes that are not UTF-8, and more than are allowed", () => {
    expect(() => parseStrictDocument(Buffer.from([0x22, 0xff, 0x22]))).toThrow("not UTF-8");
    expect(() => parseStrictDocument(bytesOf("[1]"), { bytesMax: 2 })).toThrow(
      "larger than 2 bytes",
    );
  });
});

test("the same value as strictly, and canonical only when it is", () => {
  const text = fc.oneof(
    fc.json(),
    fc.jsonValue().map((value) => canonicalOr(value)),
    fc.string({ unit: "grapheme" }),
    // One character of canonical JSON replaced.
    fc
      .tuple(
        fc.jsonValue().map((value) => canonicalOr(value)),
        fc.nat(),
        fc.string({ maxLength: 2 }),
      )
      .map(([json, at, other]) => {
        const start = at % (json.length + 1);
        return json.slice(0, start) + other + json.slice(start + 1);
      }),
  );
  fc.assert(
    fc.property(text, (json) => {
      const bytes = bytesOf(json);
      const strict = outcome(() => parseStrictJson(bytes));
      const read = outcome(() => parseStrictDocument(bytes).value);
      expect(read).toEqual(strict);
      if (!("value" in (strict as object))) return;
      const { value, isKnownCanonical } = parseStrictDocument(bytes);
      if (isKnownCanonical) expect(bytes).toEqual(Buffer.from(canonicalJson(value)));
    }),
    { numRuns: 500 },
  );
});

function canonicalOr(value: unknown): string {
  try {
    return canonicalJson(value);
  } catch {
    return "null";
  }
}
