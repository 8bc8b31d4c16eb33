import { numberProblem, type ScannedNumber, scanNumber } from "./json-number.ts";
import { type JsonReason, jsonProblem } from "./json-problem.ts";
import { escapeEnd, isSurrogatePair } from "./json-string.ts";
import { quote } from "./quote.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

const SHORT_RUN = 48;
const notPlain = /[^ !#-[\]-\ud7ff]/g;

/** An array or object that is open. */
interface Frame {
  /** The keys so far; `undefined` for an array. */
  readonly keys: Keys | undefined;
  /** Key of the member that is being read; `undefined` in an array and before the key is known. */
  key: string | undefined;
  /** Index of the item that is being read. */
  item: number;
}

/** Up to this many keys, comparing with each costs less than a set. */
const LISTED_KEYS_MAX = 12;

/** The keys of an object. */
class Keys {
  readonly #listed: string[] = [];
  #set: Set<string> | undefined;

  /** @returns `false` when it was there. */
  add(key: string): boolean {
    if (this.#set !== undefined) {
      const count = this.#set.size;
      return this.#set.add(key).size > count;
    }
    const listed = this.#listed;
    for (let index = 0; index < listed.length; index++) if (listed[index] === key) return false;
    listed.push(key);
    if (listed.length > LISTED_KEYS_MAX) this.#set = new Set(listed);
    return true;
  }
}

/**
 * Check that a text is one strict JSON value. The value itself is left to `JSON.parse`.
 *
 * One pass, linear in the length, without recursion.
 * @throws `HASH_JSON_INVALID`
 */
export function scanJson(text: string, depthMax: number): void {
  new Scanner(text, depthMax).scan();
}

class Scanner {
  readonly #text: string;
  readonly #depthMax: number;
  readonly #frames: Frame[] = [];
  /** The innermost frame. */
  #frame: Frame | undefined;
  /** Offset of the next unit. */
  #index = 0;
  /** Whether the string just read has an escape. */
  #hasEscape = false;
  readonly #number: ScannedNumber = { end: 0, isSafe: true };

  constructor(text: string, depthMax: number) {
    this.#text = text;
    this.#depthMax = depthMax;
  }

  scan(): void {
    do {
      while (this.#startValue());
    } while (this.#nextInContainer());
  }

  /** Read a scalar or empty container: false. Open a container: true, its first value follows. */
  #startValue(): boolean {
    const unit = this.#nextUnit();
    if (unit === QUOTE) this.#readString();
    else if ((unit >= ZERO && unit <= NINE) || unit === MINUS) this.#readNumber();
    else if (unit === OPEN_BRACE) return this.#openObject();
    else if (unit === OPEN_BRACKET) return this.#openArray();
    else this.#readWord();
    return false;
  }

  /** Close what ends here. True when another value follows, false at the end of the document. */
  #nextInContainer(): boolean {
    for (;;) {
      const unit = this.#nextUnit();
      const frame = this.#frame;
      if (frame === undefined) {
        if (this.#index < this.#text.length) throw this.#unexpected(0);
        return false;
      }
      if (unit === COMMA) {
        this.#index++;
        if (frame.keys !== undefined) this.#readKey(frame, frame.keys);
        else frame.item++;
        return true;
      }
      if (unit !== (frame.keys === undefined ? CLOSE_BRACKET : CLOSE_BRACE)) {
        throw this.#unexpected(1);
      }
      this.#index++;
      this.#frames.pop();
      this.#frame = this.#frames[this.#frames.length - 1];
    }
  }

  #openObject(): boolean {
    this.#enter();
    if (this.#nextUnit() === CLOSE_BRACE) {
      this.#index++;
      return false;
    }
    const keys = new Keys();
    const frame: Frame = { keys, key: undefined, item: 0 };
    this.#push(frame);
    this.#readKey(frame, keys);
    return true;
  }

  #openArray(): boolean {
    this.#enter();
    if (this.#nextUnit() === CLOSE_BRACKET) {
      this.#index++;
      return false;
    }
    this.#push({ keys: undefined, key: undefined, item: 0 });
    return true;
  }

  #enter(): void {
    if (this.#frames.length >= this.#depthMax) {
      throw this.#problem("depth", `nested deeper than ${this.#depthMax}`);
    }
    this.#index++;
  }

  #push(frame: Frame): void {
    this.#frames.push(frame);
    this.#frame = frame;
  }

  #readKey(frame: Frame, keys: Keys): void {
    frame.key = undefined;
    if (this.#nextUnit() !== QUOTE) throw this.#unexpected(0);
    const start = this.#index;
    this.#readString();
    const raw = this.#text.slice(start + 1, this.#index - 1);
    const key: string = this.#hasEscape ? JSON.parse(`"${raw}"`) : raw;
    frame.key = key;
    if (!keys.add(key)) {
      throw this.#problem("duplicate_key", `the key ${quote(key)} is there twice`, start);
    }
    if (key === "__proto__") {
      throw this.#problem("proto_key", "the key __proto__ is refused", start);
    }
    if (this.#nextUnit() !== COLON) throw this.#unexpected(0);
    this.#index++;
  }

  #readString(): void {
    let index = this.#plainEnd(this.#index + 1);
    this.#hasEscape = false;
    for (;;) {
      const unit = this.#text.charCodeAt(index);
      if (unit === QUOTE) break;
      if (unit === BACKSLASH) {
        this.#hasEscape = true;
        index = this.#escapeEnd(index);
      } else if (isSurrogatePair(unit, this.#text.charCodeAt(index + 1))) index += 2;
      else if (unit >= 0xd800 && unit <= 0xdfff) throw this.#loneSurrogate(index);
      else if (unit > 0xdfff) index++;
      else throw this.#unexpected(0, index);
      index = this.#plainEnd(index);
    }
    this.#index = index + 1;
  }

  /** Skip what needs no thought: all but quotes, escapes, controls and U+D800 upward. */
  #plainEnd(start: number): number {
    const text = this.#text;
    const stop = start + SHORT_RUN;
    for (let index = start; index < stop; index++) {
      const unit = text.charCodeAt(index);
      if (unit === QUOTE || unit === BACKSLASH || !(unit >= 0x20 && unit < 0xd800)) return index;
    }
    // A regular expression is the faster for long runs only.
    notPlain.lastIndex = stop;
    return notPlain.test(text) ? notPlain.lastIndex - 1 : text.length;
  }

  #escapeEnd(start: number): number {
    const end = escapeEnd(this.#text, start);
    if (end > 0) return end;
    if (end === 0) throw this.#loneSurrogate(start);
    throw this.#problem("syntax", "unknown escape", start);
  }

  #loneSurrogate(offset: number): Error {
    return this.#problem("surrogate", "lone surrogate", offset);
  }

  #readNumber(): void {
    const start = this.#index;
    scanNumber(this.#text, start, this.#number);
    const { end, isSafe } = this.#number;
    if (end === -1) {
      this.#refuseNotFinite();
      throw this.#problem("syntax", "malformed number");
    }
    this.#index = end;
    if (isSafe) return;
    const literal = this.#text.slice(start, end);
    const problem = numberProblem(literal);
    if (problem !== undefined) {
      throw this.#problem("number", `the number ${quote(literal)} ${problem}`, start);
    }
  }

  #readWord(): void {
    for (const word of ["true", "false", "null"]) {
      if (this.#text.startsWith(word, this.#index)) {
        this.#index += word.length;
        return;
      }
    }
    this.#refuseNotFinite();
    throw this.#unexpected(0);
  }

  /** Python and JavaScript libraries write these; say it plainly. */
  #refuseNotFinite(): void {
    const word = ["NaN", "Infinity", "-Infinity"].find((w) =>
      this.#text.startsWith(w, this.#index),
    );
    if (word !== undefined) throw this.#problem("number", `${word} is not JSON`);
  }

  /** Skip white space and look at the unit that follows, NaN at the end. */
  #nextUnit(): number {
    const text = this.#text;
    for (;;) {
      const unit = text.charCodeAt(this.#index);
      if (unit > 0x20) return unit;
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return unit;
      this.#index++;
    }
  }

  /** The grammar wants something else at `offset`; the innermost `outer` frames are not named. */
  #unexpected(outer: number, offset: number = this.#index): Error {
    const code = this.#text.codePointAt(offset);
    const found = code === undefined ? "end" : quote(String.fromCodePoint(code));
    return this.#problem("syntax", `unexpected ${found}`, offset, outer);
  }

  #problem(reason: JsonReason, problem: string, offset: number = this.#index, outer = 0): Error {
    const frames = this.#frames.slice(0, this.#frames.length - outer);
    const pointer = frames.flatMap(({ keys, key, item }) =>
      keys === undefined ? item : (key ?? []),
    );
    return jsonProblem(reason, problem, { text: this.#text, offset, pointer });
  }
}
