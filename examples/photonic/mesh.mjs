/**
 * A mesh of Mach-Zehnder interferometers on complex amplitudes.
 *
 * A 2×2 interferometer is a phase φ on the upper input, a 50:50 coupler, a phase θ in the upper
 * arm and a second coupler:
 *
 *     T(θ, φ) = B · diag(e^iθ, 1) · B · diag(e^iφ, 1),   B = 1/√2 · [[1, i], [i, 1]]
 *
 * It is unitary, so power is conserved. Six of them in the rectangular arrangement of Clements et
 * al. (Optica 3, 1460, 2016) reach, up to output phases, every unitary of four modes.
 */

const couplings = [
  ["m0", 0],
  ["m1", 2],
  ["m2", 1],
  ["m3", 0],
  ["m4", 2],
  ["m5", 1],
];

export const modes = 4;

/**
 * The mesh as a graph: sources, interferometers, detectors.
 *
 * @param phases θ and φ by interferometer, in radians; what is not there is 0.
 * @param input Mode that the light enters.
 * @param errors What fabrication added to the phases, the same shape: unknown to a laboratory, and
 *   found by calibration.
 */
export function buildMesh({ phases = {}, input = 0, errors = {} } = {}) {
  const nodes = [];
  const edges = [];
  const ends = [];
  for (let mode = 0; mode < modes; mode += 1) {
    nodes.push({ id: `in${mode}`, type: "source", params: { amplitude: mode === input ? 1 : 0 } });
    ends.push([`in${mode}`, "out"]);
  }
  const connect = (mode, node, port) => {
    const [src_node, src_port] = ends[mode];
    edges.push({ src_node, src_port, dst_node: node, dst_port: port });
  };
  for (const [id, upper] of couplings) {
    const { theta = 0, phi = 0 } = phases[id] ?? {};
    const { theta: theta_error = 0, phi: phi_error = 0 } = errors[id] ?? {};
    nodes.push({ id, type: "mzi", params: { theta, phi, theta_error, phi_error } });
    for (const [mode, port] of [
      [upper, "upper"],
      [upper + 1, "lower"],
    ]) {
      connect(mode, id, port);
      ends[mode] = [id, port];
    }
  }
  for (let mode = 0; mode < modes; mode += 1) {
    nodes.push({ id: `out${mode}`, type: "detector" });
    connect(mode, `out${mode}`, "in");
  }
  return { nodes, edges, metadata: { layout: "clements", modes: String(modes) } };
}

/** The interferometers of a graph. */
export function interferometers(graph) {
  return graph.nodes.filter(({ type }) => type === "mzi");
}

/** The phases that are programmed, by `<node>.theta` and `<node>.phi`: given ones win. */
export function programmedPhases(graph, given = {}) {
  const phases = {};
  for (const { id, params } of interferometers(graph))
    for (const name of ["theta", "phi"])
      phases[`${id}.${name}`] = given[`${id}.${name}`] ?? params[name];
  return phases;
}

/**
 * Send light through the graph.
 *
 * @param phases Programmed phases, see `programmedPhases`.
 * @param offsets What calibration found the device to add; it is subtracted again.
 * @returns The complex amplitude at each detector, as [re, im], in the order of the detectors.
 */
export function propagate(graph, phases, offsets = {}) {
  const incoming = Map.groupBy(graph.edges, ({ dst_node }) => dst_node);
  const amplitudes = new Map();
  // The builder lists nodes in the order of the light; a graph that does not is refused below.
  for (const { id, type, params = {} } of graph.nodes) {
    const ports = {};
    for (const { src_node, src_port, dst_port } of incoming.get(id) ?? []) {
      const light = amplitudes.get(`${src_node}.${src_port}`);
      if (light === undefined) throw new RangeError(`${src_node} comes after ${id}.`);
      ports[dst_port] = light;
    }
    if (type === "source") amplitudes.set(`${id}.out`, [params.amplitude, 0]);
    else if (type === "detector") amplitudes.set(`${id}.seen`, ports.in);
    else if (type === "mzi") {
      const phase = (name) =>
        phases[`${id}.${name}`] + params[`${name}_error`] - (offsets[`${id}.${name}`] ?? 0);
      const [upper, lower] = interfere(ports.upper, ports.lower, phase("theta"), phase("phi"));
      amplitudes.set(`${id}.upper`, upper);
      amplitudes.set(`${id}.lower`, lower);
    } else throw new RangeError(`${id} is of the unknown type ${type}.`);
  }
  return graph.nodes
    .filter(({ type }) => type === "detector")
    .map(({ id }) => amplitudes.get(`${id}.seen`));
}

/** The powers at the detectors, in units of the input power. */
export function powersOf(graph, phases, offsets) {
  return propagate(graph, phases, offsets).map(([re, im]) => re * re + im * im);
}

/** The power that the sources send. */
export function inputPower(graph) {
  return graph.nodes
    .filter(({ type }) => type === "source")
    .reduce((sum, { params }) => sum + params.amplitude ** 2, 0);
}

function interfere(upper, lower, theta, phi) {
  const [first, second] = couple(turn(upper, phi), lower);
  return couple(turn(first, theta), second);
}

function couple([a, b], [c, d]) {
  return [
    [(a - d) * Math.SQRT1_2, (b + c) * Math.SQRT1_2],
    [(c - b) * Math.SQRT1_2, (d + a) * Math.SQRT1_2],
  ];
}

function turn([re, im], angle) {
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  return [re * cosine - im * sine, re * sine + im * cosine];
}
