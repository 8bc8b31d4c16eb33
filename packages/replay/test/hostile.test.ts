import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { exportBundle, openBundleFolder } from "@reseal/bundle";
import { replayRun } from "@reseal/replay";
import { createMemoryStores } from "@reseal/store";
import { expect, test } from "vitest";
import { openLaboratory } from "./laboratory.ts";
import { bundleOf } from "./memory-bundles.ts";

const node = process.execPath;
const env = { PATH: process.env.PATH };

test("an exported bundle replays in a store that has never seen it", async () => {
  await using laboratory = await openLaboratory();
  await using elsewhere = await openLaboratory();
  laboratory.write("main.js", `require("fs").writeFileSync("o.txt", "same")`);
  const run = await laboratory.record([node, "main.js"]);
  const folder = join(laboratory.workspace, "..", "bundle");
  await exportBundle(await laboratory.open(run), folder);

  const original = await openBundleFolder(folder);
  const { verdict, candidate } = await replayRun(elsewhere.stores, original, {
    env,
    toolVersion: "0.0.0",
  });

  expect(verdict).toBe("reproduced");
  expect(candidate?.keys.artifactId).toBe(run.keys.artifactId);
  const again = candidate && (await elsewhere.replay(candidate));
  expect(again?.verdict).toBe("reproduced");
});

test("the patterns that narrowed the original's outputs narrow the replay's", async () => {
  await using laboratory = await openLaboratory();
  const script = `const fs = require("fs"); fs.mkdirSync("kept");
    fs.writeFileSync("kept/o.txt", "x"); fs.writeFileSync("noise.txt", String(Math.random()));`;
  const original = await bundleOf(laboratory.stores, {
    inputs: { command: [node, "-e", script] },
    files: { "outputs/kept/o.txt": "x" },
    capture: { output_patterns: ["kept", "../../outside"], context_metrics: [] },
  });

  const { verdict, comparison } = await laboratory.replay(original);

  expect(comparison?.files.map(({ path }) => path)).toEqual(["kept/o.txt"]);
  expect(verdict).toBe("reproduced");
});

test("names that lead out of the scratch folder are refused before anything runs", async () => {
  await using laboratory = await openLaboratory();
  const digest = `sha256:${"0".repeat(64)}` as const;
  const original = await bundleOf(laboratory.stores, {
    inputs: { command: ["true"], external: [{ name: "../../../evil", size: 1, digest }] },
  });

  const { verdict, reason } = await laboratory.replay(original);

  expect(verdict).toBe("failed");
  expect(reason).toContain("../../../evil");
  expect(readdirSync(join(laboratory.stores.local, "tmp"))).toEqual([]);
});

test("a file where another needs a folder is refused", async () => {
  await using laboratory = await openLaboratory();
  const mark = join(laboratory.workspace, "mark");
  const original = await bundleOf(laboratory.stores, {
    inputs: { command: ["touch", mark] },
    files: { "code/a": "1", "code/a/b": "2", "outputs/o": "1" },
  });

  const { verdict, report } = await laboratory.replay(original);

  expect(verdict).toBe("failed");
  expect(report.checks).toContainEqual(
    expect.objectContaining({ name: "code/a/b", status: "different" }),
  );
  expect(existsSync(mark)).toBe(false);
});

test("an external input or a working folder where code lies is refused", async () => {
  await using laboratory = await openLaboratory();
  const { digest } = await laboratory.stores.blobs.put(Buffer.from("1"));
  const external = await bundleOf(laboratory.stores, {
    inputs: { command: ["true"], external: [{ name: "a", size: 1, digest }] },
    files: { "code/a": "2" },
  });
  const folder = await bundleOf(laboratory.stores, {
    inputs: { command: ["true"], working_directory: "a/b" },
    files: { "code/a": "2" },
  });

  expect(await laboratory.replay(external)).toMatchObject({ verdict: "failed" });
  expect(await laboratory.replay(folder)).toMatchObject({ verdict: "failed" });
});

