import { isUtf8 } from "node:buffer";
import type { ByteSource } from "../blob-store.ts";
import { lineBytesMax } from "./dictionary-limits.ts";

/** Bytes of a file of lines, cut at line feeds. */
export type LineBlock =
  /** Whole lines; only the last of a file can lack its line feed. */
  | { readonly kind: "lines"; readonly bytes: Buffer }
  /** A part of a line that is longer than {@link lineBytesMax}; `isLast` ends the line. */
  | { readonly kind: "piece"; readonly bytes: Buffer; readonly isLast: boolean };

const lineFeed = 0x0a;

/**
 * Cut bytes into blocks of whole lines. Memory is bounded whatever the lines are; that of a block is
 * used again for the next.
 */
export async function* lineBlocks(source: ByteSource): AsyncGenerator<LineBlock> {
  let held = Buffer.alloc(0);
  let restLength = 0; // At the beginning of `held`: a line without its end.
  let isInside = false; // A line that is too long.
  for await (const chunk of source) {
    let bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (isInside) {
      const end = bytes.indexOf(lineFeed) + 1;
      isInside = end === 0;
      yield { kind: "piece", bytes: isInside ? bytes : bytes.subarray(0, end), isLast: !isInside };
      if (isInside) continue;
      bytes = bytes.subarray(end);
    }
    const length = restLength + bytes.byteLength;
    if (length > held.byteLength) {
      const more = Buffer.allocUnsafeSlow(2 * length);
      more.set(held.subarray(0, restLength));
      held = more;
    }
    held.set(bytes, restLength);
    const { blocks, rest } = cut(held.subarray(0, length));
    yield* blocks;
    isInside = rest.byteLength > lineBytesMax;
    if (isInside) yield { kind: "piece", bytes: rest, isLast: false };
    restLength = isInside ? 0 : rest.byteLength;
    held.copyWithin(0, length - restLength, length);
  }
  if (isInside) yield { kind: "piece", bytes: Buffer.alloc(0), isLast: true };
  if (restLength > 0) yield { kind: "lines", bytes: held.subarray(0, restLength) };
}

/** The complete lines of a buffer, in runs between those that are too long. */
function cut(bytes: Buffer): { readonly blocks: readonly LineBlock[]; readonly rest: Buffer } {
  const blocks: LineBlock[] = [];
  let runStart = 0;
  const run = (end: number): void => {
    if (end > runStart) blocks.push({ kind: "lines", bytes: bytes.subarray(runStart, end) });
  };
  const lastFeed = bytes.lastIndexOf(lineFeed);
  // Only a buffer that is longer than a line may be can hold one that is too long.
  let start = bytes.byteLength > lineBytesMax ? 0 : lastFeed + 1;
  while (start <= lastFeed) {
    const feed = bytes.indexOf(lineFeed, start);
    if (feed - start > lineBytesMax) {
      run(start);
      blocks.push({ kind: "piece", bytes: bytes.subarray(start, feed + 1), isLast: true });
      runStart = feed + 1;
    }
    start = feed + 1;
  }
  run(lastFeed + 1);
  return { blocks, rest: bytes.subarray(lastFeed + 1) };
}

/** Where a line of a block ends, without its line feed. */
export function lineEnd(bytes: Buffer, start: number): number {
  const feed = bytes.indexOf(lineFeed, start);
  return feed < 0 ? bytes.length : feed;
}

/** Whether a part of a block is text; what is not is never taken apart. */
export function utf8Test(bytes: Buffer): (start: number, end: number) => boolean {
  if (isUtf8(bytes)) return () => true;
  return (start, end) => isUtf8(bytes.subarray(start, end));
}
