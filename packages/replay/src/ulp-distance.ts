const doubles = new Float64Array(1);
const doubleWords = new Uint32Array(doubles.buffer);
const floats = new Float32Array(1);
const floatWords = new Uint32Array(floats.buffer);
/** Which of the two words of a double holds its sign. */
const high: number = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 1 : 0;
const signBit = 0x8000_0000;
const sizeBits = 0x7fff_ffff;
const wordSize = 2 ** 32;

/**
 * How many steps to the next double lead from one number to the other: 0 for equal ones, 1 for
 * neighbours, the same in both directions; -0 and 0 are one number.
 *
 * Exact up to 2^53, rounded to a double beyond. Infinity when one of two unequal numbers is
 * infinite, NaN when one is NaN: no number of steps leads there.
 */
export function ulpDistance(a: number, b: number): number {
  if (a === b) return 0;
  if (!Number.isFinite(a) || !Number.isFinite(b)) return unreachable(a, b);
  doubles[0] = a;
  const highA = doubleWords[high] ?? 0;
  const lowA = doubleWords[1 - high] ?? 0;
  doubles[0] = b;
  return wordDistance(highA, lowA, doubleWords[high] ?? 0, doubleWords[1 - high] ?? 0);
}

/** The same for numbers that single precision holds. */
export function ulpDistance32(a: number, b: number): number {
  if (a === b) return 0;
  if (!Number.isFinite(a) || !Number.isFinite(b)) return unreachable(a, b);
  floats[0] = a;
  const bitsA = floatWords[0] ?? 0;
  floats[0] = b;
  return Math.abs(ordinal32(bitsA) - ordinal32(floatWords[0] ?? 0));
}

/** The same for numbers that half precision holds. */
export function ulpDistance16(a: number, b: number): number {
  if (a === b) return 0;
  if (!Number.isFinite(a) || !Number.isFinite(b)) return unreachable(a, b);
  return Math.abs(ordinal16(a) - ordinal16(b));
}

/** The distance of two finite doubles, given as the words of their bits. */
export function wordDistance(highA: number, lowA: number, highB: number, lowB: number): number {
  const sizeA = highA & sizeBits;
  const sizeB = highB & sizeBits;
  // Subtracting the words first keeps what is near exact.
  return highA >= signBit === highB >= signBit
    ? Math.abs((sizeA - sizeB) * wordSize + (lowA - lowB))
    : (sizeA + sizeB) * wordSize + (lowA + lowB);
}

/** The place of a single among all singles, with 0 in the middle. */
export function ordinal32(bits: number): number {
  return bits >= signBit ? signBit - bits : bits;
}

/** The place of a half among all halves, from its value: steps of 2^-24 up to 2^-13, then wider. */
function ordinal16(value: number): number {
  const size = Math.abs(value);
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const steps = size * 2 ** (10 - exponent); // Below 1024 only where numbers are subnormal.
  const place = size === 0 ? 0 : (exponent + 14) * 1024 + steps;
  return value < 0 ? -place : place;
}

function unreachable(a: number, b: number): number {
  return Number.isNaN(a) || Number.isNaN(b) ? Number.NaN : Number.POSITIVE_INFINITY;
}
