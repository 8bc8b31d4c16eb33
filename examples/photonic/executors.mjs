// The four executors of the example. Each is an ordinary function; the engine seals what it does.
import { fileURLToPath } from "node:url";
import { fitOffsets } from "./calibrate.mjs";
import {
  buildMesh,
  inputPower,
  interferometers,
  modes,
  powersOf,
  programmedPhases,
  propagate,
} from "./mesh.mjs";
import { countPhotons, createRandom } from "./random.mjs";

const files = ["executors.mjs", "calibrate.mjs", "mesh.mjs", "random.mjs"];
const code = Object.fromEntries(
  files.map((name) => [name, fileURLToPath(new URL(name, import.meta.url))]),
);
const executor = (name, execute) => ({ kind: "graph", name, version: "1", code, execute });

/** Program the phases, send light, read the detectors; with `shots`, count photons. */
export const mesh = executor("photonic-mesh", async (graph, context) => {
  const { shots = 0, ...given } = context.parameters;
  const phases = programmedPhases(graph, given);
  await context.span("program", () => {
    for (const { id } of interferometers(graph))
      context.control("phase_set", {
        node: id,
        theta: phases[`${id}.theta`],
        phi: phases[`${id}.phi`],
      });
  });
  const offsets = context.calibration?.offsets ?? {};
  const ideal = await context.span("propagate", () => powersOf(graph, phases, offsets));
  const powers = await context.span("detect", () => {
    if (shots === 0) return ideal;
    const counts = countPhotons(ideal, shots, createRandom(context.seed));
    return counts.map((count) => (count / shots) * inputPower(graph));
  });
  context.gauge("shots", shots);
  powers.forEach((power, mode) => {
    context.metric(`power/out${mode}`, power);
  });
  const rows = powers.map((power, mode) => `out${mode},${power}\n`);
  context.output("powers.csv", `detector,power\n${rows.join("")}`);
  const total = powers.reduce((sum, power) => sum + power, 0);
  return { powers, power_in: inputPower(graph), power_out: total };
});

/** What is lost to all detectors but the first. */
const cost = (graph, phases) => 1 - powersOf(graph, phases)[0];

/**
 * The gradient of the cost by the parameter-shift rule. The amplitude at a detector is A + B·e^iθ
 * in each phase θ, so the power is a sinusoid of it and (P(θ+π/2) - P(θ-π/2)) / 2 is exact.
 */
export const gradient = executor("photonic-gradient", (graph, context) => {
  const phases = programmedPhases(graph, context.parameters);
  const at = (name, delta) => cost(graph, { ...phases, [name]: phases[name] + delta });
  const gradients = {};
  const finiteDifferences = {};
  const perturbations = [];
  const step = 1e-5;
  for (const name of Object.keys(phases)) {
    const [plus, minus] = [at(name, Math.PI / 2), at(name, -Math.PI / 2)];
    perturbations.push(
      { parameter: name, delta: Math.PI / 2, cost: plus },
      { parameter: name, delta: -Math.PI / 2, cost: minus },
    );
    gradients[name] = (plus - minus) / 2;
    finiteDifferences[name] = (at(name, step) - at(name, -step)) / (2 * step);
  }
  const worst = Math.max(
    ...Object.keys(phases).map((name) => Math.abs(gradients[name] - finiteDifferences[name])),
  );
  context.metric("gradient_error", worst);
  return {
    strategy: "parameter_shift",
    baseline_cost: cost(graph, phases),
    perturbations,
    gradients,
    finite_differences: finiteDifferences,
    finite_difference_step: step,
    max_abs_error: worst,
  };
});

