import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  entryOf,
  exportBundle,
  openBundleFolder,
  readJson,
  readText,
  verifyBundle,
} from "@reseal/bundle";
import { canonicalDigest } from "@reseal/hash";
import { type MemoryStores, type Stores, thisProcess } from "@reseal/store";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { known, storedText } from "../../test/capture.ts";
import { makeStores, verifiedSeals } from "../../test/memory-stores.ts";
import { env, readerOf } from "../../test/record.ts";
import { makeTree } from "../../test/temporary-tree.ts";
import { recoverRuns } from "../recover.ts";
import { Spool } from "../spool.ts";
import { Engine } from "./engine.ts";
import { type EngineOptions, parentOf } from "./engine-request.ts";
import type { ExecutionContext, FunctionExecutor, GraphExecutor } from "./executor.ts";
import type { Graph } from "./graph.ts";
import { prepareExecution } from "./prepare-execution.ts";
import { RunJournal } from "./run-journal.ts";

let stores: MemoryStores;
let workspace: string;
beforeEach(() => {
  stores = makeStores();
  workspace = makeTree();
});
afterEach(async () => {
  // Whatever a test did: what was sealed is intact, and no spool is left.
  expect(await verifiedSeals(stores)).toBeInstanceOf(Array);
  const spools = existsSync(join(stores.local, "tmp"))
    ? readdirSync(join(stores.local, "tmp"))
    : [];
  expect(spools).toEqual([]);
});

const square: FunctionExecutor = {
  kind: "function",
  name: "square",
  version: "1",
  execute: ({ parameters }) => ({ y: Number(parameters.x) ** 2 }),
};

const counting: GraphExecutor = {
  kind: "graph",
  name: "counting",
  version: "2",
  async execute({ nodes }, context) {
    context.log(`${nodes.length} nodes`);
    await context.span("outer", async () => {
      for (const { id } of nodes)
        await context.span("node", () => context.control("set", { node: id }), {
          lane: "mesh",
          attributes: { id },
        });
    });
    context.metric("loss", 2, 0);
    context.metric("loss", 1, 1);
    context.gauge("power", 0.5);
    context.emit({ type: "mesh.settled", attrs: { nodes: nodes.length } });
    context.output("powers.json", "[1,2]\n");
    return { nodes: nodes.length, worst: Number.NEGATIVE_INFINITY };
  },
};

const graph: Graph = {
  nodes: [
    { id: "a", type: "mzi", params: { theta: 0.5 } },
    { id: "b", type: "mzi" },
  ],
  edges: [{ src_node: "a", dst_node: "b" }],
};

function engineOf(options: Partial<EngineOptions> = {}): Engine {
  return new Engine(stores, { toolVersion: "0.0.0", env, workspace, ...options });
}

const throwing = (execute: FunctionExecutor["execute"]): FunctionExecutor => ({
  ...square,
  name: "throwing",
  execute,
});

