import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { canonicalJson } from "./canonical-json.ts";
import { parseStrictJson } from "./strict-json.ts";

const vectors = new URL("../vectors/jcs/", import.meta.url);

test.for(readdirSync(new URL("input/", vectors)))("the working group's %s", (name) => {
  const hex = readFileSync(new URL(`outhex/${name.replace(".json", ".txt")}`, vectors), "utf8");
  const output = readFileSync(new URL(`output/${name}`, vectors), "utf8");

  const text = canonicalJson(parseStrictJson(readFileSync(new URL(`input/${name}`, vectors))));

  expect(text).toBe(output);
  expect(Buffer.from(text).toString("hex")).toBe(hex.replaceAll(/\s/g, ""));
});

const numbers = readFileSync(new URL("rfc8785-appendix-b-numbers.tsv", vectors), "utf8");

test.for(numbers.trim().split("\n"))("RFC 8785 Appendix B: %s", (line) => {
  const [bits = "", text = ""] = line.split("\t");
  const value = doubleOf(bits);

  if (text === "ERROR") {
    expect(() => canonicalJson(value)).toThrow(
      expect.objectContaining({ code: "HASH_NOT_CANONICAL" }),
    );
  } else {
    expect(canonicalJson(value)).toBe(text);
    expect(parseStrictJson(text)).toBe(value === 0 ? 0 : value);
  }
});

// The digests of the sequence's first lines are published with the vectors.
test("100,000 numbers of the ES6 sequence print as published", () => {
  const hash = createHash("sha256");
  const digests: string[] = [];
  let count = 0;
  for (const value of es6Numbers()) {
    hash.update(`${bitsOf(value)},${canonicalJson(value)}\n`);
    count++;
    if ([1_000, 10_000, 100_000].includes(count)) digests.push(hash.copy().digest("hex"));
    if (count === 100_000) break;
  }

  expect(digests).toEqual([
    "be18b62b6f69cdab33a7e0dae0d9cfa869fda80ddc712221570f9f40a5878687",
    "b9f7a8e75ef22a835685a52ccba7f7d6bdc99e34b010992cbc5864cd12be6892",
    "22776e6d4b49fa294a0d0f349268e5c28808fe7e0cb2bcbe28f63894e494d4c7",
  ]);
});

function* es6Numbers(): Generator<number> {
  const fixed = readFileSync(new URL("es6-static-numbers.txt", vectors), "utf8");
  for (const bits of fixed.trim().split("\n")) yield doubleOf(bits);
  for (let index = 0n; index < 2000n; index++) yield doubleOf((2n ** 52n + index).toString(16));
  let block = Buffer.alloc(32);
  for (;;) {
    block = createHash("sha256").update(block).digest();
    for (let offset = 0; offset < 32; offset += 8) {
      const value = block.readDoubleLE(offset);
      if (value !== 0 && Number.isFinite(value)) yield value;
    }
  }
}

function doubleOf(bits: string): number {
  return Buffer.from(bits.padStart(16, "0"), "hex").readDoubleBE();
}

function bitsOf(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.readBigUInt64BE().toString(16);
}
