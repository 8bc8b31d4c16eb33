// `npm start`: the tour works, fits a screen at each step, and says so when something fails.
import { execFile } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";

const run = promisify(execFile);
const script = join(dirname(import.meta.dirname), "tools", "tour.mjs");
const screen = 50; // Lines of a terminal on a projector.

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tour-test-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("the tour goes from the first run to the citation, a screen at a time", async () => {
  const { stdout, stderr } = await tour({ RESEAL_STORE: "/nowhere", RESEAL_SEED: "7" });

  const steps = stdout.split(/^─+$/m);
  expect(stderr).toBe("");
  expect(stdout).toContain("reproduced: ");
  expect(stdout).toContain("@misc{reseal-");
  expect(stdout).not.toContain("\u001b");
  expect(steps).toHaveLength(12);
  for (const step of steps) expect(step.split("\n").length).toBeLessThanOrEqual(screen);
});

test("what the tour made stays, so that one can go on in it", async () => {
  await tour({});

  const [made = ""] = readdirSync(folder).filter((name) => name.startsWith("reseal-tour-"));
  expect(readdirSync(join(folder, made)).sort()).toEqual(["bundle", "colleague", "mine"]);
  expect(existsSync(join(folder, made, "bundle", "outputs", "lorenz.svg"))).toBe(true);
});

test("a terminal gets colours when it asks for them", async () => {
  const { stdout } = await tour({ FORCE_COLOR: "1", NO_COLOR: undefined });

  expect(stdout).toContain("\u001b[1m");
});

test("a step that fails stops the tour with 1, and says which it was", async () => {
  const programs = join(folder, "bin");
  mkdirSync(programs);
  writeFileSync(join(programs, "sha256sum"), '#!/bin/sh\n[ "$1" = --version ]\n');
  chmodSync(join(programs, "sha256sum"), 0o755);

  const ended = tour({ PATH: [programs, process.env.PATH].join(delimiter) });

  await expect(ended).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringMatching(
      /The tour stopped\.\n {2}"sha256sum manifest\.json" ended with 1;/,
    ),
  });
});

function tour(environment: NodeJS.ProcessEnv): Promise<{ stdout: string; stderr: string }> {
  const { FORCE_COLOR: _, ...own } = process.env;
  const env = { ...own, NO_COLOR: "1", TMPDIR: folder, ...environment };
  return run(process.execPath, [script], { cwd: folder, env });
}
