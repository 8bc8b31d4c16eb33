import { lstatSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeTree } from "../test/temporary-tree.ts";
import { nextTick, timeNow } from "./fs-tick.ts";

test("what changed before a tick is earlier, what changes after it is not", async () => {
  const root = makeTree();
  for (let round = 0; round < 20; round++) {
    const file = join(root, `${round}`);
    writeFileSync(file, "before");
    const before = lstatSync(file).ctimeMs;

    const tick = await nextTick(root, "x");
    writeFileSync(file, "after");

    expect(before).toBeLessThan(tick);
    expect(lstatSync(file).ctimeMs).toBeGreaterThanOrEqual(tick);
  }
});

test("the time now is not later than what happens next", () => {
  const root = makeTree();

  const now = timeNow(root, "x");
  writeFileSync(join(root, "file"), "");

  expect(lstatSync(join(root, "file")).ctimeMs).toBeGreaterThanOrEqual(now);
});

test("no probe stays behind", async () => {
  const root = makeTree();

  await nextTick(root, "x");
  timeNow(root, "x");

  expect(readdirSync(root)).toEqual([]);
});
