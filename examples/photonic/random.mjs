/**
 * Random numbers from a seed: the same everywhere, because only whole numbers are computed with.
 * SplitMix32 (Steele, Lea, Flood 2014, as a 32-bit variant).
 */
export function createRandom(seed) {
  let state = Number(BigInt(seed) & 0xffffffffn) >>> 0;
  const next = () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
  return {
    /** A number from 0 to below 1. */
    uniform: () => next() / 2 ** 32,
    /** A number from -width to below width. */
    around: (width) => (next() / 2 ** 31 - 1) * width,
  };
}

/** Where `shots` photons are counted when each is found at a detector by these probabilities. */
export function countPhotons(probabilities, shots, random) {
  const total = probabilities.reduce((sum, probability) => sum + probability, 0);
  const counts = probabilities.map(() => 0);
  for (let shot = 0; shot < shots; shot += 1) {
    let left = random.uniform() * total;
    const found = probabilities.findIndex((probability) => {
      left -= probability;
      return left < 0;
    });
    counts[found === -1 ? counts.length - 1 : found] += 1;
  }
  return counts;
}
