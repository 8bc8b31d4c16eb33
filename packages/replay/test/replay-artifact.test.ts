import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { verifyBundle } from "@reseal/bundle";
import {
  type EngineRun,
  type FunctionExecutor,
  type GraphExecutor,
  parentOf,
} from "@reseal/record";
import { type ArtifactReplayRequest, ReplayEngine, replayArtifact } from "@reseal/replay";
import { validate } from "@reseal/schema";
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
): ReplayEngine {
  return new ReplayEngine(laboratory.stores, {
    toolVersion: "0.0.0",
    env: { PATH: process.env.PATH, ...env },
    workspace: laboratory.workspace,
    executors: square === undefined ? [] : [square],
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

test("an abort says nothing about the original", async () => {
  const controller = new AbortController();
  const run = await engineWith().run("square", request);
  controller.abort();

  const outcome = await replay(engineWith(), run, { io: { signal: controller.signal } });

  expect(outcome).toMatchObject({ verdict: "failed", reason: "The replay was interrupted." });
});
