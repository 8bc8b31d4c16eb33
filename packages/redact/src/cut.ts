import { base64Chars } from "./chars.ts";

/** No secret that spans lines is longer than this; bounds the memory of a stream. */
export const overlapMax = 32_768;
/** A line longer than this is cut inside. */
export const lineMax = 131_072;

const beginLine = /-{4,5} ?BEGIN (?:[A-Z0-9]{2,10} ){0,4}PRIVATE KEY|Private-Lines: \d/g;
const endLine = /-{4,5} ?END (?:[A-Z0-9]{2,10} ){0,4}PRIVATE KEY|Private-MAC/;

/**
 * Where complete lines end that no secret goes beyond; 0 when there is no such place yet.
 *
 * Three things span lines: private keys, wrapped base64 and known values with newlines
 * (`multiline`, latin-1). A cut never falls into one of them.
 */
export function lineCut(bytes: Buffer, multiline: readonly string[]): number {
  let cut = bytes.lastIndexOf(10) + 1;
  if (cut === 0) return 0;
  cut = Math.min(cut, openKnown(bytes, cut, multiline));
  cut = Math.min(cut, openBase64(bytes, cut));
  return Math.min(cut, openKey(bytes, cut));
}

function openKey(bytes: Buffer, cut: number): number {
  const from = Math.max(0, cut - overlapMax);
  // The usual answer costs one search: no key begins here.
  const hit = bytes.subarray(from, cut).lastIndexOf("BEGIN ");
  const putty = bytes.subarray(from, cut).lastIndexOf("Private-Lines");
  if (hit === -1 && putty === -1) return cut;
  const text = bytes.toString("latin1", from, cut);
  let open = -1;
  for (const match of text.matchAll(beginLine)) {
    // Nothing but the body of a key may stand between its first line and the cut.
    if (!endLine.test(text.slice(match.index + match[0].length))) {
      open = open === -1 ? match.index : open;
    } else open = -1;
  }
  return open === -1 ? cut : lineStart(bytes, from + open);
}

function openBase64(bytes: Buffer, cut: number): number {
  let end = withoutNewline(bytes, cut);
  let found = cut;
  while (cut - found < overlapMax) {
    let start = end;
    while (start > 0 && end - start < overlapMax && base64Chars[bytes[start - 1] as number] === 1) {
      start -= 1;
    }
    if (end - start < 40) break;
    found = lineStart(bytes, start);
    const isWholeLine = /^[ \t]*$/.test(
      bytes.toString("latin1", found, Math.min(start, found + 256)),
    );
    if (!isWholeLine || found === 0) break;
    end = withoutNewline(bytes, found);
  }
  return found;
}

function openKnown(bytes: Buffer, cut: number, multiline: readonly string[]): number {
  let found = cut;
  for (const needle of multiline) {
    for (let at = needle.indexOf("\n"); at !== -1; at = needle.indexOf("\n", at + 1)) {
      const start = cut - (at + 1);
      if (start < 0) break;
      if (
        at + 1 < needle.length &&
        bytes.toString("latin1", start, cut) === needle.slice(0, at + 1)
      ) {
        found = Math.min(found, lineStart(bytes, start));
      }
    }
  }
  return found;
}

function withoutNewline(bytes: Buffer, end: number): number {
  let at = end;
  if (at > 0 && bytes[at - 1] === 10) at -= 1;
  if (at > 0 && bytes[at - 1] === 13) at -= 1;
  return at;
}

function lineStart(bytes: Buffer, index: number): number {
  return index === 0 ? 0 : bytes.lastIndexOf(10, index - 1) + 1;
}
