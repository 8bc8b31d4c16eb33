import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { entryOf, readJson, verifyBundle } from "@reseal/bundle";
import { parseDigest } from "@reseal/hash";
import { assertValid, type Comparison, type Replay } from "@reseal/schema";
import { expect, test } from "vitest";
import { type Laboratory, openLaboratory } from "./laboratory.ts";

const node = process.execPath;

/** A linear congruential generator: the same numbers on every machine. */
const walkScript = `
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
let state = BigInt(process.argv[2] ?? 1);
const next = () => (state = (state * 1103515245n + 12345n) % 2147483648n);
const scale = Number(readFileSync("data/scale.txt", "utf8"));
const rows = Array.from({ length: 5 }, (_, i) => i + "," + Number(next()) * scale);
mkdirSync("results", { recursive: true });
writeFileSync("results/walk.csv", "step,position\\n" + rows.join("\\n") + "\\n");
`;

function walkLaboratory(laboratory: Laboratory): void {
  laboratory.write("walk.mjs", walkScript);
  laboratory.write("data/scale.txt", "0.5");
}

const walk = [node, "walk.mjs", "{seed}"];

test("test_deterministic_replay_produces_identical_results", async () => {
  await using laboratory = await openLaboratory();
  walkLaboratory(laboratory);
  const run = await laboratory.record(walk, { seed: 42, inputs: ["data"] });

  const { verdict, candidate, comparison, replay, report } = await laboratory.replay(run);

  expect(verdict).toBe("reproduced");
  expect(candidate?.keys.artifactId).toBe(run.keys.artifactId);
  expect(candidate?.seal).not.toBe(run.seal);
  expect(candidate?.manifest.context.parents).toEqual([
    {
      artifact_id: run.keys.artifactId,
      seal: run.seal,
      run_id: run.manifest.context.run_id,
      relationship: "replay_of",
    },
  ]);
  expect(comparison).toMatchObject({
    verdict: "reproduced",
    files: [{ path: "results/walk.csv", status: "equal" }],
    exit: { equal: true },
  });
  expect(comparison?.first_difference).toBeUndefined();
  expect(report.checks.every(({ status }) => status === "ok")).toBe(true);
  expect(replay.manifest.content).toMatchObject({
    type: "replay",
    inputs: { original: run.keys.artifactId, candidate: run.keys.artifactId, seed: 42 },
    results: { verdict: "reproduced" },
  });
});

test("test_replay_with_modified_seed_differs", async () => {
  await using laboratory = await openLaboratory();
  walkLaboratory(laboratory);
  const run = await laboratory.record(walk, { seed: 42, inputs: ["data"] });

  const outcome = await laboratory.replay(run, { seed: 43 });

  expect(outcome.verdict).toBe("diverged");
  expect(outcome.comparison?.explained).toBe("explained");
  expect(outcome.comparison?.keys.input_key.equal).toBe(false);
  expect(outcome.report).toMatchObject({ replay_seed: 43, seed_changed: true });
  expect(outcome.candidate?.manifest.content.inputs).toEqual({
    ...run.manifest.content.inputs,
    seed: 43,
  });
  expect(outcome.candidate?.manifest.context.warnings).toMatchObject([{ code: "SEED_REPLACED" }]);
  expect(outcome.firstDifference).toMatchObject({
    path: "results/walk.csv",
    row: 1,
    column: "position",
  });
});

test("a replay artifact verifies, has valid documents, and two equal replays have one id", async () => {
  await using laboratory = await openLaboratory();
  walkLaboratory(laboratory);
  const run = await laboratory.record(walk, { seed: 7, inputs: ["data"] });

  const first = await laboratory.replay(run);
  const second = await laboratory.replay(run);

  const sealed = await laboratory.open(first.replay);
  const comparison = await assertValid("comparison", await readJson(sealed, "comparison.json"));
  const report = await assertValid("replay", await readJson(sealed, "replay.json"));
  expect((await verifyBundle(sealed)).findings).toEqual([]);
  expect((comparison as Comparison).original).toEqual({ artifact_id: run.keys.artifactId });
  expect((report as Replay).candidate_seal).toBe(first.candidate?.seal);
  expect(second.replay.keys.artifactId).toBe(first.replay.keys.artifactId);
  expect(second.replay.seal).not.toBe(first.replay.seal);
  const parents = first.replay.manifest.context.parents;
  expect(parents.map(({ relationship, seal }) => [relationship, seal])).toEqual([
    ["original", run.seal],
    ["candidate", first.candidate?.seal],
  ]);
});

