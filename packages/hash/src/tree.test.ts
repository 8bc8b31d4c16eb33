import fc from "fast-check";
import { expect, test } from "vitest";
import { digestBytes } from "./digester.ts";
import { portablePathProblem } from "./portable-path.ts";
import { formatTree, parseTree, type TreeEntry, treeDigest } from "./tree.ts";

const hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const digest = `sha256:${hex}` as const;

const path = fc
  .array(fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((segments) => segments.join("/").normalize("NFC"))
  .filter((text) => portablePathProblem(text) === undefined);
const entries = fc.uniqueArray(fc.record({ path, digest: fc.string().map(digestBytes) }), {
  selector: (entry) => entry.path,
});

test("the order of the entries does not matter, and the text reads back as them", () => {
  fc.assert(
    fc.property(entries, (files) => {
      const text = formatTree(files);

      const read = parseTree(text);

      expect(formatTree(files.toReversed())).toBe(text);
      expect(formatTree(read)).toBe(text);
      expect(parseTree(Buffer.from(text))).toEqual(read);
      expect(new Map(read.map((e) => [e.path, e.digest]))).toEqual(
        new Map(files.map((e) => [e.path, e.digest])),
      );
      expect(read.map((e) => Buffer.from(e.path))).toEqual(
        files.map((e) => Buffer.from(e.path)).sort(Buffer.compare),
      );
      expect(treeDigest(files)).toBe(digestBytes(text));
    }),
  );
});

test("a tree is what sha256sum prints", () => {
  expect(formatTree([entry("b"), entry("a/c"), entry("a-c")])).toBe(
    `${hex}  a-c\n${hex}  a/c\n${hex}  b\n`,
  );
});

test("no files are the empty text", () => {
  expect(formatTree([])).toBe("");
  expect(parseTree("")).toEqual([]);
  expect(parseTree(new Uint8Array())).toEqual([]);
  expect(treeDigest([])).toBe(digestBytes(""));
});

test("entries that no tree can hold are refused", () => {
  for (const bad of ["../a", "/a", "a\nb", "a\\b", "e\u0301", "", "-"]) {
    expect(() => formatTree([entry(bad)])).toThrow(
      expect.objectContaining({ code: "HASH_TREE_INVALID", exitCode: 4 }),
    );
  }
  expect(() => formatTree([entry("a"), entry("b"), entry("a")])).toThrow('"a" is there twice');
  expect(() => formatTree([{ path: "a", digest: "sha256:x" }])).toThrow(
    expect.objectContaining({ code: "HASH_DIGEST_INVALID" }),
  );
});

test.for<[string, string, string, number]>([
  ["no line feed at the end", `${hex}  a\n${hex}  b`, "does not end with a line feed", 2],
  ["another order", `${hex}  b\n${hex}  a\n`, 'must come before "b"', 2],
  ["a path twice", `${hex}  a\n${hex}  a\n`, "is there twice", 2],
  ["upper-case digits", `${hex.toUpperCase()}  a\n`, "is not `<64 hex>  <path>`", 1],
  ["one space", `${hex} a\n`, "is not `<64 hex>  <path>`", 1],
  ["the binary mark", `${hex} *a\n`, "is not `<64 hex>  <path>`", 1],
  ["an escaped line", `\\${hex}  a\\nb\n`, "is not `<64 hex>  <path>`", 1],
  ["a short digest", `${hex.slice(1)}  a\n`, "is not `<64 hex>  <path>`", 1],
  ["no path", `${hex}  \n`, "is empty", 1],
  ["an empty line", `${hex}  a\n\n`, "is not `<64 hex>  <path>`", 2],
  ["a carriage return", `${hex}  a\r\n`, "has a control character", 1],
  ["a byte order mark", `\ufeff${hex}  a\n`, "is not `<64 hex>  <path>`", 1],
  ["a path that leaves", `${hex}  a/../../b\n`, "has a `..` segment", 1],
  ["a lone surrogate", `${hex}  \ud800\n`, "has a lone surrogate", 1],
])("refuses a text with %s", ([, text, problem, line]) => {
  expect(() => parseTree(text)).toThrow(
    expect.objectContaining({ code: "HASH_TREE_INVALID", details: { problem, line } }),
  );
});

test("refuses bytes that are not UTF-8, and says in which line", () => {
  const bytes = Buffer.concat([Buffer.from(`${hex}  a\n${hex}  b`), Uint8Array.of(0xff, 0x0a)]);

  expect(() => parseTree(bytes)).toThrow("Line 2 of a tree is not UTF-8.");
});

test("a path that sorts differently in JavaScript sorts as UTF-8", () => {
  const text = formatTree([entry("\u{10000}"), entry("\uffee")]);

  expect(parseTree(text).map((e) => e.path)).toEqual(["\uffee", "\u{10000}"]);
});

function entry(name: string): TreeEntry {
  return { path: name, digest };
}
