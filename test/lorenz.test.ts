// The shipped experiment must give the same bytes on every machine, Node and day.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";

const run = promisify(execFile);
const examples = join(dirname(import.meta.dirname), "examples");
const golden = {
  "butterfly.csv": "6c8cae7ce8250082bc5ab6bd359183087d1cd8d97cdade2bc9cb044c42c8efee",
  "growth.csv": "dfdb8cb418d16d255d009d6e77c234625f1b7e33828f1f067dfd40c154c05691",
  "lorenz.svg": "f3581ff03e82f73c1771cef2d5872783acd04728a3a8890077f349ba3a564b6c",
  "summary.json": "7abaa06c838443ecaefaeede326fe1244d3fa2f5dced86b7f739bde3d095968a",
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "examples-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("the example writes the same bytes everywhere", async () => {
  await lorenz([], { LANG: "de_DE.UTF-8", TZ: "Pacific/Auckland" });

  expect(digests(join(folder, "out"))).toEqual(golden);
  expect(readFileSync(join(folder, "out", "lorenz.svg")).byteLength).toBeLessThan(150_000);
});

test("the seed and the folder of Reseal are used, and flags win over them", async () => {
  await lorenz([], { RESEAL_SEED: "7", RESEAL_OUTPUT_DIR: "results" });
  await lorenz(["--seed=1963", "--out", "again"], {
    RESEAL_SEED: "7",
    RESEAL_OUTPUT_DIR: "results",
  });

  expect(summary("results")).toMatchObject({ seed: 7 });
  expect(digests(join(folder, "results"))["summary.json"]).not.toBe(golden["summary.json"]);
  expect(digests(join(folder, "again"))).toEqual(golden);
});

test("below the onset of chaos errors do not grow", async () => {
  await lorenz(["--rho", "14"], {});

  expect(summary("out")).toMatchObject({ doubling_time: null, predictability_time: null });
});

test("a wrong flag is explained", async () => {
  await expect(lorenz(["--tau", "1"], {})).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining("--sigma --rho"),
  });
});

test.for([
  ["node", ["lorenz/experiment.mjs"]],
  ["python3", ["metrics.py"]],
  ["sh", ["metrics.sh"]],
] as const)("%s talks to Reseal through two files", async ([program, [script]]) => {
  const environment = { RESEAL_RUN_DIR: folder, RESEAL_OUTPUT_DIR: folder, RESEAL_SEED: "100" };

  await run(program, [join(examples, script)], {
    cwd: folder,
    env: { ...process.env, ...environment },
  });

  const metrics = lines("metrics.jsonl");
  expect(metrics.length).toBeGreaterThan(5);
  for (const metric of metrics)
    expect(metric).toMatchObject({ name: expect.any(String), value: expect.any(Number) });
  for (const event of lines("events.jsonl"))
    expect(event).toMatchObject({
      event_type: expect.stringMatching(/^[a-z_]+(\.[a-z_]+)+$/),
      severity: "info",
      attrs: expect.any(Object),
    });
  expect(readdirSync(folder).length).toBeGreaterThan(2);
});

async function lorenz(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> {
  const script = join(examples, "lorenz", "experiment.mjs");
  const env = { PATH: process.env.PATH, ...environment };
  await run(process.execPath, [script, ...args], { cwd: folder, env });
}

function digests(results: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(results).map((name) => [
      name,
      createHash("sha256")
        .update(readFileSync(join(results, name)))
        .digest("hex"),
    ]),
  );
}

function summary(results: string): unknown {
  return JSON.parse(readFileSync(join(folder, results, "summary.json"), "utf8"));
}

function lines(name: string): unknown[] {
  return readFileSync(join(folder, name), "utf8")
    .trimEnd()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
}