test("a replay of a replay runs the original again", async () => {
  await using laboratory = await openLaboratory();
  walkLaboratory(laboratory);
  const run = await laboratory.record(walk, { seed: 7, inputs: ["data"] });
  const first = await laboratory.replay(run);

  const second = await laboratory.replay(first.replay);

  expect(second.verdict).toBe("reproduced");
  expect(second.original.seal).toBe(run.seal);
  expect(second.replay.keys.artifactId).toBe(first.replay.keys.artifactId);
});

test("nothing of a replay is left in the store's scratch folder", async () => {
  await using laboratory = await openLaboratory();
  walkLaboratory(laboratory);
  const run = await laboratory.record(walk, { seed: 7, inputs: ["data"] });

  await laboratory.replay(run);
  await laboratory.replay(run, { seed: 8 });

  expect(readdirSync(join(laboratory.stores.local, "tmp"))).toEqual([]);
});

test("a run that reads the clock diverges without an explanation, at a named place", async () => {
  await using laboratory = await openLaboratory();
  const script = `require("fs").writeFileSync("now.json",
    JSON.stringify({ a: 1, time: { ns: String(process.hrtime.bigint()) } }))`;
  const run = await laboratory.record([node, "-e", script]);

  const { verdict, comparison, firstDifference } = await laboratory.replay(run);

  expect(verdict).toBe("diverged");
  expect(comparison?.explained).toBe("unexplained");
  expect(firstDifference).toMatchObject({ path: "now.json", pointer: "/time/ns" });
  expect(firstDifference?.original).not.toBe(firstDifference?.candidate);
});

test("a run that only prints a random number is not comparable", async () => {
  await using laboratory = await openLaboratory();
  const run = await laboratory.record([node, "-e", "console.log(Math.random())"]);

  const { verdict, comparison } = await laboratory.replay(run);

  expect(verdict).toBe("not_comparable");
  expect(comparison?.explained).toBeUndefined();
});

test("standard output is compared when it is a result", async () => {
  await using laboratory = await openLaboratory();
  const stdoutIsResult = true;
  const steady = await laboratory.record([node, "-e", "console.log(1)"], { stdoutIsResult });
  const random = await laboratory.record([node, "-e", "console.log(Math.random())"], {
    stdoutIsResult,
  });

  expect((await laboratory.replay(steady)).verdict).toBe("reproduced");
  expect(await laboratory.replay(random)).toMatchObject({
    verdict: "diverged",
    firstDifference: { path: "logs/stdout.log", line: 1 },
  });
});

test("a run that failed and fails again in the same way is reproduced", async () => {
  await using laboratory = await openLaboratory();
  const run = await laboratory.record([node, "-e", "process.exit(3)"]);

  const { verdict, candidate } = await laboratory.replay(run);

  expect(run.manifest.context.status).toBe("failed");
  expect(verdict).toBe("reproduced");
  expect(candidate?.exit).toEqual({ code: 3 });
});

test("metrics are compared, and those that are circumstances are not", async () => {
  await using laboratory = await openLaboratory();
  const script = `const fs = require("fs");
    const log = (name, value) => fs.appendFileSync(process.env.RESEAL_RUN_DIR + "/metrics.jsonl",
      JSON.stringify({ name, value }) + "\\n");
    log("loss", 0.25); log("elapsed_s", Math.random()); log("noise", Math.random());`;
  const run = await laboratory.record([node, "-e", script], { contextMetrics: ["elapsed*"] });
  const quiet = await laboratory.record([node, "-e", script], {
    contextMetrics: ["elapsed*", "noise"],
  });

  const diverged = await laboratory.replay(run);
  const reproduced = await laboratory.replay(quiet);

  expect(diverged.firstDifference).toMatchObject({ path: "metrics.json", pointer: "/final/noise" });
  expect(diverged.comparison?.metrics.map(({ name, equal }) => [name, equal])).toEqual([
    ["loss", true],
    ["noise", false],
  ]);
  expect(reproduced.verdict).toBe("reproduced");
});

