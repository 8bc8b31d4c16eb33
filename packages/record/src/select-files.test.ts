import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeTree } from "../test/temporary-tree.ts";
import { outputMatcher, relativeInside, selectFiles } from "./select-files.ts";

const workspaceFiles = {
  "data/a.csv": "",
  "data/b.csv": "",
  "data/deep/c.csv": "",
  "data/[odd].csv": "",
  "sub/x.txt": "",
};

function select(patterns: readonly string[], cwd = ""): string[] {
  const workspace = makeTree(workspaceFiles);
  return selectFiles(patterns, { workspace, cwd: join(workspace, cwd) }).map(({ path }) => path);
}

test.for([
  ["a file", ["data/a.csv"], ["data/a.csv"]],
  ["a folder", ["data"], ["data/[odd].csv", "data/a.csv", "data/b.csv", "data/deep/c.csv"]],
  ["a folder with a slash", ["data/deep/"], ["data/deep/c.csv"]],
  ["a glob", ["data/*.csv"], ["data/[odd].csv", "data/a.csv", "data/b.csv"]],
  ["a deep glob", ["**/c.csv"], ["data/deep/c.csv"]],
  ["a glob with braces", ["data/{a,b}.csv"], ["data/a.csv", "data/b.csv"]],
  ["a name that looks like a glob", ["data/[odd].csv"], ["data/[odd].csv"]],
  ["the same file twice", ["data/a.csv", "data/a*"], ["data/a.csv"]],
  ["the folder we are in", ["."], Object.keys(workspaceFiles).sort()],
] as const)("takes %s", ([, patterns, expected]) => {
  expect(select(patterns)).toEqual(expected);
});

test("patterns start from the current folder, names from the workspace", () => {
  expect(select(["../data/a.csv", "x.txt"], "sub")).toEqual(["data/a.csv", "sub/x.txt"]);
});

test("files from outside are called by their names below the folder that was named", () => {
  const workspace = makeTree();
  const outside = makeTree({ "set/one/a.csv": "", "set/b.csv": "", "lone.csv": "" });
  const names = (pattern: string): string[] =>
    selectFiles([pattern], { workspace, cwd: workspace }).map(({ path }) => path);

  expect(names(join(outside, "set"))).toEqual(["set/b.csv", "set/one/a.csv"]);
  expect(names(join(outside, "set", "**", "*.csv"))).toEqual(["b.csv", "one/a.csv"]);
  expect(names(join(outside, "lone.csv"))).toEqual(["lone.csv"]);
});

test("a link that is named itself is followed; links below a folder only inside of it", () => {
  const outside = makeTree({ "big.bin": "" });
  const workspace = makeTree({ "data/a.csv": "" });
  symlinkSync(join(outside, "big.bin"), join(workspace, "data", "far"));
  symlinkSync("a.csv", join(workspace, "data", "near"));
  const skipped: string[] = [];
  const select = (pattern: string): string[] =>
    selectFiles([pattern], { workspace, cwd: workspace }, (path) => skipped.push(path)).map(
      ({ path }) => path,
    );

  expect(select("data/far")).toEqual(["data/far"]);
  expect(skipped).toEqual([]);

  expect(select("data")).toEqual(["data/a.csv", "data/near"]);
  expect(skipped).toEqual(["data/far"]);
});

test.for([
  ["nothing.csv", "RECORD_INPUT_NOT_FOUND"],
  ["data/*.parquet", "RECORD_INPUT_NOT_FOUND"],
  ["nowhere/*", "RECORD_INPUT_NOT_FOUND"],
  ["", "RECORD_INPUT_NOT_FOUND"],
] as const)("%j matches nothing and is refused", ([pattern, code]) => {
  const workspace = makeTree({ "data/a.csv": "" });
  const attempt = (): unknown =>
    selectFiles([pattern], { workspace, cwd: join(workspace, "data") });

  expect(attempt).toThrow(expect.objectContaining({ code }));
});

test("a name that cannot be written everywhere is refused", () => {
  const workspace = makeTree({ "data/new\nline": "" });

  expect(() => selectFiles(["data"], { workspace, cwd: workspace })).toThrow(
    expect.objectContaining({ code: "RECORD_INPUT_INVALID" }),
  );
});

test("two files of one name, or a file where a folder is needed, are refused", () => {
  const workspace = makeTree({ "a.csv": "1" });
  const one = makeTree({ "a.csv": "2", "set/a.csv": "3" });
  const two = makeTree({ set: "4" });
  const select = (...patterns: string[]): unknown =>
    selectFiles(patterns, { workspace, cwd: workspace });

  expect(() => select("a.csv", join(one, "a.csv"))).toThrow(/would both be called a\.csv/);
  expect(() => select(join(one, "set"), join(two, "set"))).toThrow(/needs a folder where/);
});

test.for([
  ["out", "", ["out", "out/a", "out/b/c"], ["outer", "x/out"]],
  ["out/", "", ["out/a"], ["outer/a"]],
  ["*.csv", "", ["a.csv", ".b.csv"], ["d/a.csv", "a.txt"]],
  ["**/*.csv", "", ["a.csv", "d/e/a.csv"], ["a.txt"]],
  ["results/*.csv", "sub", ["sub/results/a.csv"], ["results/a.csv"]],
  [".", "", ["a", "b/c"], []],
  [".", "sub", ["sub/a"], ["a"]],
  ["../top.csv", "sub", ["top.csv"], ["sub/top.csv"]],
  ["a{1,2}.csv", "", ["a1.csv", "a2.csv"], ["a3.csv"]],
] as const)("--out %j in %j", ([pattern, cwd, inside, outside]) => {
  const workspace = makeTree({ "sub/x": "" });
  const matches = outputMatcher([pattern], { workspace, cwd: join(workspace, cwd) });

  expect(inside.filter((path) => !matches(path))).toEqual([]);
  expect(outside.filter((path) => matches(path))).toEqual([]);
});

test("--out cannot lie outside of the workspace", () => {
  const workspace = makeTree();

  for (const pattern of ["/elsewhere/out", "../out", "../*.csv"])
    expect(() => outputMatcher([pattern], { workspace, cwd: workspace })).toThrow(
      expect.objectContaining({ code: "RECORD_INPUT_INVALID" }),
    );
});

test.for([
  ["/a", "/a/b/c", "b/c"],
  ["/a", "/a", undefined],
  ["/a", "/ab", undefined],
  ["/a/b", "/a", undefined],
  ["/a", "/a/..b", "..b"],
  ["/", "/a", "a"],
] as const)("below %j, %j is %j", ([folder, full, expected]) => {
  expect(relativeInside(folder, full)).toBe(expected);
});
