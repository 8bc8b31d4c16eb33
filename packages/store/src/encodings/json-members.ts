import { isSame, skipPlain, viewOf } from "./byte-view.ts";

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const depthMax = 64;

/** A line with more is no record whose like follows. */
const membersMax = 1024;
/** After so many lines of other forms one of them is kept. */
const otherFormsMax = 8;

/**
 * Finds the members of the objects in one line of JSON, at any depth, without parsing what it
 * does not need: names and values stay bytes. One instance is used again for line after line.
 */
export class MemberScanner {
  /** Members of the line scanned last, in the order in which they begin. */
  count = 0;
  /** Lines with the same number, but 0, have the same names one after the other. */
  form = 0;
  /** Where each value begins and ends. */
  readonly valueStarts: number[] = [];
  readonly valueEnds: number[] = [];
  readonly #nameStarts: number[] = [];
  readonly #nameEnds: number[] = [];
  /** For each open container: the member whose value it is, or -1; and whether it is an object. */
  readonly #owners: number[] = [];
  readonly #areObjects: boolean[] = [];
  #view: DataView = new DataView(new ArrayBuffer());
  /**
   * What stands before each value and behind the last in some line before, if its values hold no
   * others: in the next nearly always the same does, and only its values are looked at.
   */
  #leads: DataView = new DataView(new ArrayBuffer());
  #leadEnds: number[] = [];
  /** How far before its value each name begins and ends there. */
  readonly #startsBefore: number[] = [];
  readonly #endsBefore: number[] = [];
  /** Lines of another form since the last of this. */
  #otherForms = 0;
  #forms = 0;
  #end = 0;

