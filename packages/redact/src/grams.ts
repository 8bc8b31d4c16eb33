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
  /** Hash table of wanted triples, letters folded. */
  readonly flags: Uint8Array;
  readonly entries: ReadonlyMap<number, readonly Entry<Handler>[]>;
}

/** Called where an anchor's literal stands; `start` is the index of its first byte. */
export type AnchorVisitor<Handler> = (handler: Handler, start: number, literal: string) => void;

const starts = 1;
const ends = 2;
/** Characters of logs and JSON, from the most to the least common. */
const common = 'etaoinsr"ldh,_:cu mpg01f23b4-5w6789y./v=kxjqz';
const pairOrder = new Uint16Array(new Uint8Array([0, 1]).buffer)[0] === 0x0100;

/**
 * Prepare anchors for {@link visitAnchors}: of each literal the three bytes that are least common
 * in logs are looked for.
 */
export function buildGramIndex<Handler>(anchors: Iterable<Anchor<Handler>>): GramIndex<Handler> {
  const pairs = new Uint8Array(65_536);
  const flags = new Uint8Array(16_384);
  const entries = new Map<number, Entry<Handler>[]>();
  for (const anchor of anchors) {
    const { literal, fold } = anchor;
    const offset = rarestTriple(literal);
    const [a, b, c] = [0, 1, 2].map((at) => casesOf(literal.charCodeAt(offset + at), fold));
    markPairs(pairs, a, b, starts);
    markPairs(pairs, b, c, ends);
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
  return { pairs, flags, entries };
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
  const { pairs } = index;
  const first = bytes.byteOffset & 1;
  const count = (bytes.length - first) >> 1;
  if (bytes.length < 3) return;
  const words = new Uint16Array(bytes.buffer, bytes.byteOffset + first, count);
  for (let at = 0; at < count; at += 1) {
    const kind = pairs[words[at] as number] as number;
    if (kind === 0) continue;
    const place = first + 2 * at;
    if ((kind & ends) !== 0) visitTriple(index, bytes, place - 1, visit);
    if ((kind & starts) !== 0) visitTriple(index, bytes, place, visit);
  }
}

function visitTriple<Handler>(
  { flags, entries }: GramIndex<Handler>,
  bytes: Uint8Array,
  at: number,
  visit: AnchorVisitor<Handler>,
): void {
  if (at < 0 || at + 2 >= bytes.length) return;
  const key = gramKey(bytes[at] as number, bytes[at + 1] as number, bytes[at + 2] as number);
  if (flags[gramSlot(key)] !== 1) return;
  const list = entries.get(key);
  if (list === undefined) return;
  for (const entry of list) {
    const start = at - entry.offset;
    if (standsAt(entry, bytes, start)) visit(entry.handler, start, entry.literal);
  }
}

function standsAt(anchor: Anchor<unknown>, bytes: Uint8Array, start: number): boolean {
  const { literal, fold } = anchor;
  if (start < 0 || start + literal.length > bytes.length) return false;
  for (let at = 0; at < literal.length; at += 1) {
    const wanted = literal.charCodeAt(at);
    const found = bytes[start + at] as number;
    if (found !== wanted && !(fold && otherCase(wanted) === found)) return false;
  }
  return true;
}

function gramKey(first: number, second: number, third: number): number {
  return ((first << 16) | (second << 8) | third) | 0x20_20_20;
}

function gramSlot(key: number): number {
  return Math.imul(key, 0x9e37_79b1) >>> 18;
}

function markPairs(
  pairs: Uint8Array,
  left: readonly number[] = [],
  right: readonly number[] = [],
  kind: number,
): void {
  for (const a of left) {
    for (const b of right) {
      const pair = pairOrder ? (b << 8) | a : (a << 8) | b;
      pairs[pair] = (pairs[pair] ?? 0) | kind;
    }
  }
}

function casesOf(code: number, fold: boolean): number[] {
  const other = otherCase(code);
  return fold && other !== code ? [code, other] : [code];
}

function otherCase(code: number): number {
  const isLetter = (code | 0x20) >= 97 && (code | 0x20) <= 122;
  return isLetter ? code ^ 0x20 : code;
}

function rarestTriple(literal: string): number {
  let best = 0;
  let bestScore = Number.POSITIVE_INFINITY;
  for (let first = 0; first + 3 <= literal.length; first += 1) {
    const [a, b, c] = [0, 1, 2].map((at) => commonness(literal.charAt(first + at)));
    const score = (a ?? 0) * (b ?? 0) + (b ?? 0) * (c ?? 0);
    if (score < bestScore) {
      bestScore = score;
      best = first;
    }
  }
  return best;
}

function commonness(character: string): number {
  const rank = common.indexOf(character);
  if (rank >= 0) return common.length - rank;
  return common.includes(character.toLowerCase()) ? 6 : 3;
}
