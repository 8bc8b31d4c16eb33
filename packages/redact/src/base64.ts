import { base64Chars, type CharSet, charSet } from "./chars.ts";

/** A stretch of base64 that decodes to plain text. */
export interface Base64Text {
  /** The decoded text, ASCII. */
  readonly text: string;
  /** The base64 as written, with what belongs to it on both sides. */
  readonly start: number;
  readonly end: number;
}

const runMin = 24;
const groupsMin = 5;
const extendMax = 4096;
const pieceMax = 24_576;
const values: Int8Array = base64Values();
/** Bytes of plain text: printable ASCII, tab, newlines. */
const plain: CharSet = charSet(" ~", "\t\n\r");

/** Visit every run of base64 characters of at least 24, looking at few bytes of other text. */
export function visitRuns(bytes: Uint8Array, visit: (start: number, end: number) => void): void {
  const set = base64Chars;
  const length = bytes.length;
  let start = 0;
  while (start + runMin <= length) {
    // Read backwards from where a run that starts here would have to reach.
    let at = start + runMin - 1;
    while (at >= start && set[bytes[at] as number] === 1) at -= 1;
    if (at >= start) {
      start = at + 1;
      continue;
    }
    let end = start + runMin;
    while (end < length && set[bytes[end] as number] === 1) end += 1;
    visit(start, end);
    start = end + 1;
  }
}

/** Joins the lines of wrapped base64 and finds what in it is text. */
export class Base64Reader {
  readonly #bytes: Uint8Array;
  #done = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Texts in the run from `start` to `end` and in the lines that continue it. */
  texts(start: number, end: number): Base64Text[] {
    if (start < this.#done) return [];
    // Digests and pictures end here; a wrapped text is told by its first line.
    if (!holdsPlain(this.#bytes, start, end)) return [];
    return [...this.#textsFrom(start, end)];
  }

  *#textsFrom(start: number, end: number): Generator<Base64Text> {
    const lines = this.#lines(start, end);
    this.#done = lines.at(-1)?.end ?? end;
    const codes = joined(this.#bytes, lines);
    const rawOf = positions(lines);
    for (let phase = 0; phase < 4; phase += 1) {
      for (const stretch of plainStretches(codes, phase)) {
        // A wrong phase of base64 text hardly ever yields text; a right one ends the search there.
        yield {
          text: decode(codes, stretch.start, stretch.end),
          start: rawOf(Math.max(0, stretch.start - extendMax)),
          end: this.#paddingEnd(rawOf(Math.min(codes.length, stretch.end + extendMax) - 1) + 1),
        };
      }
    }
  }

  /** The run and, where it fills its line, the lines after it. */
  #lines(start: number, end: number): Line[] {
    const lines: Line[] = [{ start, end }];
    let last = { start, end };
    let total = end - start;
    while (last.end - last.start >= 40 && total < pieceMax) {
      const next = this.#lineAfter(last.end);
      if (next === undefined) break;
      lines.push(next);
      total += next.end - next.start;
      last = next;
    }
    return lines;
  }

  #lineAfter(end: number): Line | undefined {
    const bytes = this.#bytes;
    let at = end;
    // A newline, or one or more escaped ones, then blanks.
    while (bytes[at] === 92) at += 1;
    const isEscaped = at > end;
    if (isEscaped && bytes[at] === 114) at += bytes[at + 1] === 92 ? 2 : 1;
    if (isEscaped) while (bytes[at] === 92) at += 1;
    if (!isEscaped && bytes[at] === 13) at += 1;
    if (bytes[at] !== (isEscaped ? 110 : 10)) return undefined;
    at += 1;
    while (bytes[at] === 32 || bytes[at] === 9) at += 1;
    const start = at;
    while (base64Chars[bytes[at] ?? 0] === 1) at += 1;
    return at > start ? { start, end: at } : undefined;
  }

  #paddingEnd(end: number): number {
    let at = end;
    while (at < end + 2 && this.#bytes[at] === 61) at += 1;
    return at;
  }
}

interface Line {
  readonly start: number;
  readonly end: number;
}

function joined(bytes: Uint8Array, lines: readonly Line[]): Uint8Array {
  const [only] = lines;
  if (lines.length === 1 && only !== undefined) return bytes.subarray(only.start, only.end);
  return Buffer.concat(lines.map(({ start, end }) => bytes.subarray(start, end)));
}

function positions(lines: readonly Line[]): (index: number) => number {
  return (index) => {
    let left = index;
    for (const { start, end } of lines) {
      if (left < end - start) return start + left;
      left -= end - start;
    }
    return lines.at(-1)?.end ?? 0;
  };
}

/** Is there a stretch of {@link groupsMin} plain groups at any of the four places? */
function holdsPlain(codes: Uint8Array, start: number, end: number): boolean {
  for (let phase = 0; phase < 4; phase += 1) {
    if (nextPlain(codes, start + phase, end) !== -1) return true;
  }
  return false;
}

/** The start of the next stretch of plain groups, or -1. */
function nextPlain(codes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at + groupsMin * 4 <= end) {
    // Look at the last group of the shortest stretch first: mostly that one ends the look.
    let group = groupsMin - 1;
    while (group >= 0 && isPlainGroup(codes, at + group * 4)) group -= 1;
    if (group < 0) return at;
    at += (group + 1) * 4;
  }
  return -1;
}

/** Stretches of at least {@link groupsMin} groups of four that decode to plain text. */
function* plainStretches(codes: Uint8Array, phase: number): Generator<Line> {
  let at = nextPlain(codes, phase, codes.length);
  while (at !== -1) {
    let end = at + groupsMin * 4;
    while (end + 4 <= codes.length && isPlainGroup(codes, end)) end += 4;
    // Two or three characters at the end of the run are one or two more bytes.
    yield { start: at, end: codes.length - end < 4 ? codes.length : end };
    at = nextPlain(codes, end + 4, codes.length);
  }
}

function isPlainGroup(codes: Uint8Array, at: number): boolean {
  const a = values[codes[at] as number] as number;
  const b = values[codes[at + 1] as number] as number;
  if (plain[(a << 2) | (b >> 4)] !== 1) return false;
  const c = values[codes[at + 2] as number] as number;
  if (plain[((b & 15) << 4) | (c >> 2)] !== 1) return false;
  const d = values[codes[at + 3] as number] as number;
  return plain[((c & 3) << 6) | d] === 1;
}

function decode(codes: Uint8Array, start: number, end: number): string {
  const part = Buffer.from(codes.buffer, codes.byteOffset + start, end - start);
  return Buffer.from(part.toString("latin1"), "base64").toString("latin1");
}

function base64Values(): Int8Array {
  const table = new Int8Array(256);
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (let at = 0; at < 64; at += 1) table[alphabet.charCodeAt(at)] = at;
  table[45] = 62;
  table[95] = 63;
  return table;
}