describe("a run", () => {
  test("a function's result is sealed as the values of a run", async () => {
    const run = await engineOf().run(square, { seed: 7, parameters: { x: 3 } });

    expect(run).toMatchObject({ status: "finished", values: { y: 9 }, error: undefined });
    expect(run.manifest.content).toMatchObject({
      type: "run",
      inputs: { seed: 7, parameters: { x: 3 } },
      results: { values: { y: 9 } },
    });
    expect(await verifiedSeals(stores)).toEqual([run.seal]);
  });

  test("a graph is sealed with all parts that an artifact of a run has", async () => {
    const calibration = { offsets: { a: 0.01 } };
    const engine = engineOf({ executors: [counting], featureFlags: { quantum: false } });
    const run = await engine.runGraph(graph, { seed: 1, parameters: { p: 1 }, calibration });
    const reader = await readerOf(stores, run);

    const { inputs, results } = run.manifest.content;
    expect(inputs.ir).toBe(canonicalDigest(graph));
    expect(inputs.calibration).toBe(canonicalDigest(calibration));
    expect(await readJson(reader, "ir/original.json")).toEqual(graph);
    expect(await readJson(reader, "calibration/initial.json")).toEqual(calibration);
    expect(await readJson(reader, "spec/executor.json")).toEqual({
      format: "reseal-executor/1",
      kind: "graph",
      name: "counting",
      version: "2",
    });
    expect(results.values).toEqual({ nodes: 2, worst: "-Infinity" });
    expect(results.metrics).toEqual({ loss: 1 });
    expect(results.outputs).toMatchObject({ files: 1 });
    expect(await readText(reader, "metrics/loss.csv")).toBe("step,value\n0,2\n1,1\n");
    expect(await readText(reader, "logs/stdout.log")).toBe("2 nodes\n");
    expect(await readJson(reader, "environment.json")).toMatchObject({
      comparable: { runtime: { name: "node" }, feature_flags: { quantum: false } },
    });
    expect(entryOf(run.manifest, "provenance.json")).toBeDefined();
  });

  test("spans nest, are drawn on a timeline, and the run index points to them", async () => {
    const run = await engineOf({ executors: [counting] }).runGraph(graph);
    const reader = await readerOf(stores, run);

    const spans = lines(await readText(reader, "observability/traces.jsonl"));
    const [execute, outer, first] = spans;
    expect(spans.map(({ name }) => name)).toEqual(["execute", "outer", "node", "node"]);
    expect(outer?.parent).toBe(execute?.id);
    expect(first).toMatchObject({ parent: outer?.id, attributes: { id: "a", status: "ok" } });
    expect(await readJson(reader, "observability/timeline.json")).toMatchObject([
      { lane: "counting", name: "execute", start_ms: 0 },
      { name: "outer" },
      { lane: "mesh", name: "node", end_ms: expect.any(Number) },
      { lane: "mesh" },
    ]);
    expect(await readJson(reader, "observability/metrics.json")).toEqual({
      counters: { control_events: 2 },
      gauges: { power: 0.5 },
    });
    expect(await readJson(reader, "run.json")).toMatchObject({
      paths: {
        traces: "observability/traces.jsonl",
        timeline: "observability/timeline.json",
        observability_metrics: "observability/metrics.json",
      },
    });
  });

  test("control events are marked among the events", async () => {
    const run = await engineOf({ executors: [counting] }).runGraph(graph);

    const events = lines(await readText(await readerOf(stores, run), "events.jsonl"));
    const isControl = (event: Record<string, unknown>) =>
      (event.attrs as { control?: boolean } | undefined)?.control === true;
    expect(events.filter(isControl)).toMatchObject([
      { event_type: "control.set", attrs: { node: "a", control: true } },
      { event_type: "control.set", attrs: { node: "b", control: true } },
    ]);
    expect(events.map(({ event_type }) => event_type)).toEqual([
      "run.started",
      "control.set",
      "control.set",
      "mesh.settled",
      "output.written",
      "run.finished",
    ]);
  });

  test("the calibration state that a run leaves behind is a file and a result", async () => {
    const settling = throwing(({ calibration, calibrated }) => {
      calibrated({ version: 1, offsets: { a: 0.5 } });
      calibrated({ version: 2, offsets: { a: 0.25 } });
      return { from: calibration?.version ?? null };
    });
    const engine = engineOf({ calibration: () => ({ version: 0 }) });
    const run = await engine.run(settling);
    const given = await engine.run(settling, { calibration: { version: 7 } });
    const reader = await readerOf(stores, run);

    expect(run.values).toEqual({ from: 0 });
    expect(given.values).toEqual({ from: 7 });
    const final = { version: 2, offsets: { a: 0.25 } };
    expect(await readJson(reader, "calibration/initial.json")).toEqual({ version: 0 });
    expect(await readJson(reader, "calibration/final.json")).toEqual(final);
    expect(run.manifest.content.results.calibration).toBe(canonicalDigest(final));
  });

  test("the state that a calibration returns is the one it leaves behind", async () => {
    const state = { version: 3, offsets: { a: 0.01 } };
    const fit = throwing(() => ({ state, final_cost: 0 }));
    const run = await engineOf().run(fit, { type: "calibration" });

    expect(await readJson(await readerOf(stores, run), "calibration/final.json")).toEqual(state);
    expect(run.manifest.content.results.calibration).toBe(canonicalDigest(state));
  });

  test("conditions are measured at the start of each run, also of a command", async () => {
    let temperature = 20;
    const invariants = () => [{ name: "temperature", value: temperature++, unit: "K" }];
    const engine = engineOf({ invariants });
    const runs = [
      await engine.run(square, { parameters: { x: 1 } }),
      await engine.run({
        kind: "command",
        name: "true",
        request: { argv: ["true"], places: { workspace, cwd: workspace } },
      }),
    ];

    const measured = await Promise.all(
      runs.map(async (run) => await readJson(await readerOf(stores, run), "environment.json")),
    );
    expect(measured).toMatchObject([
      { invariants: [{ name: "temperature", value: 20 }] },
      { invariants: [{ name: "temperature", value: 21 }] },
    ]);
  });

  test("a command is an executor, too", async () => {
    const engine = engineOf();
    const run = await engine.run(
      {
        kind: "command",
        name: "shell",
        request: { argv: ["sh", "-c", "echo {seed} > x"], places: { workspace, cwd: workspace } },
      },
      { seed: 3, parameters: { a: 1 } },
    );

    expect(run.manifest.content.inputs).toMatchObject({ seed: 3, parameters: { a: 1 } });
    expect(run.manifest.content.results.outputs).toMatchObject({ files: 1 });
    await expect(engine.run("shell", { type: "gradient" })).rejects.toMatchObject({
      code: "RECORD_EXECUTOR_INVALID",
    });
  });
});

