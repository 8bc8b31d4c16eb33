import { isSame, skipPlain, viewOf } from "./byte-view.ts";
import { markerEnd } from "./dictionary-limits.ts";

const quote = 0x22;
const colon = 0x3a;
/** The last letter of `_dict`. */
const suffixEnd = 0x74;
const suffix: DataView = viewOf(Buffer.from(markerEnd.slice(0, -1)));
/** What stands between two markers is not kept when it is longer: it will not come again. */
const leadBytesMax = 256;
/** After so many times that another marker comes, that one is awaited. */
const missesMax = 8;

/** What is awaited behind a marker or the beginning of a line: the next marker, up to its number. */
interface Awaited<Field> {
  lead: DataView | undefined;
  /** Where its name and `_dict` begin in the lead. */
  name: number;
  suffix: number;
  field: Field | undefined;
  misses: number;
}

/**
 * Finds markers, `"name_dict": 12`, in lines of some bytes. What is found is kept until the next
 * search. Records have the same fields in the same order: the bytes up to the next number are
 * nearly always those of a line before, and so is what they say.
 */
export class MarkerFinder<Field> {
  readonly #find: (view: DataView, start: number, end: number) => Field | undefined;
  readonly #awaited = new Map<Field | undefined, Awaited<Field>>();
  /** Of the marker found last: what its name is that of; `undefined` at the beginning of a line. */
  field: Field | undefined;
  /** Where its name and `_dict` begin. */
  name = 0;
  suffix = 0;
  /** Where the number begins and ends. */
  number = 0;
  end = 0;

  /** @param find What has the name in a part of some bytes, if there is a dictionary of that name. */
  constructor(find: (view: DataView, start: number, end: number) => Field | undefined) {
    this.#find = find;
  }

  /**
   * Find the first marker that lies between two places of a line. Asked for from the beginning of a
   * line, and then from the end of each marker until there is no other.
   */
  next(view: DataView, from: number, end: number): boolean {
    const awaited = this.#awaitedBehind(this.field);
    if (this.#isAwaited(awaited, view, from, end)) return true;
    if (!this.#search(awaited, view, from, end)) return false;
    awaited.misses += 1;
    const length = this.number - from;
    if (length > leadBytesMax || (awaited.lead !== undefined && awaited.misses < missesMax))
      return true;
    awaited.lead = viewOf(new Uint8Array(view.buffer, view.byteOffset + from, length).slice());
    awaited.name = this.name - from;
    awaited.suffix = this.suffix - from;
    awaited.field = this.field;
    awaited.misses = 0;
    return true;
  }

  #awaitedBehind(field: Field | undefined): Awaited<Field> {
    const known = this.#awaited.get(field);
    if (known !== undefined) return known;
    const none = { lead: undefined, name: 0, suffix: 0, field: undefined, misses: 0 };
    this.#awaited.set(field, none);
    return none;
  }

  #isAwaited(awaited: Awaited<Field>, view: DataView, from: number, end: number): boolean {
    const { lead } = awaited;
    if (lead === undefined || from + lead.byteLength >= end) return false;
    if (!isSame(lead, 0, view, from, lead.byteLength)) return false;
    const number = from + lead.byteLength;
    const numberEnd = skipDigits(view, number, end);
    if (numberEnd === number) return false;
    awaited.misses = 0;
    this.field = awaited.field;
    this.name = from + awaited.name;
    this.suffix = from + awaited.suffix;
    this.number = number;
    this.end = numberEnd;
    return true;
  }

  #search(awaited: Awaited<Field>, view: DataView, from: number, end: number): boolean {
    let nameStart = from; // Behind the nearest quote: a name has none in it.
    for (let at = skipPlain(view, from, end); at < end; at += 1) {
      if (view.getUint8(at) !== quote) continue;
      const start = nameStart;
      nameStart = at + 1;
      // Nearly no other string ends so.
      const isMarker = start > from && view.getUint8(at - 1) === suffixEnd;
      if (isMarker && this.#isMarker(awaited, view, start, at, end)) return true;
      at = skipPlain(view, nameStart, end) - 1;
    }
    this.field = undefined;
    return false;
  }

  /** @param quoteAt Where the string ends that may be the name of a marker. */
  #isMarker(
    awaited: Awaited<Field>,
    view: DataView,
    start: number,
    quoteAt: number,
    end: number,
  ): boolean {
    const nameEnd = quoteAt - suffix.byteLength;
    if (nameEnd < start || !isSame(suffix, 0, view, nameEnd, suffix.byteLength)) return false;
    const colonAt = skipSpace(view, quoteAt + 1, end);
    if (colonAt >= end || view.getUint8(colonAt) !== colon) return false;
    const number = skipSpace(view, colonAt + 1, end);
    const numberEnd = skipDigits(view, number, end);
    if (numberEnd === number) return false;
    const field = this.#fieldAt(awaited, view, start, nameEnd);
    if (field === undefined) return false;
    this.field = field;
    this.name = start;
    this.suffix = nameEnd;
    this.number = number;
    this.end = numberEnd;
    return true;
  }

  /** What is between may differ: the name is often the awaited one all the same. */
  #fieldAt(
    { lead, name, suffix: nameEnd, field }: Awaited<Field>,
    view: DataView,
    start: number,
    end: number,
  ): Field | undefined {
    const length = end - start;
    const isKnown = lead !== undefined && nameEnd - name === length;
    return isKnown && isSame(lead, name, view, start, length)
      ? field
      : this.#find(view, start, end);
  }
}

function skipSpace(view: DataView, from: number, end: number): number {
  let at = from;
  for (; at < end; at += 1) {
    const code = view.getUint8(at);
    if (code !== 0x20 && code !== 0x09 && code !== 0x0d) break;
  }
  return at;
}

function skipDigits(view: DataView, from: number, end: number): number {
  let at = from;
  for (; at < end; at += 1) {
    const code = view.getUint8(at);
    if (code < 0x30 || code > 0x39) break;
  }
  return at;
}
