import { readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { digestBytes } from "@reseal/hash";
import { expect, test } from "vitest";
import { makeTree } from "../test/temporary-tree.ts";
import { nextTick } from "./fs-tick.ts";
import { StatCache } from "./stat-cache.ts";

const known = { digest: digestBytes("one"), kind: "text" as const };

/** Write a file, let the clock tick, remember the file, and open the saved cache again. */
async function remembered(root: string, scanKey = "key"): Promise<StatCache> {
  const file = join(root, "file");
  writeFileSync(file, "one");
  const cache = StatCache.open(join(root, "cache", "stat.json"), scanKey);
  cache.set("file", statSync(file), known, await nextTick(root, "x"));
  cache.save();
  return StatCache.open(join(root, "cache", "stat.json"), "key");
}

test("a file that did not change is known", async () => {
  const root = makeTree();

  const cache = await remembered(root);

  expect(cache.get("file", statSync(join(root, "file")))).toEqual(known);
  expect(cache.get("other", statSync(join(root, "file")))).toBeUndefined();
});

test.for([
  ["content of the same length", (file: string) => writeFileSync(file, "two")],
  ["another length", (file: string) => writeFileSync(file, "four")],
  [
    "content whose modification time was put back",
    (file: string) => {
      const { atime, mtime } = statSync(file);
      writeFileSync(file, "two");
      utimesSync(file, atime, mtime);
    },
  ],
] as const)("a file with %s is not known", async ([, change]) => {
  const root = makeTree();
  const cache = await remembered(root);
  await nextTick(root, "x");

  change(join(root, "file"));

  expect(cache.get("file", statSync(join(root, "file")))).toBeUndefined();
});

test("a change in the tick in which the file was read cannot fool it", async () => {
  const root = makeTree();
  const file = join(root, "file");
  await nextTick(root, "x");
  writeFileSync(file, "one");
  const stats = statSync(file);
  const cache = StatCache.open(join(root, "stat.json"), "key");

  // The clock has not ticked since: a change now could leave the same times.
  cache.set("file", stats, known, Math.max(stats.ctimeMs, stats.mtimeMs));
  cache.save();

  expect(StatCache.open(join(root, "stat.json"), "key").get("file", stats)).toBeUndefined();
});

test("a file with a time in the future is read each time", async () => {
  const root = makeTree({ file: "one" });
  utimesSync(join(root, "file"), new Date(), new Date(Date.now() + 3_600_000));
  const stats = statSync(join(root, "file"));
  const cache = StatCache.open(join(root, "stat.json"), "key");

  cache.set("file", stats, known, await nextTick(root, "x"));
  cache.save();

  expect(StatCache.open(join(root, "stat.json"), "key").get("file", stats)).toBeUndefined();
});

test("other secrets or rules empty the cache", async () => {
  const root = makeTree();

  const cache = await remembered(root, "other key");

  expect(cache.get("file", statSync(join(root, "file")))).toBeUndefined();
});

test.for([
  "",
  "{",
  "null",
  '{"format":"reseal-stat-cache/3","scan_key":"key"}',
  '{"format":"reseal-stat-cache/3","scan_key":"key","columns":{"path":["file"]}}',
  "[1]",
])("a damaged cache, %j, is an empty one", (text) => {
  const root = makeTree({ "stat.json": text, file: "one" });

  const cache = StatCache.open(join(root, "stat.json"), "key");

  expect(cache.get("file", statSync(join(root, "file")))).toBeUndefined();
});

test("rows of files that are gone are dropped, and nothing is written without a change", async () => {
  const root = makeTree();
  const file = join(root, "cache", "stat.json");
  const cache = await remembered(root);
  cache.get("file", statSync(join(root, "file")));
  const before = statSync(file).ino;

  cache.save();
  expect(statSync(file).ino).toBe(before);

  StatCache.open(file, "key").save();
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ columns: { path: [] } });
});

test("a cache that cannot be written is no error", () => {
  const root = makeTree({ file: "one", cache: "a file where a folder is needed" });
  const cache = StatCache.open(join(root, "cache", "stat.json"), "key");
  cache.set("file", statSync(join(root, "file")), known, Number.POSITIVE_INFINITY);

  expect(() => cache.save()).not.toThrow();
});
