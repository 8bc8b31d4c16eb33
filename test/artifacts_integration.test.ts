// Seed 002, task 6: twenty cases, named after its lines, over the packages as they are built.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  entryOf,
  exportBundle,
  importBundle,
  openBundleFolder,
  openBundleZip,
  openStoredBundle,
  readJson,
  readText,
  type SealedBundle,
  verifyBundle,
  walkLineage,
} from "@reseal/bundle";
import { generateCitation } from "@reseal/cite";
import { openStores } from "@reseal/connect";
import { type EngineRun, type Graph, type GraphExecutor, parentOf } from "@reseal/record";
import { ReplayEngine } from "@reseal/replay";
import { validate } from "@reseal/schema";
import type { Stores } from "@reseal/store";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const graph: Graph = {
  nodes: [
    { id: "source", type: "source", params: { power: 1 } },
    { id: "splitter", type: "splitter", params: { ratio: 0.25 } },
  ],
  edges: [{ src_node: "source", dst_node: "splitter" }],
  metadata: { layout: "test" },
};

/** Splits power, with noise that only the seed decides. */
const splitter: GraphExecutor = {
  kind: "graph",
  name: "splitter",
  version: "1",
  async execute({ nodes }, context) {
    const ratio = nodes.find(({ id }) => id === "splitter")?.params?.ratio ?? 0;
    const noise = (Number(context.seed) % 7) / 1000;
    context.control("ratio_set", { ratio });
    await context.span("split", () => context.metric("power", ratio + noise));
    context.output("powers.csv", `port,power\n0,${ratio + noise}\n1,${1 - ratio - noise}\n`);
    return { powers: [ratio + noise, 1 - ratio - noise] };
  },
};

/** Whatever values a test wants an artifact to have. */
const giving = (name: string, values: Readonly<Record<string, unknown>>): GraphExecutor => ({
  kind: "graph",
  name,
  version: "1",
  execute: () => values,
});