describe("identity", () => {
  test("test_deterministic_id_consistency", async () => {
    const elsewhere = makeStores();
    const again = new Engine(elsewhere, { toolVersion: "9", env, workspace: makeTree() });
    const request = { seed: 1, parameters: { p: 0.1 }, calibration: { a: 1 } };
    const first = await engineOf().runGraph(graph, { ...request, executor: counting });
    const second = await again.runGraph(structuredClone(graph), { ...request, executor: counting });

    expect(second.keys).toEqual(first.keys);
    expect(second.seal).not.toBe(first.seal);
    expect(second.manifest.context.run_id).not.toBe(first.manifest.context.run_id);
  });

  test.for([
    ["seed", { seed: 2 }],
    ["parameters", { parameters: { p: 0.2 } }],
    ["calibration", { calibration: { a: 2 } }],
    ["type", { type: "simulation" }],
  ] as const)("another %s is another artifact", async ([, change]) => {
    const request = { seed: 1, parameters: { p: 0.1 }, calibration: { a: 1 }, executor: counting };
    const engine = engineOf();
    const first = await engine.runGraph(graph, request);
    const second = await engine.runGraph(graph, { ...request, ...change });

    expect(second.keys.artifactId).not.toBe(first.keys.artifactId);
  });

  test("another graph, executor version or code is another question", async () => {
    const file = join(workspace, "square.mjs");
    writeFileSync(file, "export const a = 1;\n");
    const withCode = (version: string): FunctionExecutor => ({
      ...square,
      version,
      code: { "square.mjs": file },
    });
    const ask = async (executor: FunctionExecutor) =>
      (await engineOf().run(executor, { parameters: { x: 1 } })).keys;
    const first = await ask(withCode("1"));
    const other = await ask(withCode("2"));
    writeFileSync(file, "export const a = 2;\n");
    const changed = await ask(withCode("1"));

    expect(new Set([first, other, changed].map((keys) => keys.inputKey)).size).toBe(3);
    expect(new Set([first, other, changed].map((keys) => keys.resultKey)).size).toBe(1);
  });
});

