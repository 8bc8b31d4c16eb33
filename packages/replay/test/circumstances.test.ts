import { readJson } from "@reseal/bundle";
import { describeEnvironment } from "@reseal/record";
import { parsePolicy, type ReplayRequest, stabilityOf } from "@reseal/replay";
import { assertValid, type Replay } from "@reseal/schema";
import { expect, test } from "vitest";
import { openLaboratory } from "./laboratory.ts";

const node = process.execPath;
const write = (text: string): string[] => [
  node,
  "-e",
  `require("fs").writeFileSync("result.json", ${text})`,
];
const steady = write(`'{"x": 1}'`);

/** This machine with another processor. */
const otherProcessor: ReplayRequest["describe"] = async (request) => {
  const captured = await describeEnvironment(request);
  const { comparable } = captured.environment;
  const cpu = { ...comparable.cpu, model: "Imaginary Processor 9000" };
  const environment = { ...captured.environment, comparable: { ...comparable, cpu } };
  return { ...captured, environment };
};

test("test_replay_detects_hardware_drift", async () => {
  await using laboratory = await openLaboratory();
  const run = await laboratory.record(write("String(process.hrtime.bigint())"));

  const drifted = await laboratory.replay(run, { describe: otherProcessor });

  expect(drifted.verdict).toBe("diverged");
  expect(drifted.comparison?.explained).toBe("explained");
  expect(drifted.comparison?.keys.env_key.equal).toBe(false);
  expect(drifted.report.checks).toContainEqual(
    expect.objectContaining({
      name: "processor",
      aspect: "hardware",
      status: "different",
      actual: "Imaginary Processor 9000",
      message: expect.stringMatching(/^processor .+ -> Imaginary Processor 9000\.$/),
    }),
  );
  expect(drifted.explanation?.causes.map(({ aspect }) => aspect)).toContain("hardware");
});

test("the same results on other hardware are reproduced, and the drift is told", async () => {
  await using laboratory = await openLaboratory();
  const run = await laboratory.record(steady);

  const { verdict, report, replay } = await laboratory.replay(run, { describe: otherProcessor });

  expect(verdict).toBe("reproduced");
  expect(report.checks.find(({ name }) => name === "environment")?.status).toBe("different");
  expect(replay.manifest.context.warnings.map(({ message }) => message)).toContainEqual(
    expect.stringContaining("Imaginary Processor 9000"),
  );
});

test("a strict policy refuses before anything runs; ignoring records only", async () => {
  await using laboratory = await openLaboratory();
  const run = await laboratory.record(steady);
  const describe = otherProcessor;

  const strict = await laboratory.replay(run, {
    describe,
    policy: parsePolicy(["hardware=strict"]),
  });
  const ignored = await laboratory.replay(run, { describe, policy: parsePolicy(["ignore"]) });

  expect(strict).toMatchObject({ verdict: "failed", candidate: undefined });
  expect(strict.reason).toContain("The policy for hardware is strict.");
  expect(ignored.verdict).toBe("reproduced");
  expect(ignored.report.checks).toContainEqual(
    expect.objectContaining({ name: "processor", status: "different", policy: "ignore" }),
  );
  const told = ignored.replay.manifest.context.warnings.map(({ message }) => message);
  expect(told.filter((message) => message.includes("Imaginary"))).toEqual([]);
});

test("replay detects environment mismatch: a package of another version explains", async () => {
  await using laboratory = await openLaboratory();
  const packageFile = (version: string): void => {
    laboratory.write("node_modules/gain/package.json", `{"name": "gain", "version": "${version}"}`);
    laboratory.write("node_modules/gain/index.js", `module.exports = ${version[0]};`);
  };
  laboratory.write("main.cjs", `require("fs").writeFileSync("x.txt", "" + require("gain"));`);
  packageFile("1.0.0");
  const run = await laboratory.record([node, "main.cjs"]);
  packageFile("2.0.0");

  const environmentFolders = { node_modules: `${laboratory.workspace}/node_modules` };
  const { verdict, explanation } = await laboratory.replay(run, { environmentFolders });

  expect(verdict).toBe("diverged");
  expect(explanation).toMatchObject({ verdict: "explained", first_difference: { path: "x.txt" } });
  expect(explanation?.causes[0]).toMatchObject({
    aspect: "packages",
    evidence: ["package gain 1.0.0 -> 2.0.0"],
  });
});

