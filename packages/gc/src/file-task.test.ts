import { mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestBytes } from "@reseal/hash";
import { afterAll, expect, test } from "vitest";
import { FileTable, type Tick, workOn } from "./file-task.ts";

const folder = mkdtempSync(join(tmpdir(), "reseal-file-task-"));
afterAll(() => rmSync(folder, { recursive: true }));

const paths = ["small", "empty", "large", "folder", "gone"];
writeFileSync(join(folder, "small"), "small");
writeFileSync(join(folder, "empty"), "");
writeFileSync(join(folder, "large"), Buffer.alloc(200_000, 7));
mkdirSync(join(folder, "folder"));

const { dev, ctimeMs } = statSync(join(folder, "large"));
const ticks: readonly [string, Tick | undefined][] = [
  ["no tick", undefined],
  ["all older than the tick", { dev, timeMs: ctimeMs + 60_000 }],
  ["all newer than the tick", { dev, timeMs: 0 }],
  ["another file system", { dev: dev + 1, timeMs: ctimeMs + 60_000 }],
];

test.each(ticks)("files are read as they are: %s", (_, tick) => {
  const table = new FileTable(paths.length);
  const task = { folder, isRead: true, bufferBytes: 65_536, memory: table.memory, tick };
  const goOn = workOn(task, paths);
  while (goOn());

  const contents = ["small", "", Buffer.alloc(200_000, 7)];
  expect([0, 1, 2].map((index) => table.digest(index))).toEqual(contents.map(digestBytes));
  for (const index of [0, 1, 2]) {
    const { size, mtimeMs, ctimeMs: changedMs, ino } = statSync(join(folder, paths[index] ?? ""));
    expect(table.stamp(index)).toEqual({ size, mtimeMs, ctimeMs: changedMs, ino });
  }
  expect(table.problem(3)).toMatch(/^(no file|unreadable)$/);
  expect(table.problem(4)).toBe("gone");
  expect([3, 4].map((index) => table.digest(index))).toEqual([undefined, undefined]);
  expect(table.done).toEqual({ files: 5, bytes: 195 * 1024 });
});

test("a file with another stat record than the one that is known is read with its own", () => {
  const table = new FileTable(1);
  const { size, mtimeMs, ctimeMs: changedMs, ino } = statSync(join(folder, "small"));
  table.setStamp(0, { size, mtimeMs, ctimeMs: changedMs, ino });
  utimesSync(join(folder, "small"), 1, 1);
  const goOn = workOn({ folder, isRead: true, bufferBytes: 65_536, memory: table.memory }, [
    "small",
  ]);
  while (goOn());

  expect(table.stamp(0).mtimeMs).toBe(1000);
  expect(table.digest(0)).toBe(digestBytes("small"));
});