  /**
   * Find the members of the line from `start` to `end`.
   * @returns whether the line is one JSON object or array as far as its structure goes.
   */
  scan(view: DataView, start: number, end: number): boolean {
    this.#view = view;
    this.#end = end;
    if (this.#leadEnds.length > 0 && this.#scanLike(start)) {
      this.form = this.#forms;
      this.#otherForms = 0;
      return true;
    }
    this.form = 0;
    const isWhole = this.#scanAnew(start);
    this.#otherForms += 1;
    if (isWhole && (this.#leadEnds.length === 0 || this.#otherForms > otherFormsMax))
      this.#keepForm(start);
    return isWhole;
  }

  /** Where the name of a member begins, without its quotes. */
  nameStart(member: number): number {
    if (this.form === 0) return this.#nameStarts[member] ?? 0;
    return (this.valueStarts[member] ?? 0) - (this.#startsBefore[member] ?? 0);
  }

  /** Where it ends. */
  nameEnd(member: number): number {
    if (this.form === 0) return this.#nameEnds[member] ?? 0;
    return (this.valueStarts[member] ?? 0) - (this.#endsBefore[member] ?? 0);
  }

  /** Find the members of a line of the form that is kept; `false` for a line of any other. */
  #scanLike(start: number): boolean {
    const [view, end, leads, ends] = [this.#view, this.#end, this.#leads, this.#leadEnds];
    let at = start;
    let lead = 0;
    for (let member = 0; ; member += 1) {
      const leadEnd = ends[member] ?? 0;
      const value = at + leadEnd - lead;
      if (value > end || !isSame(leads, lead, view, at, leadEnd - lead)) return false;
      lead = leadEnd;
      if (member === ends.length - 1) {
        this.count = member;
        return value === end;
      }
      if (value === end) return false;
      at = view.getUint8(value) === quote ? this.#stringEnd(value + 1) : this.#scalarEnd(value);
      if (at < 0) return false;
      this.valueStarts[member] = value;
      this.valueEnds[member] = at;
    }
  }

  #keepForm(start: number): void {
    this.#leadEnds = [];
    if (this.count === 0 || this.count > membersMax) return;
    const { buffer, byteOffset } = this.#view;
    const line = new Uint8Array(buffer, byteOffset, this.#end);
    const leads: Uint8Array[] = [];
    const ends: number[] = [];
    let [from, length] = [start, 0];
    for (let member = 0; member <= this.count; member += 1) {
      const value = member === this.count ? this.#end : (this.valueStarts[member] ?? 0);
      const first = line[value];
      if (member < this.count && (first === openBrace || first === openBracket)) return;
      leads.push(line.subarray(from, value));
      length += value - from;
      ends.push(length);
      from = this.valueEnds[member] ?? 0;
      this.#startsBefore[member] = value - (this.#nameStarts[member] ?? 0);
      this.#endsBefore[member] = value - (this.#nameEnds[member] ?? 0);
    }
    this.#leads = viewOf(Buffer.concat(leads));
    this.#leadEnds = ends;
    this.#forms += 1;
    this.#otherForms = 0;
  }

  #scanAnew(start: number): boolean {
    const [view, end] = [this.#view, this.#end];
    this.count = 0;
    let depth = 0;
    let member = -1; // Whose value comes next.
    let at = this.#skip(start);
    const first = at < end ? view.getUint8(at) : 0;
    if (first !== openBrace && first !== openBracket) return false;
    for (;;) {
      // A value begins here.
      const code = at < end ? view.getUint8(at) : 0;
      if (code === openBrace || code === openBracket) {
        if (depth === depthMax) return false;
        const isObject = code === openBrace;
        this.#owners[depth] = member;
        this.#areObjects[depth] = isObject;
        depth += 1;
        at = this.#skip(at + 1);
        const isEmpty = at < end && view.getUint8(at) === (isObject ? closeBrace : closeBracket);
        if (!isEmpty) {
          member = -1;
          if (!isObject) continue;
          at = this.#name(at);
          if (at < 0) return false;
          member = this.count - 1;
          continue;
        }
      } else {
        at = code === quote ? this.#stringEnd(at + 1) : this.#scalarEnd(at);
        if (at < 0) return false;
        if (member >= 0) this.valueEnds[member] = at;
        at = this.#skip(at);
      }
      // A value has ended: what follows closes containers, or leads to the next value.
      for (;;) {
        const next = at < end ? view.getUint8(at) : 0;
        const isObject = this.#areObjects[depth - 1] === true;
        if (next === comma) {
          at = this.#skip(at + 1);
          member = -1;
          if (!isObject) break;
          at = this.#name(at);
          if (at < 0) return false;
          member = this.count - 1;
          break;
        }
        if (next !== (isObject ? closeBrace : closeBracket)) return false;
        depth -= 1;
        const owner = this.#owners[depth] ?? -1;
        if (owner >= 0) this.valueEnds[owner] = at + 1;
        at = this.#skip(at + 1);
        if (depth === 0) return at === end;
      }
    }
  }

  /** Read `"name" :` and give where the value begins; -1 when it is not there. */
  #name(at: number): number {
    if (at >= this.#end || this.#view.getUint8(at) !== quote) return -1;
    const end = this.#stringEnd(at + 1);
    if (end < 0) return -1;
    const colonAt = this.#skip(end);
    if (colonAt >= this.#end || this.#view.getUint8(colonAt) !== colon) return -1;
    const value = this.#skip(colonAt + 1);
    this.#nameStarts[this.count] = at + 1;
    this.#nameEnds[this.count] = end - 1;
    this.valueStarts[this.count] = value;
    this.count += 1;
    return value;
  }

  /** Behind the quote that ends a string; -1 when the line has none. */
  #stringEnd(start: number): number {
    const view = this.#view;
    for (let at = skipPlain(view, start, this.#end); at < this.#end; at += 1) {
      const code = view.getUint8(at);
      if (code === quote) return at + 1;
      if (code === backslash) at += 1;
    }
    return -1;
  }

  /** Behind a number or a literal; -1 when there is none. */
  #scalarEnd(start: number): number {
    const view = this.#view;
    let at = start;
    for (; at < this.#end; at += 1) {
      const code = view.getUint8(at);
      const isWord =
        (code >= 0x30 && code <= 0x39) ||
        (code >= 0x61 && code <= 0x7a) ||
        code === 0x2e ||
        code === 0x2d ||
        code === 0x2b ||
        code === 0x45;
      if (!isWord) break;
    }
    return at === start ? -1 : at;
  }

  #skip(start: number): number {
    const view = this.#view;
    let at = start;
    for (; at < this.#end; at += 1) {
      const code = view.getUint8(at);
      if (code !== 0x20 && code !== 0x09 && code !== 0x0d) break;
    }
    return at;
  }
}
