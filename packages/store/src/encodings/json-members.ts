const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const depthMax = 64;

/**
 * Finds the members of the objects in one line of JSON, at any depth, without parsing what it
 * does not need: names and values stay text. One instance is used again for line after line.
 */
export class MemberScanner {
  /** Members of the line scanned last, in the order in which they begin. */
  count = 0;
  /** Where each name begins and ends, without its quotes. */
  readonly nameStarts: number[] = [];
  readonly nameEnds: number[] = [];
  /** Where each value begins and ends. */
  readonly valueStarts: number[] = [];
  readonly valueEnds: number[] = [];
  /** For each open container: the member whose value it is, or -1; and whether it is an object. */
  readonly #owners: number[] = [];
  readonly #areObjects: boolean[] = [];
  #text = "";
  #end = 0;

  /**
   * Find the members of the line from `start` to `end`.
   * @param text Bytes as Latin-1, so that an index is a byte.
   * @returns whether the line is one JSON object or array as far as its structure goes.
   */
  scan(text: string, start: number, end: number): boolean {
    this.#text = text;
    this.#end = end;
    this.count = 0;
    let depth = 0;
    let member = -1; // Whose value comes next.
    let at = this.#skip(start);
    const first = at < end ? text.charCodeAt(at) : 0;
    if (first !== openBrace && first !== openBracket) return false;
    for (;;) {
      // A value begins here.
      const code = at < end ? text.charCodeAt(at) : 0;
      if (code === openBrace || code === openBracket) {
        if (depth === depthMax) return false;
        const isObject = code === openBrace;
        this.#owners[depth] = member;
        this.#areObjects[depth] = isObject;
        depth += 1;
        at = this.#skip(at + 1);
        const isEmpty = text.charCodeAt(at) === (isObject ? closeBrace : closeBracket) && at < end;
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
        const next = at < end ? text.charCodeAt(at) : 0;
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
    if (at >= this.#end || this.#text.charCodeAt(at) !== quote) return -1;
    const end = this.#stringEnd(at + 1);
    if (end < 0) return -1;
    const colonAt = this.#skip(end);
    if (colonAt >= this.#end || this.#text.charCodeAt(colonAt) !== colon) return -1;
    const value = this.#skip(colonAt + 1);
    this.nameStarts[this.count] = at + 1;
    this.nameEnds[this.count] = end - 1;
    this.valueStarts[this.count] = value;
    this.count += 1;
    return value;
  }

  /** Behind the quote that ends a string; -1 when the line has none. */
  #stringEnd(start: number): number {
    const text = this.#text;
    for (let at = start; ; ) {
      const found = text.indexOf('"', at);
      if (found < 0 || found >= this.#end) return -1;
      let before = found - 1;
      while (before >= start && text.charCodeAt(before) === backslash) before -= 1;
      if ((found - before) % 2 === 1) return found + 1;
      at = found + 1;
    }
  }

  /** Behind a number or a literal; -1 when there is none. */
  #scalarEnd(start: number): number {
    let at = start;
    for (; at < this.#end; at += 1) {
      const code = this.#text.charCodeAt(at);
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
    let at = start;
    for (; at < this.#end; at += 1) {
      const code = this.#text.charCodeAt(at);
      if (code !== 0x20 && code !== 0x09 && code !== 0x0d) break;
    }
    return at;
  }
}
