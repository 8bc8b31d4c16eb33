import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { recoverRuns } from "@reseal/record";
import { cleanReplayScratch } from "@reseal/replay";
import { expect, test } from "vitest";
import { openLaboratory } from "./laboratory.ts";

const waiting = `
const { existsSync, writeFileSync } = require("fs");
writeFileSync("first.txt", "written");
if (existsSync(process.env.FLAG)) {
  writeFileSync(process.env.FLAG, String(process.pid));
  setTimeout(() => {}, 60000);
}`;

async function until(isTrue: () => boolean): Promise<void> {
  for (const end = Date.now() + 15_000; !isTrue(); await sleep(20))
    if (Date.now() > end) throw new Error("It never came to that.");
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => child.once("exit", () => resolve()));
}

test("a killed replay leaves a sealed incomplete run and no scratch folder", async () => {
  await using laboratory = await openLaboratory();
  const { stores, workspace } = laboratory;
  const flag = join(workspace, "..", "flag");
  const env = { PATH: process.env.PATH, FLAG: flag };
  laboratory.write("main.js", waiting);
  const run = await laboratory.record([process.execPath, "main.js"], { env });
  writeFileSync(flag, "");
  const script = join(import.meta.dirname, "replay-process.ts");
  const replayer = spawn(process.execPath, [script, stores.location, run.seal], {
    env,
    stdio: "inherit",
  });
  await until(() => readFileSync(flag, "utf8") !== "");
  const temporary = join(stores.local, "tmp");
  await until(() =>
    readdirSync(temporary).some((name) => existsSync(join(temporary, name, "started"))),
  );

  expect(cleanReplayScratch(stores)).toEqual([]); // It lives.
  replayer.kill("SIGKILL");
  await ended(replayer);
  process.kill(Number(readFileSync(flag, "utf8")), "SIGKILL");
  expect(cleanReplayScratch(stores)).toEqual([]); // Its run is not recovered yet.
  const [recovered] = await recoverRuns(stores, env);
  const removed = cleanReplayScratch(stores);

  expect(recovered?.manifest.context).toMatchObject({
    status: "incomplete",
    parents: [{ relationship: "replay_of", seal: run.seal }],
  });
  expect(recovered?.outputs.files.map(({ path }) => path)).toEqual(["first.txt"]);
  expect(removed).toEqual([recovered?.manifest.context.run_id]);
  expect(readdirSync(temporary).filter((name) => /^(run|replay)-/.test(name))).toEqual([]);
});
