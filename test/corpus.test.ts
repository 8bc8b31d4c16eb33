// The experiments of examples/corpus get the verdicts that they must get, through the built program;
// and what is promised of single cases holds.
import { execFile } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lastLine, main, Sandbox } from "../apps/cli/test/sandbox.ts";

const corpus = join(import.meta.dirname, "..", "examples", "corpus");
const ends: (() => void)[] = [];
const sandbox = new Sandbox((end) => ends.push(end));
afterAll(() => {
  for (const end of ends) end();
});

interface Row {
  readonly name: string;
  readonly verdict: string;
  readonly why?: string;
  readonly problems: readonly string[];
}

let rows: readonly Row[];
beforeAll(async () => {
  const run = promisify(execFile);
  const answer = await run(process.execPath, [join(corpus, "run.mjs"), "--json"]).catch(
    (error: { stdout: string; stderr: string }) => error,
  );
  rows = JSON.parse(answer.stdout) as Row[];
}, 300_000);

test("every experiment of the corpus gets its verdict", () => {
  expect(rows.filter(({ problems }) => problems.length > 0)).toEqual([]);
  const folders = readdirSync(corpus, { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  expect(rows.map(({ name }) => name)).toEqual(folders.map(({ name }) => name).sort());
  expect(rows.length).toBeGreaterThanOrEqual(20);
});

test.for([
  ["a Python experiment without numpy", "python-standard-library", "reproduced", ""],
  [
    "a changed package version file",
    "package-version",
    "diverged (explained)",
    "gain 1.0.0 -> 2.0.0",
  ],
  ["an output that depends on the time", "clock-node", "diverged (unexplained)", "result.json"],
  ["one unit in the last place under ulp=4", "one-ulp-tolerated", "within tolerance", ""],
  ["one unit in the last place, exactly", "one-ulp-exact", "diverged (unexplained)", "sum.json"],
] as const)("%s (%s) is %s and names %j", ([, name, verdict, named]) => {
  const row = rows.find((one) => one.name === name);

  if (row?.verdict.startsWith("skipped")) return; // A machine without Python.
  expect(row).toMatchObject({ verdict, problems: [] });
  expect(JSON.stringify(row)).toContain(named);
});

test("on a machine with another processor the drift is told, and explains a difference", async () => {
  const cwd = sandbox.folder("drift");
  const cpuInfo = sandbox.path("cpuinfo");
  writeFileSync(cpuInfo, "model name\t: Imaginary Processor 9000\nflags\t\t: fpu sse2\n");
  const preload = sandbox.path("other-processor.mjs");
  writeFileSync(preload, otherProcessor(cpuInfo));
  const noise = `require("fs").writeFileSync("x.txt", String(process.hrtime.bigint()))`;
  for (const code of [noise, `require("fs").writeFileSync("y.txt", "1")`])
    await sandbox.data(["run", "--", "node", "-e", code], { cwd });
  const ids = (await sandbox.reseal(["ls", "--ids"], { cwd })).stdout.trim().split("\n");
  const there = async (id: string | undefined) => {
    const args = ["--import", preload, main, "replay", id ?? "", "--json"];
    const { stdout, status } = await sandbox.run(process.execPath, args, { cwd });
    return { status, data: lastLine(stdout).data as Record<string, unknown> };
  };

  const [steady, noisy] = [await there(ids[0]), await there(ids[1])];

  const drift = {
    name: "processor",
    aspect: "hardware",
    status: "different",
    message: expect.stringMatching(/^processor .+ -> Imaginary Processor 9000\.$/),
  };
  expect(steady.data).toMatchObject({ verdict: "reproduced" });
  expect(steady.data.checks).toContainEqual(expect.objectContaining(drift));
  expect(noisy).toMatchObject({
    status: 1,
    data: {
      verdict: "diverged",
      comparison: { explained: "explained", keys: { env_key: { equal: false } } },
      explanation: { first_difference: { path: "x.txt" } },
    },
  });
  expect(JSON.stringify(noisy.data.explanation)).toContain("Imaginary Processor 9000");
});

/** A module that makes this process see another processor, wherever it looks for one. */
function otherProcessor(cpuInfo: string): string {
  return `import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import os from "node:os";
const open = fs.openSync;
fs.openSync = (path, ...rest) =>
  open(path === "/proc/cpuinfo" ? ${JSON.stringify(cpuInfo)} : path, ...rest);
const cpus = os.cpus;
os.cpus = () => cpus().map((cpu) => ({ ...cpu, model: "Imaginary Processor 9000" }));
syncBuiltinESMExports();
`;
}
