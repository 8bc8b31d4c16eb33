import { expect, test } from "vitest";
import { importNameProblems } from "./import-names.ts";

test("ordinary names have no problem", () => {
  const paths = [
    "manifest.json",
    "outputs/a.csv",
    "outputs/b/a.csv",
    "outputs/console/nullable.txt",
    "outputs/com10.log",
    "outputs/.gitignore",
    "__proto__",
    "constructor/toString",
    "שלום/日本語.txt",
  ];

  expect(importNameProblems(paths)).toEqual([]);
});

test.for([
  ["../evil", "has a `..` segment"],
  ["NUL", "has a reserved device name"],
  ["a/nul.txt", "has a reserved device name"],
  ["con .log/x", "has a reserved device name"],
  ["Com1.tar.gz", "has a reserved device name"],
  ["LPT¹", "has a reserved device name"],
  ["CONIN$", "has a reserved device name"],
  ["a./b", "has a segment ending in dot or space"],
  ["run.json ", "has a segment ending in dot or space"],
  ["C:/evil.txt", "has a colon"],
  ["run.json:stream", "has a colon"],
  ["invoice\u202efdp.exe", "has a character that overrides text direction"],
] as const)("%j %s", ([path, problem]) => {
  expect(importNameProblems(["ok", path])).toEqual([{ path, problem }]);
});

test.for<[string, string[], string]>([
  ["the same path", ["a/b", "a/b"], "is there twice"],
  ["case", ["a/README", "a/readme"], 'differs only by case or Unicode form from "a/README"'],
  ["case of a folder", ["Dir/x", "dir/y"], 'differs only by case or Unicode form from "Dir/x"'],
  ["sharp s", ["straße", "STRASSE"], 'differs only by case or Unicode form from "straße"'],
  ["final sigma", ["ς", "Σ"], 'differs only by case or Unicode form from "ς"'],
  ["a file and then its folder", ["a", "a/b"], 'needs a folder where "a" is a file'],
  ["a folder and then its file", ["a/b", "a"], 'is a file and also a folder of "a/b"'],
  ["in another case", ["A/b", "a"], 'differs only by case or Unicode form from "A/b"'],
])("the later of two colliding paths is named: %s", ([, paths, problem]) => {
  expect(importNameProblems(paths)).toEqual([{ path: paths[1], problem }]);
});

test("128 segments are the most, in many names as in one", () => {
  const deep = Array.from({ length: 5000 }, (_, index) => `${"d/".repeat(127)}${index}`);

  expect(importNameProblems(deep)).toEqual([]);
  expect(importNameProblems([`${"d/".repeat(128)}x`])).toMatchObject([
    { problem: "is more than 128 folders deep" },
  ]);
});
