import fc from "fast-check";
import { expect, test } from "vitest";
import { portablePathProblem } from "./portable-path.ts";

test.for([
  "a",
  "a/b/c.txt",
  ".hidden/..two/three...",
  "with space/and 'quotes' & *stars*",
  "-/a",
  "--flag",
  "\u00e9/日本語/\u{1f600}",
  "C:/x",
  "a".repeat(255),
  `${"a".repeat(255)}/`.repeat(15) + "a".repeat(255),
  "é".repeat(127),
])("%j is portable", (path) => {
  expect(portablePathProblem(path)).toBeUndefined();
});

test.for([
  ["", "is empty"],
  ["-", "is what sha256sum calls standard input"],
  ["/etc/passwd", "is absolute"],
  ["/", "is absolute"],
  ["a/", "ends with a slash"],
  ["a//b", "has an empty segment"],
  [".", "has a `.` segment"],
  ["a/./b", "has a `.` segment"],
  ["..", "has a `..` segment"],
  ["a/../b", "has a `..` segment"],
  ["a/..", "has a `..` segment"],
  ["..\\evil", "has a backslash"],
  ["a\nb", "has a control character"],
  ["a\u0000", "has a control character"],
  ["a\u007f", "has a control character"],
  ["a\u0085b", "has a control character"],
  ["e\u0301", "is not in Unicode normal form C"],
  ["\u212b", "is not in Unicode normal form C"],
  ["a\ud800b", "has a lone surrogate"],
  [`x/${"a".repeat(256)}`, "has a segment longer than 255 bytes"],
  ["é".repeat(128), "has a segment longer than 255 bytes"],
  [`${"a/".repeat(2048)}a`, "is longer than 4096 bytes"],
  [`${"日/".repeat(1025)}a`, "is longer than 4096 bytes"],
] as const)("%j is not: it %s", ([path, problem]) => {
  expect(portablePathProblem(path)).toBe(problem);
});

test("a portable path names one place below the root, in one spelling", () => {
  const awkward = fc.string({
    unit: fc.constantFrom(".", "/", "\\", "a", "é", "\u0301", "-", "\n", ":"),
  });
  fc.assert(
    fc.property(awkward, (path) => {
      if (portablePathProblem(path) !== undefined) return;
      const resolved = new URL(encodeURI(path).replaceAll(":", "%3A"), "file:///root/").pathname;

      expect(decodeURIComponent(resolved)).toBe(`/root/${path}`);
      expect(path.normalize("NFC")).toBe(path);
      expect(Buffer.from(path).toString()).toBe(path);
    }),
    { numRuns: 5000 },
  );
});
