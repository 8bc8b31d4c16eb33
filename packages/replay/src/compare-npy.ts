import type { Difference } from "@reseal/schema";
import type { ByteSource } from "@reseal/store";
import { sides } from "./compare-json.ts";
import { BlockPair, noteElement } from "./compare-npy-blocks.ts";
import { ArrayTally } from "./compare-npy-tally.ts";
import { elementComparer } from "./compare-npy-value.ts";
import { type NpyStream, openNpy } from "./npy.ts";
import { dtypeName, isSameDtype } from "./npy-dtype-name.ts";
import { indexAt, isFlat, reorder } from "./npy-index.ts";
import type { PayloadComparison } from "./payload-comparison.ts";
import { exact, type NumberTolerance } from "./tolerance.ts";

/** What {@link compareNpy} may know about the two files. */
export interface CompareNpyOptions {
  /** Bytes of the files: what does not fit its header is refused before any data is read. */
  readonly originalSize?: number | undefined;
  readonly candidateSize?: number | undefined;
  /**
   * Arrays of more bytes, 64 MiB unless given, are not reordered in memory when one has rows first
   * and the other columns first; then that is the difference.
   */
  readonly reorderedBytesMax?: number | undefined;
}

/**
 * Compare two NumPy arrays element by element, numbers within the tolerance, in memory that does
 * not grow with them.
 *
 * Type and shape must be the same; the order of bytes and of dimensions may differ. The first
 * difference is the element with the smallest index, rows first, that differs beyond tolerance.
 * NaN equals NaN unless the tolerance says otherwise, whatever its bits; -0 equals 0. Tolerances
 * are for integers, floats and complex numbers (by the length of their difference); booleans,
 * texts, bytes, dates, durations and long doubles are the same or not. Padding is no data.
 * @throws `REPLAY_NPY_INVALID` when one of the two cannot be read; see {@link openNpy}.
 */
export async function compareNpy(
  original: ByteSource,
  candidate: ByteSource,
  tolerance: NumberTolerance = exact,
  options: CompareNpyOptions = {},
): Promise<PayloadComparison> {
  const { originalSize, candidateSize, reorderedBytesMax = 64 * 1024 * 1024 } = options;
  await using a = await openNpy(original, { size: originalSize });
  await using b = await openNpy(candidate, { size: candidateSize });
  if (!isSameDtype(a.dtype, b.dtype))
    return unlike("dtype", dtypeName(a.dtype), dtypeName(b.dtype));
  if (a.shape.length !== b.shape.length || a.shape.some((length, at) => length !== b.shape[at]))
    return unlike("shape", a.shape, b.shape);
  if (a.isFortranOrder === b.isFortranOrder || isFlat(a.shape))
    return await compareInOrder(a, b, tolerance);
  if (a.dataBytes > reorderedBytesMax)
    return unlike("order", orderOf(a.isFortranOrder), orderOf(b.isFortranOrder));
  return await compareReordered(a, b, tolerance);
}

function unlike(
  aspect: NonNullable<Difference["aspect"]>,
  original: unknown,
  candidate: unknown,
): PayloadComparison {
  return { status: "different", firstDifference: { aspect, ...sides(original, candidate) } };
}

function orderOf(isFortranOrder: boolean): string {
  return isFortranOrder ? "columns first" : "rows first";
}

async function compareInOrder(
  a: NpyStream,
  b: NpyStream,
  tolerance: NumberTolerance,
): Promise<PayloadComparison> {
  const { dtype, shape, isFortranOrder } = a;
  const isColumns = isFortranOrder && !isFlat(shape);
  const tally = new ArrayTally(isColumns ? reorder(shape, true) : undefined);
  const pair = new BlockPair(dtype, b.dtype, tolerance, tally, (place) =>
    indexAt(place, shape, isColumns),
  );
  for (let place = 0; ; ) {
    const [count] = await Promise.all([a.read(pair.leftBytes), b.read(pair.rightBytes)]);
    if (count === 0) return tally.result();
    pair.compare(count / dtype.itemsize, place);
    place += count / dtype.itemsize;
  }
}

async function compareReordered(
  a: NpyStream,
  b: NpyStream,
  tolerance: NumberTolerance,
): Promise<PayloadComparison> {
  const { dtype, shape, elementCount } = a;
  const [left, right] = [new Uint8Array(a.dataBytes), new Uint8Array(b.dataBytes)];
  for (const [stream, bytes] of [[a, left] as const, [b, right] as const]) {
    await stream.read(bytes);
    await stream.read(new Uint8Array(1)); // Nothing may follow.
  }
  const tally = new ArrayTally();
  const site = { left: new DataView(left.buffer), right: new DataView(right.buffer) };
  const compare = elementComparer(dtype, b.dtype, tolerance);
  const inColumns = reorder(shape, false);
  const size = dtype.itemsize;
  for (let place = 0; place < elementCount; place += 1) {
    const other = inColumns(place);
    const [x, y] = a.isFortranOrder ? [other * size, place * size] : [place * size, other * size];
    noteElement(tally, compare, site, x, y, place, () => indexAt(place, shape, false));
  }
  return tally.result();
}
