const quotes = 0x22222222;
const backslashes = 0x5c5c5c5c;

/** Bytes of which four are looked at at once, wherever they begin. */
export function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** A part of some bytes as Latin-1: a character for each. */
export function textOf(view: DataView, start: number, end: number): string {
  return Buffer.from(view.buffer, view.byteOffset + start, end - start).toString("latin1");
}

/** Whether `length` bytes at two places are the same; both are there. */
export function isSame(
  a: DataView,
  aStart: number,
  b: DataView,
  bStart: number,
  length: number,
): boolean {
  if (length < 4) {
    for (let at = 0; at < length; at += 1)
      if (a.getUint8(aStart + at) !== b.getUint8(bStart + at)) return false;
    return true;
  }
  const last = length - 4;
  for (let at = 0; at < last; at += 4)
    if (a.getInt32(aStart + at, true) !== b.getInt32(bStart + at, true)) return false;
  return a.getInt32(aStart + last, true) === b.getInt32(bStart + last, true);
}

/** Where the next bytes begin of which one may be a quote or a backslash; the end at the latest. */
export function skipPlain(view: DataView, start: number, end: number): number {
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const word = view.getInt32(at, true);
    const found = zeroByteIn(word ^ quotes) | zeroByteIn(word ^ backslashes);
    if (found !== 0) break;
  }
  return at;
}

/** Not 0 if a byte of the four is 0. @see Hacker's Delight, 6-1 */
function zeroByteIn(word: number): number {
  return (word - 0x01010101) & ~word & 0x80808080;
}