describe("nothing gets past the seal", () => {
  test("an executor that throws is a sealed, failed run with all it told before", async () => {
    const run = await engineOf().run(
      throwing(({ metric, output }) => {
        metric("loss", 4);
        output("part.txt", "half");
        throw new RangeError("The mesh is not unitary.");
      }),
    );
    const reader = await readerOf(stores, run);

    expect(run.status).toBe("failed");
    expect(run.error).toBeInstanceOf(RangeError);
    expect(run.manifest.context.error).toEqual({
      type: "RangeError",
      message: "The mesh is not unitary.",
    });
    expect(run.manifest.content.results).toMatchObject({
      values: { error: { type: "RangeError" } },
      metrics: { loss: 4 },
      outputs: { files: 1 },
    });
    expect(await readText(reader, "logs/stderr.log")).toMatch(/^RangeError: The mesh/);
    expect(lines(await readText(reader, "events.jsonl")).at(-1)).toMatchObject({
      event_type: "run.failed",
    });
  });

  test.for([
    ["a list", [1]],
    ["a function", { f: () => 1 }],
    ["undefined in it", { a: undefined }],
    ["a text", "1"],
  ])("a result that is %s is a failed run, not a lost one", async ([, result]) => {
    const run = await engineOf().run(throwing(() => result as never));

    expect(run).toMatchObject({ status: "failed", values: { error: { type: "ResultInvalid" } } });
  });

  test("what the type of the artifact demands of the result is checked", async () => {
    const wrong = throwing(() => ({ gradients: "steep" }));
    const run = await engineOf().run(wrong, { type: "gradient" });

    expect(run.status).toBe("failed");
    expect(run.manifest.context.error?.message).toMatch(/gradients/);
  });

  test("an abort seals the run as interrupted", async () => {
    const controller = new AbortController();
    const run = await engineOf().run(
      throwing(async ({ signal, metric }) => {
        metric("loss", 1);
        controller.abort(new Error("enough"));
        signal.throwIfAborted();
        return {};
      }),
      { signal: controller.signal },
    );

    expect(run).toMatchObject({ status: "interrupted", values: undefined });
    expect(run.manifest.context.error?.message).toMatch(/enough/);
    expect(run.manifest.content.results.metrics).toEqual({ loss: 1 });
  });

  test("an executor that does not listen is cut off, and can tell nothing any more", async () => {
    const controller = new AbortController();
    let late: ExecutionContext | undefined;
    const run = await engineOf({ abortGraceMs: 5 }).run(
      throwing((context) => {
        late = context;
        controller.abort();
        return new Promise<never>(() => undefined);
      }),
      { signal: controller.signal },
    );

    expect(run.status).toBe("interrupted");
    for (const tell of [
      () => late?.metric("loss", 1),
      () => late?.output("x", "1"),
      () => late?.log("x"),
      () => late?.emit({ type: "a.b" }),
    ])
      expect(tell).toThrow(expect.objectContaining({ code: "RECORD_RUN_ENDED" }));
  });

  test("what was told before the process died is sealed by the next one", async () => {
    const options = { toolVersion: "0.0.0", env, workspace };
    const runId = stores.ids.runId();
    const spool = Spool.create(join(stores.local, "tmp"), runId);
    const execution = { executor: counting, graph, request: { seed: 1 }, options };
    const { redactor } = await prepareExecution(stores, spool, runId, execution);
    spool.writeJson("started", {});
    const journal = new RunJournal(spool, { clock: stores.clock, redactor, lane: "x" });
    journal.metric("loss", 3);
    journal.calibrated({ offsets: { a: 0.25 } });
    journal.output("half.txt", "half");
    await journal.span("step", () => undefined);
    journal.close();
    spool.writeJson("lease.json", { ...thisProcess(), pid_start: "1" });

    const [run] = await recoverRuns(stores as Stores, env);

    expect(run?.manifest.context).toMatchObject({ run_id: runId, status: "incomplete" });
    expect(run?.manifest.content).toMatchObject({
      inputs: { ir: canonicalDigest(graph), seed: 1 },
      results: {
        metrics: { loss: 3 },
        outputs: { files: 1 },
        calibration: canonicalDigest({ offsets: { a: 0.25 } }),
      },
    });
    expect(entryOf(run?.manifest as never, "observability/traces.jsonl")).toBeDefined();
  });

  test("secrets are in no part of the artifact", async () => {
    const engine = engineOf({ env: { ...env, SERVICE_TOKEN: known } });
    const run = await engine.run(
      throwing((context) => {
        context.log(`using ${known}`);
        context.control("login", { with: known });
        context.output("secret.txt", `key ${known}\n`);
        return { note: `key ${known}` };
      }),
      { parameters: { key: known }, calibration: { key: known } },
    );
    const failed = await engine.run(
      { ...square, name: "leaking", execute: () => Promise.reject(new Error(`no ${known}`)) },
      {},
    );

    expect(run.manifest.context.redaction.withheld).toMatchObject([{ path: "outputs/secret.txt" }]);
    expect(failed.manifest.context.error?.message).toMatch(/REDACTED/);
    expect(await storedText(stores.blobs)).not.toContain(known);
  });

  test.for([
    ["an unknown executor", (engine: Engine) => engine.run("nobody"), "RECORD_EXECUTOR_NOT_FOUND"],
    ["a graph executor without a graph", (e: Engine) => e.run(counting), "RECORD_EXECUTOR_INVALID"],
    [
      "an edge into nothing",
      (e: Engine) =>
        e.runGraph(
          { nodes: [], edges: [{ src_node: "a", dst_node: "b" }] },
          { executor: counting },
        ),
      "RECORD_GRAPH_INVALID",
    ],
    ["a seed that is none", (e: Engine) => e.run(square, { seed: -1 }), "RECORD_COMMAND_INVALID"],
    [
      "a device that no environment document can hold",
      () => engineOf({ device: { calibration_date: "yesterday" } }).run(square),
      "RECORD_DESCRIPTION_INVALID",
    ],
    [
      "a description that cannot be sealed",
      (e: Engine) => e.run(square, { description: { url: "no address" } }),
      "RECORD_DESCRIPTION_INVALID",
    ],
  ] as const)("%s is refused before anything runs", async ([, run, code]) => {
    await expect(run(engineOf())).rejects.toMatchObject({ code });

    expect(await verifiedSeals(stores)).toEqual([]);
  });

  test("an output whose path leads elsewhere is refused, and the run failed", async () => {
    const run = await engineOf().run(
      throwing(({ output }) => {
        output("../x", "1");
        return {};
      }),
    );

    expect(run.status).toBe("failed");
    expect(run.manifest.context.error?.message).toMatch(/refused/);
  });
});