let folder: string;
let stores: Stores;
let engine: ReplayEngine;
let run: EngineRun;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "artifacts-"));
  stores = await openStores(join(folder, "store"), { create: true });
  engine = engineOn("mesh-1");
  run = await engine.runGraph(graph, {
    executor: splitter,
    seed: 3,
    parameters: { shots: 100 },
    calibration: { offsets: { splitter: 0.01 } },
    description: {
      title: "Splitting light",
      authors: [{ name: "Ada Lovelace" }],
      institution: "Analytical Engines",
      tags: ["optics"],
    },
  });
});
afterEach(async () => {
  await stores[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

describe("Artifact Creation", () => {
  test("Create artifact on normal run", async () => {
    const reader = await stored(run);

    expect(run.status).toBe("finished");
    expect((await verifyBundle(reader)).findings).toEqual([]);
    expect(await validate("manifest", reader.manifest)).toEqual([]);
  });

  test("Artifact contains all required fields", async () => {
    const reader = await stored(run);
    const { inputs, results } = run.manifest.content;

    expect(inputs).toMatchObject({
      ir: expect.stringMatching(/^sha256:/),
      calibration: expect.stringMatching(/^sha256:/),
      parameters: { shots: 100 },
      seed: 3,
    });
    expect(results).toMatchObject({
      values: { powers: [0.253, 0.747] },
      metrics: { power: 0.253 },
      outputs: { files: 1 },
    });
    expect(await readJson(reader, "ir/original.json")).toEqual(graph);
    for (const path of [
      "run.json",
      "events.jsonl",
      "environment.json",
      "provenance.json",
      "metrics.json",
      "calibration/initial.json",
      "observability/traces.jsonl",
    ])
      expect(entryOf(run.manifest, path), path).toMatchObject({ size: expect.any(Number) });
  });

  test("Observability data linked correctly", async () => {
    const reader = await stored(run);
    const index = (await readJson(reader, "run.json")) as { paths: Record<string, string> };

    for (const name of ["traces", "timeline", "observability_metrics", "events"])
      expect(entryOf(run.manifest, index.paths[name] ?? ""), name).toBeDefined();
    const spans = lines(await readText(reader, index.paths.traces ?? ""));
    const split = spans.find(({ name }) => name === "split");
    expect(split?.parent).toBe(spans.find(({ name }) => name === "execute")?.id);
    const events = lines(await readText(reader, "events.jsonl"));
    expect(events.find(({ event_type }) => event_type === "control.ratio_set")).toMatchObject({
      run_id: run.manifest.context.run_id,
      attrs: { control: true, ratio: 0.25 },
    });
  });

  test("Environment snapshot complete", async () => {
    const environment = await readJson(await stored(run), "environment.json");

    expect(await validate("environment", environment as never)).toEqual([]);
    expect(environment).toMatchObject({
      comparable: {
        runtime: { name: "node", version: process.versions.node },
        os: { name: expect.any(String), arch: process.arch },
        cpu: { model: expect.any(String) },
        packages: expect.any(Object),
        device: { device_type: "simulator", device_id: "mesh-1" },
        feature_flags: { observability: true, quantum: false },
      },
      hostname: expect.any(String),
      cpu_count: expect.any(Number),
      memory_bytes: expect.any(Number),
    });
    expect(run.manifest.context.env_key).toMatch(/^sha256:/);
  });

  test("Provenance chain populated", async () => {
    const child = await engine.runGraph(graph, {
      executor: splitter,
      description: { parents: [parentOf(run, "derived_from")] },
    });
    const reader = await stored(child);

    const provenance = await readJson(reader, "provenance.json");
    expect(await validate("provenance", provenance as never)).toEqual([]);
    expect(provenance).toMatchObject({
      creator: { machine: expect.any(String) },
      parents: [{ artifact_id: run.keys.artifactId, seal: run.seal, relationship: "derived_from" }],
    });
  });
});

describe("Import/Export", () => {
  test("Export to directory", async () => {
    const target = join(folder, "bundle");
    const { files } = await exportBundle(await stored(run), target);

    const names = readdirSync(target, { recursive: true, withFileTypes: true });
    expect(names.filter((entry) => entry.isFile())).toHaveLength(files);
    expect(readFileSync(join(target, "outputs", "powers.csv"), "utf8")).toContain("0,0.253");
    for (const name of ["manifest.json", "checksums.sha256", "CITATION.bib", "citation.md"])
      expect(existsSync(join(target, name)), name).toBe(true);
  });

  test("Export to ZIP", async () => {
    const target = join(folder, "bundle.zip");
    await exportBundle(await stored(run), target, { format: "zip" });

    expect(readFileSync(target).subarray(0, 4).toString("latin1")).toBe("PK\u0003\u0004");
    await using zip = await openBundleZip(target);
    expect(zip.seal).toBe(run.seal);
    expect((await verifyBundle(zip)).findings).toEqual([]);
  });

  test("Import from directory", async () => {
    const target = join(folder, "bundle");
    await exportBundle(await stored(run), target);
    await using colleague = await openColleague();

    const report = await importBundle(colleague, await openBundleFolder(target));

    expect(report).toMatchObject({ seal: run.seal, isNew: true });
    const reader = await openStoredBundle(colleague, run.seal);
    expect(await readJson(reader, "ir/original.json")).toEqual(graph);
    expect(await readJson(reader, "calibration/initial.json")).toEqual({
      offsets: { splitter: 0.01 },
    });
  });

  test("Import from ZIP", async () => {
    const target = join(folder, "bundle.zip");
    await exportBundle(await stored(run), target, { format: "zip" });
    await using colleague = await openColleague();
    await using zip = await openBundleZip(target);

    const report = await importBundle(colleague, zip);

    expect(report).toMatchObject({ seal: run.seal, isNew: true });
    const reader = await openStoredBundle(colleague, run.seal);
    expect(await readText(reader, "observability/traces.jsonl")).toContain('"split"');
  });

  test("Roundtrip consistency", async () => {
    await using colleague = await openColleague();
    const [first, second] = [join(folder, "first"), join(folder, "second")];
    await exportBundle(await stored(run), first);
    await importBundle(colleague, await openBundleFolder(first));
    await exportBundle(await openStoredBundle(colleague, run.seal), second);

    expect(contentsOf(second)).toEqual(contentsOf(first));
    expect(Object.keys(contentsOf(first)).length).toBeGreaterThan(15);
  });
});

describe("Deterministic Replay", () => {
  test("Replay produces identical results", async () => {
    const { verdict, candidate } = await engine.replayArtifact(await stored(run));

    expect(verdict).toBe("reproduced");
    expect(candidate?.keys).toEqual(run.keys);
    expect(candidate?.seal).not.toBe(run.seal);
  });

  test("Replay with modified seed differs", async () => {
    const outcome = await engine.replayArtifact(await stored(run), { seed: 4 });

    expect(outcome.verdict).toBe("diverged");
    expect(outcome.report).toMatchObject({ seed_changed: true, replay_seed: 4 });
    expect(outcome.comparison).toMatchObject({
      explained: "explained",
      keys: { input_key: { equal: false }, result_key: { equal: false } },
    });
  });

  test("Replay detects environment mismatch", async () => {
    const elsewhere = engineOn("mesh-2");
    elsewhere.register(splitter);
    const { verdict, report, comparison } = await elsewhere.replayArtifact(await stored(run));

    expect(verdict).toBe("reproduced");
    expect(comparison?.keys.env_key.equal).toBe(false);
    expect(comparison?.environment).toMatchObject([
      { pointer: "/device/device_id", original: "mesh-1", candidate: "mesh-2" },
    ]);
    expect(report.checks.filter(({ status }) => status === "different")).not.toEqual([]);
  });

  test("Replay logs comparison metrics", async () => {
    const { replay, report } = await engine.replayArtifact(await stored(run), { seed: 4 });
    const reader = await stored(replay);

    expect(report.execution_log.map(({ step }) => step)).toEqual(["run", "seal", "compare"]);
    expect(await readJson(reader, "replay.json")).toEqual(report);
    const comparison = await readJson(reader, "comparison.json");
    expect(await validate("comparison", comparison as never)).toEqual([]);
    expect(comparison).toMatchObject({
      metrics: [{ name: "power", original: 0.253, candidate: 0.254, equal: false }],
    });
  });
});

describe("Citations & Metadata", () => {
  test("Citation generation (BibTeX)", () => {
    const bibtex = generateCitation(run.manifest, run.seal, "bibtex");

    expect(bibtex).toMatch(/^@misc\{reseal-/);
    for (const text of ["Splitting light", "Lovelace", "Analytical Engines", run.keys.artifactId])
      expect(bibtex).toContain(text);
  });

  test("Citation generation (JSON)", async () => {
    const citation = JSON.parse(generateCitation(run.manifest, run.seal, "json"));

    expect(await validate("citation", citation)).toEqual([]);
    expect(citation).toMatchObject({
      artifact_id: run.keys.artifactId,
      seal: run.seal,
      title: "Splitting light",
      authors: [{ name: "Ada Lovelace" }],
      institution: "Analytical Engines",
    });
  });

  test("Dependency tracking in citations", async () => {
    const gradient = await makeGradient();
    const { manifest, seal } = gradient;

    const citation = JSON.parse(generateCitation(manifest, seal, "json"));
    expect(citation.parents).toMatchObject([
      { artifact_id: run.keys.artifactId, relationship: "gradient_of" },
    ]);
    expect(generateCitation(manifest, seal, "markdown")).toContain(run.keys.artifactId);
  });
});

describe("Multi-Run Provenance", () => {
  test("Gradient artifact references run artifact", async () => {
    const gradient = await makeGradient();

    expect(gradient.manifest.content).toMatchObject({
      type: "gradient",
      inputs: { about: [{ artifact_id: run.keys.artifactId, relationship: "gradient_of" }] },
    });
    expect(await ancestorsOf(gradient)).toEqual([run.seal]);
  });

  test("Calibration artifact references run artifact", async () => {
    const values = {
      procedure: { optimizer: "none" },
      state: { version: 1, offsets: { splitter: 0.02 } },
      drift: [{ metric_id: "splitter", current_value: 0.02, nominal_value: 0.01 }],
    };
    const calibration = await engine.runGraph(graph, {
      executor: giving("calibration", values),
      type: "calibration",
      about: [parentOf(run, "calibrates")],
    });

    expect(calibration.manifest.content).toMatchObject({
      type: "calibration",
      inputs: { about: [{ artifact_id: run.keys.artifactId, relationship: "calibrates" }] },
      results: { values },
    });
    expect(await ancestorsOf(calibration)).toEqual([run.seal]);
  });

  test("Replay artifact references original artifact", async () => {
    const { replay, candidate } = await engine.replayArtifact(await stored(run));

    expect(replay.manifest.content).toMatchObject({
      type: "replay",
      inputs: { original: run.keys.artifactId, candidate: run.keys.artifactId, seed: 3 },
      results: { verdict: "reproduced" },
    });
    expect(await ancestorsOf(replay)).toEqual([run.seal, candidate?.seal]);
  });
});

function engineOn(device_id: string): ReplayEngine {
  return new ReplayEngine(stores, {
    toolVersion: "0.0.0",
    env: { PATH: process.env.PATH },
    workspace: folder,
    device: { device_type: "simulator", device_id },
    featureFlags: { observability: true, quantum: false },
  });
}

function makeGradient(): Promise<EngineRun> {
  const values = { baseline_cost: 0.75, strategy: "parameter_shift", gradients: { ratio: -1 } };
  return engine.runGraph(graph, {
    executor: giving("gradient", values),
    type: "gradient",
    about: [parentOf(run, "gradient_of")],
  });
}

function stored({ seal }: Pick<SealedBundle, "seal">) {
  return openStoredBundle(stores, seal);
}

function openColleague(): Promise<Stores> {
  return openStores(join(folder, "colleague"), { create: true });
}

async function ancestorsOf({ seal }: Pick<SealedBundle, "seal">): Promise<string[]> {
  const [row] = await stores.catalog.resolve(seal, { tenant: stores.tenant });
  if (row === undefined) throw new Error(`${seal} is not in the catalog`);
  const { nodes, findings } = await walkLineage(stores, row, { down: 0 });
  expect(findings).toEqual([]);
  return nodes.slice(1).map((node) => node.seal);
}

function contentsOf(root: string): Record<string, string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true });
  const paths = files.filter((entry) => entry.isFile()).map((e) => join(e.parentPath, e.name));
  return Object.fromEntries(
    paths.sort().map((path) => [path.slice(root.length), readFileSync(path, "base64")]),
  );
}

function lines(text = ""): Record<string, unknown>[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
