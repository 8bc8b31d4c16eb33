// All five types of artifact, made by a photonic mesh: run, gradient, calibration, validation and
// replay. Prints what it found; the artifacts are in the store.
//
//   node experiment.mjs [--store FOLDER] [--seed N]
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openStoredBundle } from "@reseal/bundle";
import { openStores } from "@reseal/connect";
import { parentOf } from "@reseal/record";
import { ReplayEngine } from "@reseal/replay";
import { calibration, gradient, mesh, validation } from "./executors.mjs";
import { buildMesh } from "./mesh.mjs";

const { values: flags } = parseArgs({
  options: { store: { type: "string" }, seed: { type: "string", default: "1963" } },
});
const seed = Number(flags.seed);

// What the mesh is programmed to, and what fabrication added to it.
const phases = {
  m0: { theta: 1.1, phi: 0.3 },
  m1: { theta: 0.4, phi: 0.9 },
  m2: { theta: 2.1, phi: -0.7 },
  m3: { theta: 0.8, phi: 1.7 },
  m4: { theta: 1.9, phi: 0.2 },
  m5: { theta: 1.3, phi: -1.1 },
};
const errors = {
  m0: { theta: 0.11, phi: 0.05 },
  m1: { theta: -0.07, phi: 0.02 },
  m2: { theta: 0.09, phi: -0.12 },
  m3: { theta: -0.1, phi: 0.08 },
  m4: { theta: 0.06, phi: 0.1 },
  m5: { theta: -0.13, phi: -0.04 },
};
const graph = buildMesh({ phases, errors });

await using stores = await openStores(flags.store ?? join(process.cwd(), ".reseal"), {
  create: true,
});
const engine = new ReplayEngine(stores, {
  toolVersion: "0.0.0",
  env: process.env,
  workspace: import.meta.dirname,
  executors: [mesh, gradient, calibration, validation],
  device: { device_type: "simulator", device_id: "mesh-4x4", parameters: { wavelength_nm: 1550 } },
  featureFlags: { observability: true, gradients: true, quantum: false },
  description: { project: "photonic" },
});

const run = await engine.runGraph(graph, {
  executor: mesh,
  seed,
  parameters: { shots: 10_000 },
  description: { name: "uncalibrated" },
});
const slope = await engine.runGraph(graph, {
  executor: gradient,
  type: "gradient",
  about: [parentOf(run, "gradient_of")],
});
const fit = await engine.runGraph(graph, {
  executor: calibration,
  type: "calibration",
  seed,
  about: [parentOf(run, "calibrates")],
});
const calibrated = await engine.runGraph(graph, {
  executor: mesh,
  seed,
  parameters: { shots: 10_000 },
  calibration: fit.values.state,
  description: { name: "calibrated", parents: [parentOf(fit, "calibration_source")] },
});
const check = await engine.runGraph(graph, {
  executor: validation,
  type: "validation",
  calibration: fit.values.state,
  about: [parentOf(calibrated, "validates"), parentOf(fit, "validates")],
});
const again = await engine.replayArtifact(await openStoredBundle(stores, run.seal));
const otherSeed = await engine.replayArtifact(await openStoredBundle(stores, run.seal), {
  seed: seed + 1,
});

const short = ({ manifest }) => manifest.context.artifact_id.slice(7, 19);
const round = (values) => values.map((value) => value.toFixed(4)).join("  ");
const moved = fit.values.drift.filter(({ threshold_exceeded }) => threshold_exceeded);
const rows = [
  ["run", run, `powers ${round(run.values.powers)}`],
  ["gradient", slope, `off finite differences by ${slope.values.max_abs_error.toExponential(1)}`],
  [
    "calibration",
    fit,
    `${moved.length} phases moved, cost ${fit.values.final_cost.toExponential(1)}`,
  ],
  ["run", calibrated, `powers ${round(calibrated.values.powers)}`],
  ["validation", check, check.values.passed ? "passed" : "failed"],
  ["replay", again.replay, again.verdict],
  ["replay", otherSeed.replay, `${otherSeed.verdict} with seed ${seed + 1}`],
];
for (const [type, artifact, text] of rows)
  console.log(`${type.padEnd(12)} ${short(artifact)}  ${text}`);
const isAsExpected =
  check.values.passed && again.verdict === "reproduced" && otherSeed.verdict !== "reproduced";
process.exitCode = isAsExpected ? 0 : 1;