test("replay logs comparison metrics", async () => {
  await using laboratory = await openLaboratory();
  const script = `require("fs").appendFileSync(process.env.RESEAL_RUN_DIR + "/metrics.jsonl",
    '{"name": "loss", "value": 0.25}\\n{"name": "noise", "value": ' + Math.random() + '}\\n')`;
  const run = await laboratory.record([node, "-e", script]);

  const { report, comparison } = await laboratory.replay(run);

  expect(report.execution_log.map(({ step }) => step)).toEqual([
    "materialise",
    "run",
    "seal",
    "compare",
  ]);
  expect(report.execution_log.at(-1)?.message).toContain("1 of 2 metrics are equal");
  expect(comparison?.metrics).toMatchObject([
    { name: "loss", equal: true },
    { name: "noise", equal: false },
  ]);
});

test("a coherence window that has ended, and an invariant that drifted, are told", async () => {
  await using laboratory = await openLaboratory();
  const run = await laboratory.record(steady, {
    invariants: [
      { name: "coherence_window", value: null, valid_until: "2024-01-01T00:00:00Z" },
      { name: "temperature", value: 20, tolerance: 0.5, unit: "K" },
      { name: "pressure", value: 1 },
    ],
  });

  const invariants = [{ name: "temperature", value: 20.7 }];
  const { verdict, report } = await laboratory.replay(run, { invariants });
  const near = await laboratory.replay(run, { invariants: [{ name: "temperature", value: 20.3 }] });
  const strict = await laboratory.replay(run, { policy: parsePolicy(["coherence-window=strict"]) });

  expect(verdict).toBe("reproduced");
  const checks = (found: Replay): unknown[] =>
    found.checks
      .filter(({ aspect }) => aspect === "coherence_window")
      .map(({ name, status, message }) => [name, status, message]);
  expect(checks(report)).toEqual([
    ["coherence_window", "different", expect.stringContaining("expired at 2024-01-01")],
    ["temperature", "different", "temperature 20 -> 20.7 K, more than 0.5 apart."],
    ["pressure", "missing", "pressure was 1; it is not declared here."],
  ]);
  expect(checks(near.report)[1]).toMatchObject(["temperature", "ok", expect.any(String)]);
  expect(strict.verdict).toBe("failed");
});

test("a replay that takes too long is ended and failed", async () => {
  await using laboratory = await openLaboratory();
  const run = await laboratory.record([node, "-e", "setTimeout(() => {}, +process.env.NAP || 0)"], {
    variables: [],
  });

  const env = { PATH: process.env.PATH, NAP: "20000" };
  const { verdict, reason, candidate } = await laboratory.replay(run, { env, timeoutMs: 300 });

  expect(verdict).toBe("failed");
  expect(reason).toContain("longer than 0.3 s");
  expect(candidate?.manifest.context.status).toBe("killed");
});

test("an explanation is a part of the sealed replay.json, in the order of writing", async () => {
  await using laboratory = await openLaboratory();
  const script = `const fs = require("fs");
    fs.writeFileSync("z.txt", "" + Math.random());
    setTimeout(() => fs.writeFileSync("a.txt", "" + Math.random()), 60);`;
  const run = await laboratory.record([node, "-e", script]);

  const { replay, explanation } = await laboratory.replay(run);

  const sealed = await readJson(await laboratory.open(replay), "replay.json");
  expect((await assertValid("replay", sealed)).explanation).toEqual(explanation);
  expect(explanation).toMatchObject({
    verdict: "unexplained",
    order: "produced",
    divergent: ["z.txt", "a.txt"],
    first_difference: { path: "z.txt", line: 1 },
  });
});

test("several replays tell how stable the results are", async () => {
  await using laboratory = await openLaboratory();
  const run = await laboratory.record(write("String(process.hrtime.bigint())"));
  const calm = await laboratory.record(steady);

  const noisy = stabilityOf([await laboratory.replay(run), await laboratory.replay(run)]);
  const stable = stabilityOf([await laboratory.replay(calm), await laboratory.replay(calm)]);

  expect(noisy).toMatchObject({
    times: 2,
    stable: false,
    distinct_results: 2,
    unstable_files: [{ path: "result.json", distinct: 2 }],
  });
  expect(stable).toMatchObject({ stable: true, distinct_results: 1, unstable_files: [] });
});
