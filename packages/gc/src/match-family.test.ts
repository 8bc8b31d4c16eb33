import { expect, test } from "vitest";
import { familyMatcher } from "./match-family.ts";

const familyOf = familyMatcher([
  { name: "odd", patterns: ["odd/[a]*.txt"] },
  { name: "all", patterns: ["**/*.txt"] },
]);

test.each([
  ["odd/ab.txt", "odd"],
  ["odd/[a]*.txt", "odd"], // A path fits the glob that is written as it is.
  ["odd/[b].txt", "all"],
  ["odd/ab.csv", undefined],
] as const)("the family of %s is %s", (path, family) => {
  expect(familyOf(path)).toBe(family);
});
