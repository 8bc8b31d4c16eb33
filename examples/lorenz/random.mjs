// Random numbers from a seed: 32-bit integers only, so that every machine draws the same ones.

/** A generator of numbers in [0, 1): xorshift32, started from the decimal digits of a seed. */
export function createRandom(seed) {
  let state = 2166136261; // FNV-1a spreads neighbouring seeds apart.
  for (const character of String(seed))
    state = Math.imul(state ^ character.charCodeAt(0), 16777619) >>> 0;
  if (state === 0) state = 1; // The one state that xorshift never leaves.

  return function next() {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 4294967296;
  };
}

/** A direction in space, every one equally likely: a point of the unit ball, pushed to its surface. */
export function randomDirection(random) {
  for (;;) {
    const [x, y, z] = [2 * random() - 1, 2 * random() - 1, 2 * random() - 1];
    const length = Math.sqrt(x * x + y * y + z * z);
    if (length > 0.01 && length <= 1) return [x / length, y / length, z / length];
  }
}
