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

/** Cut bytes into blocks of whole lines. Memory is bounded whatever the lines are. */
export async function* lineBlocks(source: ByteSource): AsyncGenerator<LineBlock> {
  let rest = Buffer.alloc(0);
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
    if (rest.byteLength > 0) bytes = Buffer.concat([rest, bytes]);
    const { blocks, rest: left } = cut(bytes);
    yield* blocks;
    isInside = left.byteLength > lineBytesMax;
    if (isInside) yield { kind: "piece", bytes: left, isLast: false };
    // A copy: the source may use its buffer again.
    rest = isInside ? Buffer.alloc(0) : Buffer.from(left);
  }
  if (isInside) yield { kind: "piece", bytes: Buffer.alloc(0), isLast: true };
  if (rest.byteLength > 0) yield { kind: "lines", bytes: rest };
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
