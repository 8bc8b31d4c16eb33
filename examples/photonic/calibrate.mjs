import { interferometers, powersOf } from "./mesh.mjs";

/**
 * Fit the phase offsets of a mesh to the powers that it shows for random settings.
 *
 * Levenberg-Marquardt from seeded starts; the derivatives are exact, by parameter shift. Light in
 * one mode cannot show a phase in front of the first interferometers: those offsets stay near the
 * start and are left out.
 *
 * @returns Offsets by `<node>.theta` and `<node>.phi`, the cost (mean squared residual) and a trace.
 */
export function fitOffsets(graph, { random, starts, probes, iterations, onStep }) {
  const names = observable(graph);
  const settings = Array.from({ length: probes }, () => randomSetting(graph, random));
  const measured = settings.map(({ lit, phases }) => powersOf(lit, phases));
  const model = settings.map(({ lit, phases }) => ({ lit: withoutErrors(lit), phases }));
  const trace = [];
  let best;
  for (let start = 0; start < starts; start += 1) {
    let offsets = names.map(() => random.around(0.2));
    let cost = costOf(residuals(model, measured, names, offsets));
    let damping = 1e-2;
    let reason = "max_iterations";
    for (let iteration = 0; iteration < iterations; iteration += 1) {
      const step = { start, iteration, evaluation: trace.length, cost, damping };
      trace.push(step);
      onStep(step);
      if (cost < 1e-24) {
        reason = "threshold_met";
        break;
      }
      const next = improve(model, measured, names, { offsets, damping });
      if (next.cost < cost) {
        ({ offsets, cost } = next);
        damping = Math.max(damping / 5, 1e-12);
      } else damping *= 10;
      if (damping > 1e9) {
        reason = "no_improvement";
        break;
      }
    }
    if (best === undefined || cost < best.cost) best = { offsets, cost, reason };
  }
  return {
    offsets: Object.fromEntries(names.map((name, index) => [name, wrap(best.offsets[index])])),
    cost: best.cost,
    reason: best.reason,
    trace,
  };
}

function observable(graph) {
  const lit = new Set(
    graph.edges.filter(({ src_node }) => src_node.startsWith("in")).map(({ dst_node }) => dst_node),
  );
  const first = new Set(
    [...lit].filter((id) =>
      graph.edges.every(({ src_node, dst_node }) => dst_node !== id || src_node.startsWith("in")),
    ),
  );
  return interferometers(graph).flatMap(({ id }) =>
    first.has(id) ? [`${id}.theta`] : [`${id}.theta`, `${id}.phi`],
  );
}

function randomSetting(graph, random) {
  const sources = graph.nodes.filter(({ type }) => type === "source");
  const input = sources[Math.floor(random.uniform() * sources.length)].id;
  const nodes = graph.nodes.map((node) =>
    node.type === "source" ? { ...node, params: { amplitude: node.id === input ? 1 : 0 } } : node,
  );
  const phases = {};
  for (const { id } of interferometers(graph))
    for (const name of ["theta", "phi"]) phases[`${id}.${name}`] = random.around(Math.PI);
  return { lit: { ...graph, nodes }, phases };
}

function withoutErrors(graph) {
  const nodes = graph.nodes.map((node) =>
    node.type === "mzi"
      ? { ...node, params: { ...node.params, theta_error: 0, phi_error: 0 } }
      : node,
  );
  return { ...graph, nodes };
}

/** What the model, with these offsets added to its phases, shows too much. */
function residuals(model, measured, names, offsets) {
  return model.flatMap(({ lit, phases }, probe) =>
    powersOf(lit, shifted(phases, names, offsets)).map(
      (power, mode) => power - measured[probe][mode],
    ),
  );
}

function shifted(phases, names, offsets) {
  const moved = { ...phases };
  for (const [index, name] of names.entries()) moved[name] += offsets[index];
  return moved;
}

function costOf(values) {
  return values.reduce((sum, value) => sum + value * value, 0) / values.length;
}

function improve(model, measured, names, { offsets, damping }) {
  const residual = residuals(model, measured, names, offsets);
  const columns = names.map((_, index) => {
    const at = (delta) =>
      residuals(
        model,
        measured,
        names,
        offsets.map((offset, other) => (other === index ? offset + delta : offset)),
      );
    const [plus, minus] = [at(Math.PI / 2), at(-Math.PI / 2)];
    return plus.map((value, row) => (value - minus[row]) / 2);
  });
  const matrix = columns.map((a, i) => columns.map((b, j) => dot(a, b) + (i === j ? damping : 0)));
  const step = solve(
    matrix,
    columns.map((column) => -dot(column, residual)),
  );
  const next = offsets.map((offset, index) => offset + step[index]);
  return { offsets: next, cost: costOf(residuals(model, measured, names, next)) };
}

function dot(a, b) {
  return a.reduce((sum, value, index) => sum + value * b[index], 0);
}

/** Gaussian elimination; the damped matrix is positive definite, so no pivot is zero. */
function solve(matrix, right) {
  const rows = matrix.map((row, index) => [...row, right[index]]);
  const size = rows.length;
  for (let column = 0; column < size; column += 1)
    for (let row = column + 1; row < size; row += 1) {
      const factor = rows[row][column] / rows[column][column];
      for (let k = column; k <= size; k += 1) rows[row][k] -= factor * rows[column][k];
    }
  const result = new Array(size).fill(0);
  for (let row = size - 1; row >= 0; row -= 1) {
    let value = rows[row][size];
    for (let k = row + 1; k < size; k += 1) value -= rows[row][k] * result[k];
    result[row] = value / rows[row][row];
  }
  return result;
}

/** The same angle between -π and π. */
function wrap(angle) {
  return angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));
}
