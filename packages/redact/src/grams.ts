import { pairCost } from "./pair-costs.ts";

/** A literal that must be in the text for something to be worth a closer look. */
export interface Anchor<Handler> {
  /** At least three characters, each one byte (latin-1). */
  readonly literal: string;
  /** Match letters in either case. */
  readonly fold: boolean;
  readonly handler: Handler;
}

interface Entry<Handler> extends Anchor<Handler> {
  /** Where in the literal the three bytes stand that are looked up. */
  readonly offset: number;
}

/** Anchors prepared for one quick pass over bytes. */
export interface GramIndex<Handler> {
  /** For each pair of bytes: 1 = starts a wanted triple, 2 = ends one. */
  readonly pairs: Uint8Array;
  /** For each pair: 1 = wanted. */
  readonly marks: Uint8Array;
  /** Hash table of wanted triples, letters folded. */
  readonly flags: Uint8Array;
  readonly entries: ReadonlyMap<number, readonly Entry<Handler>[]>;
}

/** Called where an anchor's literal stands; `start` is the index of its first byte. */
export type AnchorVisitor<Handler> = (handler: Handler, start: number, literal: string) => void;

const starts = 1;
const ends = 2;
const blockSize = 2048;
/** Sets the bit that tells small letters from capitals in three bytes. */
const fold = 0x20_20_20;
const isLittleEndian = new Uint16Array(new Uint8Array([0, 1]).buffer)[0] === 0x0100;

/**
 * Prepare anchors for {@link visitAnchors}: of each literal the three bytes that are least common
 * in logs are looked for.
 */
export function buildGramIndex<Handler>(anchors: Iterable<Anchor<Handler>>): GramIndex<Handler> {
  const pairs = new Uint8Array(65_536);
  const marks = new Uint8Array(65_536);
  const flags = new Uint8Array(16_384);
  const entries = new Map<number, Entry<Handler>[]>();
  // Those with the least choice first, so that others can share their pairs.
  const ordered = [...anchors].sort((x, y) => x.literal.length - y.literal.length);
  for (const anchor of ordered) {
    const { literal } = anchor;
    const offset = rarestTriple(literal, pairs);
    const [a, b, c] = [0, 1, 2].map((at) => casesOf(literal.charCodeAt(offset + at), anchor.fold));
    markPairs(pairs, marks, a, b, starts);
    markPairs(pairs, marks, b, c, ends);
    const key = gramKey(
      literal.charCodeAt(offset),
      literal.charCodeAt(offset + 1),
      literal.charCodeAt(offset + 2),
    );
    flags[gramSlot(key)] = 1;
    const list = entries.get(key) ?? [];
    list.push({ ...anchor, offset });
    entries.set(key, list);
  }
  return { pairs, marks, flags, entries };
}

/**
 * Visit every place where an anchor's literal stands, in order of its rarest bytes.
 *
 * Every second pair of bytes is looked up: a triple holds two pairs next to each other, so one of
 * them is looked at. The look-ups do not depend on one another, which makes this several times
 * faster than skipping as far as each look-up allows.
 */
export function visitAnchors<Handler>(
  index: GramIndex<Handler>,
  bytes: Uint8Array,
  visit: AnchorVisitor<Handler>,
): void {
  const { pairs, marks, flags } = index;
  const last = bytes.length - 1;
  if (last < 2) return;
  const first = bytes.byteOffset & 1;
  const count = (bytes.length - first) >> 1;
  const words = new Uint16Array(bytes.buffer, bytes.byteOffset + first, count);
  // Not made anew for each file; a visitor that comes back here makes its own.
  const hits = spareHits ?? new Uint32Array(blockSize);
  spareHits = undefined;
  for (let block = 0; block < count; block += blockSize) {
    const hitCount = collectHits(marks, words, block, Math.min(count, block + blockSize), hits);
    for (let hit = 0; hit < hitCount; hit += 1) {
      const word = hits[hit] as number;
      const kind = pairs[words[word] as number] as number;
      const place = first + 2 * word;
      const pair = ((bytes[place] as number) << 8) | (bytes[place + 1] as number);
      // Written out twice rather than called: most pairs end here, and a call costs more than this.
      if ((kind & ends) !== 0 && place > 0) {
        const key = ((bytes[place - 1] as number) << 16) | pair | fold;
        if (flags[gramSlot(key)] === 1) visitTriple(index, bytes, place - 1, key, visit);
      }
      if ((kind & starts) !== 0 && place + 1 < last) {
        const key = (pair << 8) | (bytes[place + 2] as number) | fold;
        if (flags[gramSlot(key)] === 1) visitTriple(index, bytes, place, key, visit);
      }
    }
  }
  spareHits = hits;
}

