// The system of E. N. Lorenz, "Deterministic Nonperiodic Flow", J. Atmos. Sci. 20 (1963):
//   dx/dt = sigma (y - x)    dy/dt = x (rho - z) - y    dz/dt = x y - beta z
// Only + - * / and sqrt: IEEE 754 fixes their results to the last bit, on every machine.
import { createRandom, randomDirection } from "./random.mjs";

const SPIN_UP_TIME = 20; // From an arbitrary start onto the attractor.

/** One step of the classical Runge-Kutta method of order four, in place. */
function advance(state, offset, { sigma, rho, beta, dt }) {
  const half = dt / 2;
  const x = state[offset];
  const y = state[offset + 1];
  const z = state[offset + 2];

  const ax = sigma * (y - x);
  const ay = x * (rho - z) - y;
  const az = x * y - beta * z;

  let u = x + half * ax;
  let v = y + half * ay;
  let w = z + half * az;
  const bx = sigma * (v - u);
  const by = u * (rho - w) - v;
  const bz = u * v - beta * w;

  u = x + half * bx;
  v = y + half * by;
  w = z + half * bz;
  const cx = sigma * (v - u);
  const cy = u * (rho - w) - v;
  const cz = u * v - beta * w;

  u = x + dt * cx;
  v = y + dt * cy;
  w = z + dt * cz;
  const dx = sigma * (v - u);
  const dy = u * (rho - w) - v;
  const dz = u * v - beta * w;

  state[offset] = x + (dt / 6) * (ax + 2 * bx + 2 * cx + dx);
  state[offset + 1] = y + (dt / 6) * (ay + 2 * by + 2 * cy + dy);
  state[offset + 2] = z + (dt / 6) * (az + 2 * bz + 2 * cz + dz);
}

/**
 * Follow one reference start and an ensemble of starts that lie `perturbation` away from it.
 *
 * `onSample({ step, time, state })` is called at step 0 and then every `sampleEvery` steps. `state`
 * holds x, y, z of the reference first, then of each member; it changes after the call.
 */
export function integrate(parameters, onSample) {
  const { dt, members, perturbation, sampleEvery, seed, steps } = parameters;
  const state = new Float64Array(3 * (members + 1));
  state.set([1, 1, 1]);
  for (let step = 0; step < SPIN_UP_TIME / dt; step += 1) advance(state, 0, parameters);

  const random = createRandom(seed);
  for (let offset = 3; offset < state.length; offset += 3) {
    const direction = randomDirection(random);
    for (let axis = 0; axis < 3; axis += 1)
      state[offset + axis] = state[axis] + perturbation * direction[axis];
  }

  onSample({ step: 0, time: 0, state });
  for (let step = 1; step <= steps; step += 1) {
    for (let offset = 0; offset < state.length; offset += 3) advance(state, offset, parameters);
    if (step % sampleEvery === 0) onSample({ step, time: step * dt, state });
  }
}

/** Distances of the members from the reference: root mean square, smallest and largest. */
export function spread(state) {
  let sum = 0;
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  for (let offset = 3; offset < state.length; offset += 3) {
    const dx = state[offset] - state[0];
    const dy = state[offset + 1] - state[1];
    const dz = state[offset + 2] - state[2];
    const squared = dx * dx + dy * dy + dz * dz;
    sum += squared;
    if (squared < least) least = squared;
    if (squared > most) most = squared;
  }
  const count = state.length / 3 - 1;
  return { rms: Math.sqrt(sum / count), least: Math.sqrt(least), most: Math.sqrt(most) };
}
