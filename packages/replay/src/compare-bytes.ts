import type { ByteSource } from "@reseal/store";
import type { PayloadComparison } from "./payload-comparison.ts";

/**
 * Compare two streams of bytes, holding one chunk of each.
 *
 * The first difference is the offset of the first byte that differs, from 0, with both bytes as
 * two hex digits; a side that has ended has none. Stops reading there.
 */
export async function compareBytes(
  original: ByteSource,
  candidate: ByteSource,
): Promise<PayloadComparison> {
  const a = original[Symbol.asyncIterator]();
  const b = candidate[Symbol.asyncIterator]();
  let [left, right] = [empty, empty];
  try {
    for (let offset = 0; ; ) {
      if (left.byteLength === 0) left = await nextChunk(a);
      if (right.byteLength === 0) right = await nextChunk(b);
      const length = Math.min(left.byteLength, right.byteLength);
      if (length === 0) {
        if (left.byteLength === right.byteLength) return { status: "equal" };
        return different(offset, left[0], right[0]);
      }
      const index = firstUnequal(left, right, length);
      if (index < length) return different(offset + index, left[index], right[index]);
      offset += length;
      left = left.subarray(length);
      right = right.subarray(length);
    }
  } finally {
    await Promise.all([a.return?.(), b.return?.()]);
  }
}

const empty: Uint8Array = new Uint8Array();

/** The next chunk that holds something; an empty one at the end. */
async function nextChunk(iterator: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  for (;;) {
    const { done, value } = await iterator.next();
    if (done === true) return empty;
    if (value.byteLength > 0) return value;
  }
}

function firstUnequal(a: Uint8Array, b: Uint8Array, length: number): number {
  if (Buffer.compare(a.subarray(0, length), b.subarray(0, length)) === 0) return length;
  for (let index = 0; index < length; index += 1) if (a[index] !== b[index]) return index;
  return length;
}

function different(
  offset: number,
  original: number | undefined,
  candidate: number | undefined,
): PayloadComparison {
  return {
    status: "different",
    firstDifference: {
      offset,
      ...(original !== undefined && { original: hexByte(original) }),
      ...(candidate !== undefined && { candidate: hexByte(candidate) }),
    },
  };
}

function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