test("numbers within the tolerance are within_tolerance, and the errors are told", async () => {
  await using laboratory = await openLaboratory();
  const script = `require("fs").writeFileSync("x.csv", "t,x\\n0," + (1 + Math.random() * 1e-9) + "\\n")`;
  const run = await laboratory.record([node, "-e", script]);

  const strict = await laboratory.replay(run);
  const tolerant = await laboratory.replay(run, { tolerance: { relative: 1e-6 } });

  expect(strict.verdict).toBe("diverged");
  expect(tolerant.verdict).toBe("within_tolerance");
  expect(tolerant.comparison?.files[0]?.max_relative_error).toBeGreaterThan(0);
  expect(tolerant.comparison?.files[0]?.max_absolute_error).toBeLessThan(1e-8);
});

test("config, folder, variables, external and executable files are as they were", async () => {
  await using laboratory = await openLaboratory();
  const config = laboratory.write("config.json", '{"lr": 0.1}');
  const big = laboratory.write("big.bin", Uint8Array.of(0, 1, 2));
  laboratory.write(
    "sub/run.sh",
    '#!/bin/sh\ncat "$1/sub/in.txt" ../big.bin > "$2/o.bin"; echo $MODE >> "$2/o.bin"\n',
  );
  laboratory.write("sub/in.txt", "hello");
  execFileSync("chmod", ["+x", join(laboratory.workspace, "sub/run.sh")]);
  const { workspace } = laboratory;
  const run = await laboratory.record(["./run.sh", "{in}", "{out}"], {
    places: { workspace, cwd: join(workspace, "sub") },
    configFile: config,
    inputs: ["in.txt"],
    inputRefs: ["../big.bin"],
    variables: ["MODE"],
    env: { PATH: process.env.PATH, MODE: "fast" },
  });

  const lost = await laboratory.replay(run);
  const found = await laboratory.replay(run, { references: { "big.bin": big } });
  const wrong = await laboratory.replay(run, { references: { "big.bin": config } });

  expect(run.exit).toEqual({ code: 0 });
  expect(lost).toMatchObject({ verdict: "failed", candidate: undefined });
  expect(lost.reason).toContain("big.bin");
  expect(found.verdict).toBe("reproduced");
  expect(found.candidate?.keys.artifactId).toBe(run.keys.artifactId);
  expect(wrong.report.checks).toContainEqual(
    expect.objectContaining({ name: "big.bin", status: "different" }),
  );
});

test("a redacted argument is refused before anything runs", async () => {
  await using laboratory = await openLaboratory();
  const token = `ghp_${"aB3dE6gH9j".repeat(4).slice(0, 36)}`;
  const run = await laboratory.record([node, "-e", "require('fs').writeFileSync('o','x')", token]);

  const { verdict, reason, candidate, replay } = await laboratory.replay(run);

  expect(verdict).toBe("failed");
  expect(reason).toMatch(/redacted/);
  expect(candidate).toBeUndefined();
  expect(replay.manifest.content).toMatchObject({ type: "replay", results: { verdict: "failed" } });
  expect(replay.manifest.context.status).toBe("failed");
});