let spareHits: Uint32Array<ArrayBuffer> | undefined;

/** Note where wanted pairs stand, without a branch that the processor could guess wrong. */
function collectHits(
  marks: Uint8Array,
  words: Uint16Array,
  from: number,
  to: number,
  hits: Uint32Array,
): number {
  let count = 0;
  for (let at = from; at < to; at += 1) {
    hits[count] = at;
    count += marks[words[at] as number] as number;
  }
  return count;
}

function visitTriple<Handler>(
  index: GramIndex<Handler>,
  bytes: Uint8Array,
  at: number,
  key: number,
  visit: AnchorVisitor<Handler>,
): void {
  const list = index.entries.get(key);
  if (list === undefined) return;
  for (const entry of list) {
    const start = at - entry.offset;
    if (standsAt(entry, bytes, start)) visit(entry.handler, start, entry.literal);
  }
}

function standsAt(anchor: Anchor<unknown>, bytes: Uint8Array, start: number): boolean {
  const { literal } = anchor;
  if (start < 0 || start + literal.length > bytes.length) return false;
  for (let at = 0; at < literal.length; at += 1) {
    const wanted = literal.charCodeAt(at);
    const found = bytes[start + at] as number;
    if (found !== wanted && !(anchor.fold && otherCase(wanted) === found)) return false;
  }
  return true;
}

function gramKey(first: number, second: number, third: number): number {
  return (first << 16) | (second << 8) | third | fold;
}

function gramSlot(key: number): number {
  return Math.imul(key, 0x9e37_79b1) >>> 18;
}

function markPairs(
  pairs: Uint8Array,
  marks: Uint8Array,
  left: readonly number[] = [],
  right: readonly number[] = [],
  kind: number,
): void {
  for (const a of left) {
    for (const b of right) {
      const pair = pairIndex(a, b);
      pairs[pair] = (pairs[pair] ?? 0) | kind;
      marks[pair] = 1;
    }
  }
}

function casesOf(code: number, either: boolean): number[] {
  const other = otherCase(code);
  return either && other !== code ? [code, other] : [code];
}

function otherCase(code: number): number {
  const isLetter = (code | 0x20) >= 97 && (code | 0x20) <= 122;
  return isLetter ? code ^ 0x20 : code;
}

function rarestTriple(literal: string, pairs: Uint8Array): number {
  let best = 0;
  let bestCost = Number.POSITIVE_INFINITY;
  for (let first = 0; first + 3 <= literal.length; first += 1) {
    const cost = costOf(literal, first, pairs, starts) + costOf(literal, first + 1, pairs, ends);
    if (cost < bestCost) {
      bestCost = cost;
      best = first;
    }
  }
  return best;
}

/** What looking for the pair at a place costs; almost nothing when another literal looks for it already. */
function costOf(literal: string, at: number, pairs: Uint8Array, kind: number): number {
  const left = literal.charCodeAt(at);
  const right = literal.charCodeAt(at + 1);
  const present = pairs[pairIndex(left, right)] ?? 0;
  if ((present & kind) !== 0) return 0.1;
  return present === 0 ? pairCost(left, right) : pairCost(left, right) / 4;
}

function pairIndex(left: number, right: number): number {
  return isLittleEndian ? (right << 8) | left : (left << 8) | right;
}
