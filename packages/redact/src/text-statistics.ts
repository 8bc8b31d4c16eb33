import { type CharSet, charSet } from "./chars.ts";

const small = 1;
const capital = 2;
const digit = 3;
const joint = 4;
/** What kind of character a byte is; 0 for all that does not occur in generated values. */
const kinds: Uint8Array = kindTable();

/** Few different characters, or mostly a run such as `abcdefgh` or `12345678`. */
export function isMonotonous(value: string): boolean {
  let different = 0;
  let steps = 0;
  let last = -2;
  const round = nextRound();
  for (let at = 0; at < value.length; at += 1) {
    const code = value.charCodeAt(at) & 255;
    if (marks[code] !== round) {
      marks[code] = round;
      different += 1;
    }
    const step = code - last;
    // From 9 to 0 goes on counting.
    if (step === 1 || step === 0 || (step === -9 && code === 48)) steps += 1;
    last = code;
  }
  return different < Math.min(6, value.length / 2) || steps * 2 > value.length;
}

// Which characters were seen in which round: a table that needs no clearing.
const marks = new Uint32Array(256);
let rounds = 0;

function nextRound(): number {
  rounds = (rounds + 1) >>> 0 || 1;
  return rounds;
}

const counts = new Uint16Array(256);

/** Shannon entropy in bits per character (of the low byte of each, of at most 4,096). */
export function entropy(value: string): number {
  const length = Math.min(value.length, 4096);
  for (let at = 0; at < length; at += 1) {
    const code = value.charCodeAt(at) & 255;
    counts[code] = (counts[code] ?? 0) + 1;
  }
  let sum = 0;
  for (let at = 0; at < length; at += 1) {
    const code = value.charCodeAt(at) & 255;
    const count = counts[code] ?? 0;
    if (count === 0) continue;
    // Most characters of a random value occur once, and log2(1) is nothing.
    if (count > 1) sum += count * Math.log2(count);
    counts[code] = 0;
  }
  const bits = length === 0 ? 0 : Math.log2(length) - sum / length;
  return bits;
}

/** How many different characters there are. */
export function countDifferent(value: string): number {
  const round = nextRound();
  let different = 0;
  for (let at = 0; at < value.length; at += 1) {
    const code = value.charCodeAt(at) & 255;
    if (marks[code] === round) continue;
    marks[code] = round;
    different += 1;
  }
  return different;
}

/**
 * Sixteen or more characters of base64 or base62 that go to and fro between letters and digits: a
 * machine made it, so that whether it is a word, code or a path need not be asked.
 */
export function isGenerated(value: string): boolean {
  if (value.length < 16) return false;
  let turns = 0;
  let last = 0;
  for (let at = 0; at < value.length; at += 1) {
    const code = value.charCodeAt(at);
    const kind = code < 256 ? (kinds[code] ?? 0) : 0;
    if (kind === 0) return false;
    if (
      kind !== last &&
      (kind === digit ? last <= capital && last > 0 : last === digit && kind <= capital)
    ) {
      turns += 1;
    }
    last = kind;
  }
  return turns >= 4;
}

/** Lower case, upper case and a digit in one word: what random base62 looks like. */
export function isMixedWord(value: string): boolean {
  const classes =
    Number(/[a-z]/.test(value)) + Number(/[A-Z]/.test(value)) + Number(/\d/.test(value));
  return (
    classes === 3 || (classes === 2 && value.length >= 24 && changes(value) * 4 > value.length)
  );
}

/** How often a value goes from one kind of character to another: small, capital, other. */
export function changes(value: string): number {
  let count = 0;
  let last = -1;
  for (let at = 0; at < value.length; at += 1) {
    const kind = kinds[value.charCodeAt(at) & 255] ?? 0;
    const kept = kind === small || kind === capital ? kind : 0;
    if (last !== -1 && kept !== last) count += 1;
    last = kept;
  }
  return count;
}

/** Small letters and, after the first character, capitals. */
export function isMixedCase(value: string): boolean {
  return /[a-z]/.test(value.slice(1)) && /[A-Z]/.test(value.slice(1));
}

function kindTable(): Uint8Array {
  const table = new Uint8Array(256);
  const fill = (set: CharSet, kind: number): void => {
    for (let code = 0; code < 256; code += 1) if (set[code] === 1) table[code] = kind;
  };
  fill(charSet("az"), small);
  fill(charSet("AZ"), capital);
  fill(charSet("09"), digit);
  fill(charSet("", "+/=_-"), joint);
  return table;
}
