import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { verifyBundle } from "@reseal/bundle";
import {
  type EngineOptions,
  type EngineRun,
  type FunctionExecutor,
  type GraphExecutor,
  parentOf,
} from "@reseal/record";
import {
  type ArtifactReplayRequest,
  parsePolicy,
  ReplayEngine,
  replayArtifact,
} from "@reseal/replay";
import { type Replay, validate } from "@reseal/schema";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Laboratory, openLaboratory } from "./laboratory.ts";

let laboratory: Laboratory;
beforeEach(async () => {
  laboratory = await openLaboratory();
});
afterEach(() => laboratory[Symbol.asyncDispose]());

const executor = (changes: Partial<FunctionExecutor> = {}): FunctionExecutor => ({
  kind: "function",
  name: "square",
  version: "1",
  execute: ({ parameters, seed, metric }) => {
    metric("seed", Number(seed ?? 0));
    return { y: Number(parameters.x) ** 2 };
  },
  ...changes,
});

function engineWith(
  square: FunctionExecutor | GraphExecutor | undefined = executor(),
  env: Record<string, string> = {},
  options: Partial<EngineOptions> = {},
): ReplayEngine {
  return new ReplayEngine(laboratory.stores, {
    toolVersion: "0.0.0",
    env: { PATH: process.env.PATH, ...env },
    workspace: laboratory.workspace,
    executors: square === undefined ? [] : [square],
    ...options,
  });
}

async function replay(
  engine: ReplayEngine,
  run: Pick<EngineRun, "seal">,
  request?: ArtifactReplayRequest,
) {
  const outcome = await engine.replayArtifact(await laboratory.open(run), request);
  const { findings } = await verifyBundle(await laboratory.open(outcome.replay));
  expect(findings).toEqual([]);
  expect(await validate("replay", outcome.report)).toEqual([]);
  return outcome;
}

const request = { seed: 5, parameters: { x: 3 } };

test("the same executor with the same question reproduces", async () => {
  const run = await engineWith().run("square", request);
  const { verdict, candidate, report } = await replay(engineWith(), run);

  expect(verdict).toBe("reproduced");
  expect(candidate?.keys).toEqual(run.keys);
  expect(candidate?.manifest.context.parents).toEqual([parentOf(run, "replay_of")]);
  expect(report.checks).toContainEqual({
    name: "executor",
    status: "ok",
    expected: "square 1",
    actual: "square 1",
  });
});

test("a gradient is done again with what it is about", async () => {
  const run = await engineWith().run("square", request);
  const slope = executor({ name: "slope", execute: () => ({ gradients: { x: 6 } }) });
  const engine = engineWith(slope);
  const gradient = await engine.run("slope", {
    type: "gradient",
    about: [parentOf(run, "gradient_of")],
  });

  const { verdict, candidate } = await replay(engine, gradient);

  expect(verdict).toBe("reproduced");
  expect(candidate?.manifest.context.parents).toEqual([
    parentOf(run, "gradient_of"),
    parentOf(gradient, "replay_of"),
  ]);
});

test("a failure that happens again in the same way is reproduced", async () => {
  const broken = executor({ execute: () => Promise.reject(new RangeError("too steep")) });
  const run = await engineWith(broken).run("square", request);

  expect(run.status).toBe("failed");
  expect(await replay(engineWith(broken), run)).toMatchObject({ verdict: "reproduced" });
  expect(await replay(engineWith(), run)).toMatchObject({ verdict: "diverged" });
});

test("another seed differs, and says so", async () => {
  const run = await engineWith().run("square", request);
  const outcome = await replay(engineWith(), run, { seed: 6 });

  expect(outcome).toMatchObject({ verdict: "diverged", report: { seed_changed: true } });
  expect(outcome.comparison).toMatchObject({ explained: "explained" });
});

test("an executor that is not deterministic diverges without an explanation", async () => {
  let count = 0;
  const counting = executor({
    execute: () => {
      count += 1;
      return { count };
    },
  });
  const run = await engineWith(counting).run("square", request);
  const outcome = await replay(engineWith(counting), run);

  expect(outcome.comparison).toMatchObject({ verdict: "diverged", explained: "unexplained" });
  expect(outcome.firstDifference).toMatchObject({ pointer: "/result/values/count" });
});

