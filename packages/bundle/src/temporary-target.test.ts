import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFor } from "./temporary-target.ts";

const mark = "0123456789ab";

test("what a killed export left goes with the next; what others write stays", () => {
  const folder = mkdtempSync(join(tmpdir(), "reseal-target-"));
  try {
    const target = join(folder, "bundle");
    const { pid: dead } = spawnSync(process.execPath, ["-e", ""]);
    const [place] = /[0-9a-f]{8}(?=\.tmp$)/.exec(temporaryFor(target, mark)) ?? [];
    mkdirSync(`${target}.${mark}.${dead}-${place}.tmp`);
    const others = [
      `bundle.zip.${mark}.${dead}-${place}.tmp`, // Of another target.
      `bundle.${mark}.${process.ppid}-${place}.tmp`, // Of a living process.
      `bundle.${mark}.${dead}-00000000.tmp`, // Of another host or container: alive, for all we know.
      "bundle.tmp",
    ];
    for (const name of others) writeFileSync(join(folder, name), "");

    const temporary = temporaryFor(target, mark);

    expect(temporary).toBe(`${target}.${mark}.${process.pid}-${place}.tmp`);
    expect(readdirSync(folder).sort()).toEqual(others.sort());
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a folder that is not there has nothing to be removed", () => {
  expect(temporaryFor("/no such folder/bundle", mark)).toContain("/no such folder/bundle.");
});
