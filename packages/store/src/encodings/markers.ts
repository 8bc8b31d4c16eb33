import { markerEnd } from "./dictionary-limits.ts";

/** `"name_dict": 12` in a text. */
export interface Marker {
  readonly name: string;
  /** Where `_dict` begins. */
  readonly suffix: number;
  /** Where the number begins and ends. */
  readonly number: number;
  readonly end: number;
}

const quote = 0x22;
const colon = 0x3a;

/** Finds markers in one text, from its beginning to its end. */
export class MarkerFinder {
  readonly #text: string;
  readonly #isName: (name: string) => boolean;
  /** The next end of a marker's name; kept, as most lines have none. */
  #suffix = -1;

  /** @param isName Whether there is a dictionary of this name. */
  constructor(text: string, isName: (name: string) => boolean) {
    this.#text = text;
    this.#isName = isName;
  }

  /** The next marker that lies between two places; never asked for an earlier place again. */
  next(from: number, end: number): Marker | undefined {
    const text = this.#text;
    for (let at = from; ; ) {
      const suffix = this.#suffixFrom(at);
      if (suffix >= end) return undefined;
      const behind = suffix + markerEnd.length;
      at = behind;
      // A name has no quote in it, so the nearest one before is where it begins.
      let start = suffix;
      while (start > from && text.charCodeAt(start - 1) !== quote) start -= 1;
      if (start <= from || !this.#isName(text.slice(start, suffix))) continue;
      const colonAt = skipSpace(text, behind, end);
      if (colonAt >= end || text.charCodeAt(colonAt) !== colon) continue;
      const number = skipSpace(text, colonAt + 1, end);
      const numberEnd = skipDigits(text, number, end);
      if (numberEnd === number) continue;
      return { name: text.slice(start, suffix), suffix, number, end: numberEnd };
    }
  }

  #suffixFrom(at: number): number {
    if (this.#suffix < at) {
      const found = this.#text.indexOf(markerEnd, at);
      this.#suffix = found < 0 ? this.#text.length : found;
    }
    return this.#suffix;
  }
}

function skipSpace(text: string, from: number, end: number): number {
  let at = from;
  for (; at < end; at += 1) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x09 && code !== 0x0d) break;
  }
  return at;
}

function skipDigits(text: string, from: number, end: number): number {
  let at = from;
  while (at < end && text.charCodeAt(at) >= 0x30 && text.charCodeAt(at) <= 0x39) at += 1;
  return at;
}
