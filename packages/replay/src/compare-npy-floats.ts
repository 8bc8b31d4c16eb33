import type { ArrayTally } from "./compare-npy-tally.ts";
import type { NumberTolerance } from "./tolerance.ts";
import { ordinal32, wordDistance } from "./ulp-distance.ts";

/** Two pieces of data of the same length, of floats in the order of bytes of this machine. */
export interface FloatBlocks {
  readonly left: ArrayBuffer;
  readonly right: ArrayBuffer;
  readonly count: number;
}

/** Whether this machine has the low byte first, as the usual ones do. */
export const isLittleEndian: boolean = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * What {@link compareNumbers} does, for many doubles or singles: one loop without an object or a
 * call for each element, an order of magnitude faster where most elements differ.
 * @param beyond Called with the index of each element that differs by more than is allowed.
 */
export function compareFloats(
  { left, right, count }: FloatBlocks,
  itemsize: 4 | 8,
  { absolute, relative, ulp = 0, nan }: NumberTolerance,
  tally: ArrayTally,
  beyond: (index: number) => void,
): void {
  const a = itemsize === 8 ? new Float64Array(left) : new Float32Array(left);
  const b = itemsize === 8 ? new Float64Array(right) : new Float32Array(right);
  const wordsA = new Uint32Array(left);
  const wordsB = new Uint32Array(right);
  const [high, low] = isLittleEndian ? [1, 0] : [0, 1];
  const isNanEqual = nan !== "different";
  let { differingCount, maxAbsoluteError, maxRelativeError, maxUlpError } = tally;
  for (let index = 0; index < count; index += 1) {
    const x = a[index] as number;
    const y = b[index] as number;
    if (x === y || (isNanEqual && Number.isNaN(x) && Number.isNaN(y))) continue;
    differingCount += 1;
    const error = Math.abs(x - y);
    const size = Math.abs(x);
    const relativeError = size === 0 ? Number.POSITIVE_INFINITY : error / size;
    let distance = Number.POSITIVE_INFINITY;
    const areFinite = Number.isFinite(x) && Number.isFinite(y);
    if (areFinite)
      distance =
        itemsize === 8
          ? wordDistance(
              wordsA[2 * index + high] as number,
              wordsA[2 * index + low] as number,
              wordsB[2 * index + high] as number,
              wordsB[2 * index + low] as number,
            )
          : Math.abs(ordinal32(wordsA[index] as number) - ordinal32(wordsB[index] as number));
    if (!Number.isNaN(error)) {
      if (error > maxAbsoluteError) maxAbsoluteError = error;
      if (relativeError > maxRelativeError) maxRelativeError = relativeError;
      if (distance > maxUlpError) maxUlpError = distance;
    }
    if (!areFinite || (error > absolute + relative * size && distance > ulp)) beyond(index);
  }
  tally.differingCount = differingCount;
  tally.maxAbsoluteError = maxAbsoluteError;
  tally.maxRelativeError = maxRelativeError;
  tally.maxUlpError = maxUlpError;
}