test("test_bundle_creation_and_export", async () => {
  const run = await engineOf({ executors: [counting] }).runGraph(graph, { seed: 1 });
  const target = join(makeTree(), "bundle");
  const report = await exportBundle(await readerOf(stores, run), target);
  const exported = await openBundleFolder(target);

  expect(report.seal).toBe(run.seal);
  expect(exported.manifest).toEqual(run.manifest);
  expect((await verifyBundle(exported)).findings).toEqual([]);
  expect(await readJson(exported, "ir/original.json")).toEqual(graph);
  for (const path of ["trees", "spec", "observability", "CITATION.bib", "checksums.sha256"])
    expect(readdirSync(target)).toContain(path);
});

test("test_provenance_tracking", async () => {
  const engine = engineOf({ description: { tags: ["mesh"], project: "photonic" } });
  const run = await engine.run(square, { parameters: { x: 1 } });
  const gradient = await engine.run(
    { ...square, name: "slope", execute: () => ({ gradients: { x: 2 }, baseline_cost: 1 }) },
    {
      type: "gradient",
      about: [parentOf(run, "gradient_of")],
      description: { notes: "by hand", parents: [parentOf(run, "derived_from")] },
    },
  );
  const { content, context } = gradient.manifest;

  expect(content.inputs.about).toEqual([
    { artifact_id: run.keys.artifactId, relationship: "gradient_of" },
  ]);
  expect(context.parents).toEqual([parentOf(run, "gradient_of"), parentOf(run, "derived_from")]);
  expect(await readJson(await readerOf(stores, gradient), "provenance.json")).toMatchObject({
    parents: context.parents,
    notes: "by hand",
    tags: ["mesh"],
    creator: { machine: expect.any(String) },
  });
  const children = await stores.catalog.children(run.keys.artifactId, { tenant: "local" });
  expect(children.map(({ seal }) => seal)).toEqual([gradient.seal]);
});

test("a validation's own judgement is the artifact's", async () => {
  const judge = (passed: boolean): FunctionExecutor =>
    throwing(() => ({ passed, constraints: [{ name: "energy", passed }] }));
  const good = await engineOf().run(judge(true), { type: "validation" });
  const bad = await engineOf().run(judge(false), { type: "validation" });
  const run = await engineOf().run(judge(false));

  const judgements = [good, bad, run].map(({ manifest }) => manifest.context.pass_fail);
  expect(judgements).toEqual(["pass", "fail", undefined]);
});

function lines(text = ""): Record<string, unknown>[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
