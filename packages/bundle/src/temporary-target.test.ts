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
    mkdirSync(`${target}.${mark}.${dead}.tmp`);
    writeFileSync(`${target}.zip.${mark}.${dead}.tmp`, "of another target");
    writeFileSync(`${target}.${mark}.${process.ppid}.tmp`, "of a living process");
    writeFileSync(`${target}.tmp`, "somebody's own");

    const temporary = temporaryFor(target, mark);

    expect(temporary).toBe(`${target}.${mark}.${process.pid}.tmp`);
    expect(readdirSync(folder).sort()).toEqual(
      [`bundle.${mark}.${process.ppid}.tmp`, "bundle.tmp", `bundle.zip.${mark}.${dead}.tmp`].sort(),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a folder that is not there has nothing to be removed", () => {
  expect(temporaryFor("/no such folder/bundle", mark)).toContain("/no such folder/bundle.");
});