test("a missing or damaged blob fails the replay before anything runs", async () => {
  await using laboratory = await openLaboratory();
  const mark = join(laboratory.workspace, "mark");
  laboratory.write("main.js", `require("fs").writeFileSync("${mark}", "ran")`);
  laboratory.write("data.txt", "1");
  const run = await laboratory.record([node, "main.js"], { inputs: ["data.txt"] });
  execFileSync("rm", ["-f", mark]);
  const entry = entryOf(run.manifest, "inputs/data.txt");
  await laboratory.stores.blobs.delete(parseDigest(entry?.digest ?? ""));

  const { verdict, report, replay } = await laboratory.replay(run);

  expect(verdict).toBe("failed");
  expect(report.checks).toContainEqual(
    expect.objectContaining({ name: "inputs/data.txt", status: "missing" }),
  );
  expect(existsSync(mark)).toBe(false);
  expect((await verifyBundle(await laboratory.open(replay))).findings).toEqual([]);
  expect(readdirSync(join(laboratory.stores.local, "tmp"))).toEqual([]);
});

test("a program that the bundle does not hold fails the replay", async () => {
  await using laboratory = await openLaboratory();
  laboratory.write("tool", Uint8Array.from(readFileSync("/bin/true")));
  execFileSync("chmod", ["+x", join(laboratory.workspace, "tool")]);
  const run = await laboratory.record(["./tool"]);

  const { verdict, reason } = await laboratory.replay(run);

  expect(verdict).toBe("failed");
  expect(reason).toContain("tool");
  expect(readdirSync(join(laboratory.stores.local, "tmp"))).toEqual([]);
});

test("an environment folder can be lent to a replay; without it the program is missing", async () => {
  await using laboratory = await openLaboratory();
  const tool = laboratory.write(".venv/bin/tool", "#!/bin/sh\necho made > made.txt\n");
  laboratory.write(".venv/pyvenv.cfg", "home = /usr/bin\n");
  execFileSync("chmod", ["+x", tool]);
  const run = await laboratory.record([".venv/bin/tool"]);

  const alone = await laboratory.replay(run);
  const lent = await laboratory.replay(run, {
    environmentFolders: { ".venv": join(laboratory.workspace, ".venv") },
  });

  expect(alone.verdict).toBe("failed");
  expect(lent.verdict).toBe("reproduced");
  expect(existsSync(tool)).toBe(true);
});

test("an output with a secret is withheld again, and the replay says how to allow it", async () => {
  await using laboratory = await openLaboratory();
  const script = `require("fs").writeFileSync("k.txt", "ghp_" + "aB3dE6gH9j".repeat(4).slice(0, 36))`;
  const allowSecrets = ["k.txt"];
  const run = await laboratory.record([node, "-e", script], { allowSecrets });

  const withheld = await laboratory.replay(run);
  const allowed = await laboratory.replay(run, { allowSecrets });

  expect(withheld.verdict).toBe("not_comparable");
  expect(withheld.reason).toMatch(/--allow-secret k\.txt/);
  expect(withheld.candidate?.manifest.context.redaction.withheld).toHaveLength(1);
  expect(allowed.verdict).toBe("reproduced");
});

test("code that a run changes is an output of its replay, and the same one", async () => {
  await using laboratory = await openLaboratory();
  laboratory.write("state.txt", "1\n");
  const run = await laboratory.record(["/bin/sh", "-c", "echo 2 >> state.txt; touch -c state.txt"]);

  const { verdict, comparison } = await laboratory.replay(run);

  expect(comparison?.files.map(({ path }) => path)).toEqual(["state.txt"]);
  expect(verdict).toBe("reproduced");
});

test("an interrupted replay says nothing about the original", async () => {
  await using laboratory = await openLaboratory();
  const waiting = `const { existsSync, writeFileSync } = require("fs");
    writeFileSync("a.txt", "a");
    console.log("ready");
    if (existsSync(process.env.FLAG)) setTimeout(() => {}, 60000);`;
  const flag = join(laboratory.workspace, "..", "flag");
  const env = { PATH: process.env.PATH, FLAG: flag };
  const run = await laboratory.record([node, "-e", waiting], { env });
  execFileSync("touch", [flag]);

  const controller = new AbortController();
  const { verdict, candidate } = await laboratory.replay(run, {
    env,
    io: {
      signal: controller.signal,
      onStdout: () => {
        controller.abort();
        return undefined;
      },
    },
  });

  expect(verdict).toBe("failed");
  expect(candidate?.manifest.context.status).toBe("killed");
});