test("an external input that the store holds is taken from there", async () => {
  await using laboratory = await openLaboratory();
  const { digest } = await laboratory.stores.blobs.put(Buffer.from("1"));
  const original = await bundleOf(laboratory.stores, {
    inputs: {
      command: [node, "-e", "require('fs').copyFileSync('big/a', 'o')"],
      external: [{ name: "big/a", size: 1, digest }],
    },
    files: { "outputs/o": "1" },
  });

  expect((await laboratory.replay(original)).verdict).toBe("reproduced");
});

test("code that was withheld is named, and the rest runs", async () => {
  await using laboratory = await openLaboratory();
  laboratory.write(".env", `TOKEN=ghp_${"aB3dE6gH9j".repeat(4).slice(0, 36)}\n`);
  laboratory.write("main.js", `require("fs").writeFileSync("o.txt", "x")`);
  const run = await laboratory.record([node, "main.js"]);

  const { verdict, report, replay } = await laboratory.replay(run);

  expect(verdict).toBe("reproduced");
  expect(report.checks).toContainEqual({ name: "code/.env", status: "missing" });
  expect(replay.manifest.context.warnings).toContainEqual({
    code: "REPLAY_CHECK",
    message: "code/.env is missing.",
  });
});

test("code and an input of one name keep apart: code in the folder, the input in {in}", async () => {
  await using laboratory = await openLaboratory();
  const script = `const fs = require("fs");
    fs.writeFileSync("o", fs.readFileSync("x", "utf8") + fs.readFileSync(process.argv[1] + "/x", "utf8"));`;
  const original = await bundleOf(laboratory.stores, {
    inputs: { command: [node, "-e", script, "{in}"] },
    files: { "code/x": "code", "inputs/x": "input", "outputs/o": "codeinput" },
  });

  expect((await laboratory.replay(original)).verdict).toBe("reproduced");
});

test("other artifacts than runs, and runs without a command, are not replayed", async () => {
  await using laboratory = await openLaboratory();
  const calibration = await bundleOf(laboratory.stores, { type: "snapshot" });
  const folder = await bundleOf(laboratory.stores, { inputs: {} });
  const seedless = await bundleOf(laboratory.stores, { inputs: { command: ["true", "{seed}"] } });

  expect((await laboratory.replay(calibration)).reason).toMatch(/snapshot/);
  expect((await laboratory.replay(folder)).reason).toMatch(/no command/);
  expect((await laboratory.replay(seedless)).reason).toMatch(/--seed/);
  expect((await laboratory.replay(seedless, { seed: 1 })).candidate?.exit).toEqual({ code: 0 });
});

test("a seed that is none, a bad tolerance and a read-only store are errors", async () => {
  await using laboratory = await openLaboratory();
  const run = await laboratory.record([node, "-e", "process.exit(1)"]);
  const stores = { ...createMemoryStores(), readOnly: true };
  const request = { env, toolVersion: "0.0.0" };

  await expect(laboratory.replay(run, { seed: "x" })).rejects.toMatchObject({
    code: "RECORD_COMMAND_INVALID",
  });
  await expect(laboratory.replay(run, { tolerance: { absolute: -1 } })).rejects.toMatchObject({
    code: "REPLAY_TOLERANCE_INVALID",
  });
  await expect(replayRun(stores, await laboratory.open(run), request)).rejects.toMatchObject({
    code: "REPLAY_STORE_READ_ONLY",
  });
});

test("a coherence window that has passed, or is not found again, is a check", async () => {
  await using laboratory = await openLaboratory();
  const script = `require("fs").writeFileSync("x.txt", "x")`;
  const original = await bundleOf(laboratory.stores, {
    inputs: { command: [node, "-e", script] },
    files: { "outputs/x.txt": "x" },
    environment: {},
    invariants: [
      { name: "coherence_window", value: 12.5, valid_until: "2001-01-01T00:00:00Z" },
      { name: "wavelength", value: 1550 },
    ],
  });

  const { verdict, report } = await laboratory.replay(original);

  expect(verdict).toBe("reproduced");
  const checks = new Map(report.checks.map(({ name, status }) => [name, status]));
  expect(checks.get("coherence_window")).toBe("different");
  expect(checks.get("wavelength")).toBe("missing");
  expect(checks.get("environment")).toBe("different");
});
