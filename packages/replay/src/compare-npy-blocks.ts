import { sides } from "./compare-json.ts";
import { type BlockType, blockTypeOf, compareBlocks } from "./compare-npy-numbers.ts";
import type { ArrayTally } from "./compare-npy-tally.ts";
import {
  type DifferingPart,
  type ElementComparer,
  elementComparer,
  type Site,
} from "./compare-npy-value.ts";
import type { NpyDtype } from "./npy-dtype.ts";
import { dtypeName } from "./npy-dtype-name.ts";
import { isNumber, npyValue } from "./npy-value.ts";
import type { NumberTolerance } from "./tolerance.ts";

/** Bytes of each side that are held at a time, but for elements that are larger. */
const blockBytes = 1024 * 1024;

/** Two buffers for as many elements as fit, and how to compare what is in them. */
export class BlockPair {
  readonly leftBytes: Uint8Array;
  readonly rightBytes: Uint8Array;
  readonly #site: Site & {
    readonly left: DataView<ArrayBuffer>;
    readonly right: DataView<ArrayBuffer>;
  };
  readonly #original: Ordered;
  readonly #candidate: Ordered;
  readonly #type: BlockType | undefined;
  readonly #skipsSameBytes: boolean;
  readonly #compare: ElementComparer;
  readonly #tolerance: NumberTolerance;
  readonly #tally: ArrayTally;
  readonly #indexOf: (place: number) => number[];

  /** @param indexOf Gives the index of the element at a place in the data. */
  constructor(
    original: NpyDtype,
    candidate: NpyDtype,
    tolerance: NumberTolerance,
    tally: ArrayTally,
    indexOf: (place: number) => number[],
  ) {
    const size = Math.max(1, original.itemsize);
    const bytes = Math.max(size, blockBytes - (blockBytes % size));
    // Padded, so that views of words fit.
    const [left, right] = [paddedBuffer(bytes), paddedBuffer(bytes)];
    this.leftBytes = new Uint8Array(left, 0, bytes);
    this.rightBytes = new Uint8Array(right, 0, bytes);
    this.#site = { left: new DataView(left), right: new DataView(right) };
    this.#original = lowByteFirst(original);
    this.#candidate = lowByteFirst(candidate);
    const [a, b] = [this.#original.dtype, this.#candidate.dtype];
    const isSameOrder = dtypeName(a) === dtypeName(b);
    this.#type = isSameOrder ? blockTypeOf(a) : undefined;
    this.#skipsSameBytes = isSameOrder && tolerance.nan !== "different";
    this.#compare = elementComparer(a, b, tolerance);
    this.#tolerance = tolerance;
    this.#tally = tally;
    this.#indexOf = indexOf;
  }

  /** Compare the first elements of the buffers; `place` is where in the data they stand. */
  compare(count: number, place: number): void {
    const size = this.#original.dtype.itemsize;
    const left = swap(this.leftBytes.subarray(0, count * size), this.#original.swapped);
    const right = swap(this.rightBytes.subarray(0, count * size), this.#candidate.swapped);
    if (this.#skipsSameBytes && Buffer.compare(left, right) === 0) return;
    if (this.#type !== undefined) {
      this.#compareNumbers(this.#type, count, place);
      return;
    }
    for (let index = 0; index < count; index += 1) {
      const at = index * size;
      if (this.#skipsSameBytes && isSame(left, right, at, size)) continue;
      noteElement(this.#tally, this.#compare, this.#site, at, at, place + index, () =>
        this.#indexOf(place + index),
      );
    }
  }

  #compareNumbers(type: BlockType, count: number, place: number): void {
    const { left, right } = this.#site;
    const { dtype } = this.#original;
    const blocks = { left: left.buffer, right: right.buffer, count };
    compareBlocks(blocks, type, this.#tolerance, this.#tally, (index) => {
      if (!this.#tally.isFirst(place + index)) return;
      const at = index * dtype.itemsize;
      this.#tally.describe({
        index: this.#indexOf(place + index),
        ...sides(npyValue(dtype, left, at), npyValue(dtype, right, at)),
      });
    });
  }
}

/** Compare one element by its parts and note what differs. */
export function noteElement(
  tally: ArrayTally,
  compare: ElementComparer,
  site: Site,
  left: number,
  right: number,
  place: number,
  indexOf: () => number[],
): void {
  let isDifferent = false;
  compare(site, left, right, ({ result, field, offset, original, candidate }: DifferingPart) => {
    isDifferent = true;
    tally.errors(result);
    if (result.isWithin || !tally.isFirst(place)) return;
    tally.describe({
      index: indexOf(),
      ...(field !== "" && { field }),
      ...sides(
        npyValue(original, site.left, left + offset),
        npyValue(candidate, site.right, right + offset),
      ),
    });
  });
  if (isDifferent) tally.differingCount += 1;
}

/** A type, and how many bytes at a time are to be swapped to make it so; 0 for none. */
interface Ordered {
  readonly dtype: NpyDtype;
  readonly swapped: 0 | 2 | 4 | 8;
}

/** Numbers with the high byte first are swapped by the block: then they are as fast as others. */
function lowByteFirst(dtype: NpyDtype): Ordered {
  if (dtype.kind === "struct" || dtype.kind === "array" || !dtype.isBigEndian)
    return { dtype, swapped: 0 };
  const { kind, itemsize } = dtype;
  const isOdd = (kind === "float" || kind === "complex") && !isNumber(dtype);
  const width = kind === "text" ? 4 : kind === "complex" ? itemsize / 2 : itemsize;
  if (isOdd || (width !== 2 && width !== 4 && width !== 8)) return { dtype, swapped: 0 };
  return { dtype: { ...dtype, isBigEndian: false }, swapped: width };
}

function swap(bytes: Uint8Array, width: Ordered["swapped"]): Buffer {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (width === 2) return buffer.swap16();
  if (width === 4) return buffer.swap32();
  return width === 8 ? buffer.swap64() : buffer;
}

function paddedBuffer(bytes: number): ArrayBuffer {
  return new ArrayBuffer(Math.ceil(bytes / 8) * 8);
}

function isSame(left: Uint8Array, right: Uint8Array, start: number, size: number): boolean {
  for (let at = start; at < start + size; at += 1) if (left[at] !== right[at]) return false;
  return true;
}