test("another version, or other code, is run, told and explains a difference", async () => {
  const file = join(laboratory.workspace, "square.mjs");
  writeFileSync(file, "one");
  const code = { "square.mjs": file };
  const run = await engineWith(executor({ code })).run("square", request);
  writeFileSync(file, "two");
  const changed = executor({ code, version: "2", execute: () => ({ y: 0 }) });
  const outcome = await replay(engineWith(changed), run);

  expect(outcome.comparison).toMatchObject({ verdict: "diverged", explained: "explained" });
  const different = outcome.report.checks.filter(({ status }) => status === "different");
  expect(different.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["executor", "code_tree"]),
  );
});

test("without its executor a replay fails, and the failure is sealed", async () => {
  const run = await engineWith().run("square", request);
  const nobody = new ReplayEngine(laboratory.stores, { ...engineWith().options, executors: [] });
  const outcome = await replay(nobody, run);

  expect(outcome).toMatchObject({ verdict: "failed", candidate: undefined });
  expect(outcome.reason).toMatch(/square is not registered/);
});

test("a parameter or state that was a secret cannot be repeated", async () => {
  const token = ["ghp", "Zk3vQ8sLp1Xc7Rn5Tb9Yw2Md6Hf4Gj0Aa8Ue"].join("_");
  const engine = engineWith();
  const parameter = await engine.run("square", { parameters: { key: token } });
  const state = await engine.run("square", { calibration: { key: token } });

  for (const run of [parameter, state]) {
    const outcome = await replay(engine, run);
    expect(outcome).toMatchObject({ verdict: "failed" });
    expect(outcome.reason).toMatch(/redacted/);
  }
});

test("a graph that is damaged in the store is not run", async () => {
  let calls = 0;
  const graphs: GraphExecutor = {
    kind: "graph",
    name: "graphs",
    version: "1",
    execute: () => {
      calls += 1;
      return {};
    },
  };
  const engine = engineWith(graphs);
  const run = await engine.runGraph({ nodes: [{ id: "a", type: "b" }], edges: [] });
  const { ir } = run.manifest.content.inputs;
  await laboratory.stores.blobs.delete(ir as never);

  const outcome = await replay(engine, run);

  expect(outcome).toMatchObject({ verdict: "failed" });
  expect(outcome.reason).toMatch(/ir\/original\.json/);
  expect(calls).toBe(1);
});

/** Names and states of the checks of an aspect. */
function checksOf({ report }: { report: Replay }, aspect: string): unknown[] {
  return report.checks
    .filter((check) => check.aspect === aspect)
    .map(({ name, status, message }) => [name, status, message]);
}

test("a device that is calibrated anew is told, or refuses where the policy is strict", async () => {
  const device = { device_type: "mesh", device_id: "m1", calibration_date: "2026-01-05T00:00:00Z" };
  const states = [{ offsets: { a: 0.25 } }, { offsets: { a: 0.5 } }];
  const [before, after] = states.map((state, index) =>
    engineWith(
      executor({ execute: ({ calibration }) => ({ calibration }) }),
      {},
      {
        calibration: () => state,
        device:
          index === 0
            ? device
            : { ...device, calibration_date: "2026-02-01T00:00:00Z", device_id: "m2" },
      },
    ),
  ) as [ReplayEngine, ReplayEngine];
  const run = await before.run("square", request);

  const same = await replay(before, run);
  const told = await replay(after, run);
  const strict = await replay(after, run, { policy: parsePolicy(["calibration=strict"]) });
  const near = await replay(after, run, { tolerance: { absolute: 0.25 } });

  expect(checksOf(same, "calibration")).toEqual([
    ["calibration_state", "ok", "The device is calibrated as recorded."],
  ]);
  // The recorded state is used, so the results are the same whatever the device says.
  expect(told.verdict).toBe("reproduced");
  expect(checksOf(told, "calibration")).toEqual([
    [
      "calibration_state",
      "different",
      "The calibration state of the device is another one: /offsets/a 0.25 -> 0.5.",
    ],
    [
      "calibration date",
      "different",
      "calibration date 2026-01-05T00:00:00Z -> 2026-02-01T00:00:00Z.",
    ],
  ]);
  expect(checksOf(told, "device")).toEqual([["device id", "different", "device id m1 -> m2."]]);
  expect(strict).toMatchObject({ verdict: "failed", candidate: undefined });
  expect(strict.reason).toContain("The policy for calibration is strict.");
  expect(checksOf(near, "calibration")[0]).toMatchObject({ 0: "calibration_state", 1: "ok" });
});

