import type { ArrayTally } from "./compare-npy-tally.ts";
import type { NpyDtype } from "./npy-dtype.ts";
import type { NumberTolerance } from "./tolerance.ts";
import { ordinal32, wordDistance } from "./ulp-distance.ts";

/** Two pieces of data of the same length, of numbers in the order of bytes of this machine. */
export interface NumberBlocks {
  readonly left: ArrayBuffer;
  readonly right: ArrayBuffer;
  readonly count: number;
}

const views = {
  float4: Float32Array,
  float8: Float64Array,
  int1: Int8Array,
  int2: Int16Array,
  int4: Int32Array,
  uint1: Uint8Array,
  uint2: Uint16Array,
  uint4: Uint32Array,
};

/** A type of numbers that {@link compareBlocks} knows. */
export type BlockType =
  | "float4"
  | "float8"
  | "int1"
  | "int2"
  | "int4"
  | "uint1"
  | "uint2"
  | "uint4";

/** Whether this machine has the low byte first, as the usual ones do. */
const isLittleEndian: boolean = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The type of numbers that elements are; `undefined` when they are something else. */
export function blockTypeOf(dtype: NpyDtype): BlockType | undefined {
  if (dtype.kind === "struct" || dtype.kind === "array") return undefined;
  if (dtype.itemsize > 1 && dtype.isBigEndian === isLittleEndian) return undefined;
  const type = `${dtype.kind}${dtype.itemsize}`;
  return Object.hasOwn(views, type) ? (type as BlockType) : undefined;
}

/**
 * What `compareNumbers` does, for many numbers: one loop without an object or a call for each
 * element, an order of magnitude faster where most elements differ.
 * @param beyond Called with the index of each element that differs by more than is allowed.
 */
export function compareBlocks(
  { left, right, count }: NumberBlocks,
  type: BlockType,
  { absolute, relative, ulp = 0, nan }: NumberTolerance,
  tally: ArrayTally,
  beyond: (index: number) => void,
): void {
  const a = new views[type](left);
  const b = new views[type](right);
  const wordsA = new Uint32Array(left);
  const wordsB = new Uint32Array(right);
  const [high, low] = isLittleEndian ? [1, 0] : [0, 1];
  const [isDouble, isSingle] = [type === "float8", type === "float4"];
  const isNanEqual = nan !== "different";
  let { differingCount, maxAbsoluteError, maxRelativeError, maxUlpError } = tally;
  for (let index = 0; index < count; index += 1) {
    const x = a[index] as number;
    const y = b[index] as number;
    if (x === y || (isNanEqual && Number.isNaN(x) && Number.isNaN(y))) continue;
    differingCount += 1;
    const error = Math.abs(x - y);
    const size = Math.abs(x);
    const relativeError = error / size;
    const areFinite = Number.isFinite(x) && Number.isFinite(y);
    let distance = Number.POSITIVE_INFINITY;
    if (areFinite && isDouble)
      distance = wordDistance(
        wordsA[2 * index + high] as number,
        wordsA[2 * index + low] as number,
        wordsB[2 * index + high] as number,
        wordsB[2 * index + low] as number,
      );
    else if (areFinite && isSingle)
      distance = Math.abs(ordinal32(wordsA[index] as number) - ordinal32(wordsB[index] as number));
    if (!Number.isNaN(error)) {
      if (error > maxAbsoluteError) maxAbsoluteError = error;
      if (relativeError > maxRelativeError) maxRelativeError = relativeError;
      if (distance > maxUlpError && (isDouble || isSingle)) maxUlpError = distance;
    }
    if (!areFinite || (error > absolute + relative * size && distance > ulp)) beyond(index);
  }
  tally.differingCount = differingCount;
  tally.maxAbsoluteError = maxAbsoluteError;
  tally.maxRelativeError = maxRelativeError;
  tally.maxUlpError = maxUlpError;
}