/** Find what the device adds to the phases, from powers alone. */
export const calibration = executor("photonic-calibration", async (graph, context) => {
  const { starts = 3, probes = 16, iterations = 40, threshold = 0.05 } = context.parameters;
  const random = createRandom(context.seed);
  const known = context.calibration?.offsets ?? {};
  const fit = await context.span("fit", () =>
    fitOffsets(graph, { random, starts, probes, iterations, onStep: noteStep }),
  );
  function noteStep(step) {
    context.count("iterations");
    context.metric("fit_cost", step.cost, step.evaluation);
  }
  context.output("trace.jsonl", fit.trace.map((step) => `${JSON.stringify(step)}\n`).join(""));
  const drift = Object.entries(fit.offsets).map(([name, offset]) => {
    const nominal = known[name] ?? 0;
    const delta = offset - nominal;
    return {
      metric_id: name,
      current_value: offset,
      nominal_value: nominal,
      delta,
      threshold,
      threshold_exceeded: Math.abs(delta) > threshold,
      unit: "rad",
    };
  });
  const moved = drift.filter((metric) => metric.threshold_exceeded);
  const nodes = [...new Set(moved.map(({ metric_id }) => metric_id.split(".")[0]))];
  context.emit({ type: "calibration.fitted", attrs: { cost: fit.cost, moved: nodes.length } });
  return {
    procedure: { optimizer: "levenberg-marquardt", starts, probes, iterations },
    state: { version: (context.calibration?.version ?? 0) + 1, offsets: fit.offsets },
    drift,
    recommended_action:
      nodes.length === 0 ? { action: "none" } : { action: "recalibrate", target_nodes: nodes },
    final_cost: fit.cost,
    convergence_reason: fit.reason,
  };
});

/** Check what must hold: energy, unitarity, and the calibrated powers against the design. */
export const validation = executor("photonic-validation", (graph, context) => {
  const { tolerance = 1e-6 } = context.parameters;
  const phases = programmedPhases(graph);
  const offsets = context.calibration?.offsets ?? {};
  const powers = powersOf(graph, phases, offsets);
  const lost = Math.abs(powers.reduce((sum, power) => sum + power, 0) - inputPower(graph));
  const design = powersOf(withoutErrors(graph), phases);
  const off = Math.max(...powers.map((power, mode) => Math.abs(power - design[mode])));
  const constraints = [
    atMost("energy_conserved", lost, 1e-12, "Power out is power in."),
    atMost("unitary", unitarityError(graph, phases, offsets), 1e-12, "U†U is the identity."),
    atMost("powers_as_designed", off, tolerance, "Each power is that of the mesh as designed."),
  ];
  for (const { name, actual } of constraints) context.metric(`validation/${name}`, actual);
  return {
    procedure: { name: "photonic-validation", tolerance },
    passed: constraints.every(({ passed }) => passed),
    constraints,
  };
});

function atMost(name, actual, expected, message) {
  return { name, passed: actual <= expected, expected, actual, message };
}

function withoutErrors(graph) {
  const nodes = graph.nodes.map((node) =>
    node.type === "mzi"
      ? { ...node, params: { ...node.params, theta_error: 0, phi_error: 0 } }
      : node,
  );
  return { ...graph, nodes };
}

/** The largest element of U†U - 1, where the columns of U are the answers to light in one mode. */
function unitarityError(graph, phases, offsets) {
  const columns = Array.from({ length: modes }, (_, input) => {
    const { nodes } = buildMesh({ input });
    const sources = new Map(nodes.map((node) => [node.id, node]));
    const lit = graph.nodes.map((node) => (node.type === "source" ? sources.get(node.id) : node));
    return propagate({ ...graph, nodes: lit }, phases, offsets);
  });
  let worst = 0;
  for (const [i, a] of columns.entries())
    for (const [j, b] of columns.entries()) {
      let [re, im] = [i === j ? -1 : 0, 0];
      for (const [mode, [aRe, aIm]] of a.entries()) {
        const [bRe, bIm] = b[mode];
        re += aRe * bRe + aIm * bIm;
        im += aRe * bIm - aIm * bRe;
      }
      worst = Math.max(worst, Math.hypot(re, im));
    }
  return worst;
}