test("conditions that do not hold any more are told, and are a cause of what differs", async () => {
  let temperature = 20;
  const invariants = () => [
    { name: "temperature", value: temperature, tolerance: 0.5, unit: "K" },
    { name: "coherence_window", value: null, valid_until: "2026-01-05T00:00:00Z" },
  ];
  const measuring = executor({ execute: () => ({ temperature }) });
  const engine = engineWith(measuring, {}, { invariants });
  const run = await engine.run("square", request);
  temperature = 21;

  const outcome = await replay(engine, run);
  const strict = await replay(engine, run, { policy: parsePolicy(["coherence_window=strict"]) });

  expect(outcome.verdict).toBe("diverged");
  const told = [
    "temperature 20 -> 21 K, more than 0.5 apart.",
    expect.stringContaining("coherence_window expired at 2026-01-05"),
  ];
  expect(checksOf(outcome, "coherence_window")).toEqual([
    ["temperature", "different", told[0]],
    ["coherence_window", "different", told[1]],
  ]);
  expect(outcome.explanation?.causes[0]).toMatchObject({
    aspect: "coherence_window",
    evidence: told,
  });
  expect(strict).toMatchObject({ verdict: "failed", candidate: undefined });
});

test("the calibration state that is left behind is compared like other results", async () => {
  let offset = 0.25;
  const fit = executor({ execute: () => ({ state: { offsets: { a: offset } } }) });
  const run = await engineWith(fit).run("square", { ...request, type: "calibration" });
  const same = await replay(engineWith(fit), run);
  offset += 1e-9;

  const other = await replay(engineWith(fit), run);
  const near = await replay(engineWith(fit), run, { tolerance: { relative: 1e-6 } });

  expect(same.verdict).toBe("reproduced");
  expect(other.comparison?.files).toMatchObject([
    {
      path: "calibration/final.json",
      status: "different",
      first_difference: { pointer: "/offsets/a" },
    },
  ]);
  expect(near.verdict).toBe("within_tolerance");
});

test("a replay of a replay does the original again", async () => {
  const run = await engineWith().run("square", request);
  const first = await replay(engineWith(), run);
  const second = await replay(engineWith(), first.replay);

  expect(second.original.seal).toBe(run.seal);
  expect(second.replay.keys).toEqual(first.replay.keys);
});

test("what a command made is replayed as a command", async () => {
  const run = await laboratory.record(["sh", "-c", "echo 1 > x"]);
  const outcome = await replayArtifact(engineWith(), await laboratory.open(run));

  expect(outcome.verdict).toBe("reproduced");
  expect(outcome.candidate?.manifest.content.inputs.command).toEqual(["sh", "-c", "echo 1 > x"]);
});

test("without an engine, what an executor made is refused with what to do", async () => {
  const run = await engineWith().run("square", request);
  const { verdict, reason } = await laboratory.replay(run);

  expect(verdict).toBe("failed");
  expect(reason).toContain("engine.replayArtifact");
});

test("an abort says nothing about the original", async () => {
  const controller = new AbortController();
  const run = await engineWith().run("square", request);
  controller.abort();

  const outcome = await replay(engineWith(), run, { io: { signal: controller.signal } });

  expect(outcome).toMatchObject({ verdict: "failed", reason: "The replay was interrupted." });
});
