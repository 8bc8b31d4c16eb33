import { charIn, wordEnds } from "./chars.ts";

/** Another reading of a stretch of text, and where each of its characters came from. */
export interface View {
  /** Decoded text, latin-1. */
  readonly text: string;
  /** Where a stretch of the view starts in what was read. */
  startOf(index: number): number;
  /** Where a stretch of the view that ends before `index` ends in what was read. */
  endOf(index: number): number;
}

/** Which readings a text is worth. */
export interface Traits {
  readonly hasAnsi: boolean;
  readonly hasPercent: boolean;
  readonly hasUnicode: boolean;
}

/** Literals that make a reading of escaped characters worth while; found with the anchors. */
export const escapeAnchors: readonly string[] = [
  ...[..."0123456789abcdef"].flatMap((digit) => [`\\u${digit}`, `\\x${digit}`]),
  ...["\\033", "\\33[", "\\e["],
];

/** See which readings a text is worth; `hasEscapes` tells whether an escape anchor was met. */
export function traitsOf(bytes: Buffer, hasEscapes: boolean): Traits {
  return {
    hasAnsi: hasEscapes || bytes.includes(0x1b) || bytes.includes(0) || bytes.includes(8),
    hasPercent: bytes.includes(37),
    hasUnicode: hasEscapes || bytes.includes("\\/"),
  };
}

const segmentMax = 32_768;
// Zero bytes go as well: what is left of ASCII in UTF-16 is ASCII. Only colour and cursor codes are
// dropped; an operating system command (`ESC ]`) may hold a URL, so it stays.
const [esc, nul, backspace] = ["\u001b", "\u0000", "\b"];
const ansiPattern = new RegExp(
  `(?:${esc}|\\\\+(?:u00|x)1[bB]|\\\\+0?33|\\\\+e)\\[[0-9;:?]{0,48}[ -/]{0,2}[@-~]` +
    `|${esc}[()][A-Z0-9]|[${nul}${backspace}]`,
  "g",
);
const percentPattern = /%([0-9A-Fa-f]{2})/g;
const plusPattern = /%([0-9A-Fa-f]{2})|\+/g;
const unicodePattern = /\\+(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(?=\/))/g;

/** Readings without terminal colours: once with nothing in their place, once with blanks. */
export function* ansiViews(text: string): Generator<View> {
  yield rewrite(text, 0, text.length, ansiPattern, () => "");
  yield rewrite(text, 0, text.length, ansiPattern, () => "\x1f");
}

/** Readings of the URL-encoded words of a text. */
export function* percentViews(text: string): Generator<View> {
  let at = text.indexOf("%");
  while (at !== -1) {
    if (!isPercentEscape(text, at)) {
      at = text.indexOf("%", at + 1);
      continue;
    }
    const end = wordEnd(text, at);
    const start = wordStart(text, at);
    const word = text.slice(start, end);
    yield rewrite(text, start, end, percentPattern, decodePercent);
    if (word.includes("+")) yield rewrite(text, start, end, plusPattern, decodePercent);
    at = text.indexOf("%", end);
  }
}

/** Readings of lines that hold `\u0041` or `\/`. */
export function* unicodeViews(text: string): Generator<View> {
  let at = nextEscape(text, 0);
  while (at !== -1) {
    const start = Math.max(text.lastIndexOf("\n", at) + 1, at - 2048, 0);
    const newline = text.indexOf("\n", at);
    const end = newline === -1 ? text.length : newline;
    yield rewrite(text, start, end, unicodePattern, decodeUnicode);
    at = nextEscape(text, end);
  }
}

function nextEscape(text: string, from: number): number {
  const pattern = /\\(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|\/)/g;
  pattern.lastIndex = from;
  return pattern.exec(text)?.index ?? -1;
}

function isPercentEscape(text: string, at: number): boolean {
  return /^%[0-9A-Fa-f]{2}/.test(text.slice(at, at + 3));
}

function wordStart(text: string, from: number): number {
  let at = from;
  while (at > 0 && from - at < segmentMax && !charIn(wordEnds, text, at - 1)) at -= 1;
  return at;
}

function wordEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && !charIn(wordEnds, text, at)) at += 1;
  return at;
}

function decodePercent(match: RegExpMatchArray): string {
  return match[1] === undefined ? " " : String.fromCharCode(Number.parseInt(match[1], 16));
}

function decodeUnicode(match: RegExpMatchArray): string {
  const hex = match[1] ?? match[2];
  if (hex === undefined) return "";
  const code = Number.parseInt(hex, 16);
  if (code < 0x80) return String.fromCharCode(code);
  // Halves of a surrogate pair become two replacement characters: no secret of ours holds one.
  return Buffer.from(String.fromCharCode(code).toWellFormed(), "utf8").toString("latin1");
}

/** Replace every match and remember, piece by piece, where the rest came from. */
function rewrite(
  text: string,
  start: number,
  end: number,
  pattern: RegExp,
  decode: (match: RegExpMatchArray) => string,
): View {
  const from = text.slice(start, end);
  const parts: string[] = [];
  const viewStarts: number[] = [];
  const rawStarts: number[] = [];
  const widths: number[] = [];
  let length = 0;
  let copied = 0;
  const piece = (part: string, raw: number, width: number): void => {
    if (part === "") return;
    parts.push(part);
    viewStarts.push(length);
    rawStarts.push(start + raw);
    widths.push(width);
    length += part.length;
  };
  for (const match of from.matchAll(pattern)) {
    piece(from.slice(copied, match.index), copied, 0);
    piece(decode(match), match.index, match[0].length);
    copied = match.index + match[0].length;
  }
  piece(from.slice(copied), copied, 0);
  const pieceAt = (index: number): number => lastNotAbove(viewStarts, index);
  return {
    text: parts.join(""),
    startOf(index) {
      const at = pieceAt(index);
      const raw = rawStarts[at] ?? start;
      return widths[at] === 0 ? raw + index - (viewStarts[at] ?? 0) : raw;
    },
    endOf(index) {
      const at = pieceAt(index - 1);
      const raw = rawStarts[at] ?? start;
      const width = widths[at] ?? 0;
      return width === 0 ? raw + index - (viewStarts[at] ?? 0) : raw + width;
    },
  };
}

function lastNotAbove(sorted: readonly number[], wanted: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((sorted[middle] ?? 0) <= wanted) low = middle;
    else high = middle - 1;
  }
  return low;
}
