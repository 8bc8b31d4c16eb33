import { npyInvalid } from "./npy-errors.ts";

/** A Python literal of a kind that NumPy writes into headers. */
export type PythonLiteral =
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "integer"; readonly value: bigint }
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "tuple" | "list"; readonly items: readonly PythonLiteral[] }
  | { readonly kind: "dict"; readonly entries: readonly (readonly [string, PythonLiteral])[] };

/** Deepest nesting of tuples, lists and dicts. */
const depthMax = 32;
/** Longest integer, in digits; a dimension has at most 19. */
const digitsMax = 20;

/**
 * Read one Python literal and nothing else: text, integers, booleans, tuples, lists, and dicts
 * with text keys. Nothing is evaluated; names, calls, operators, floats and bytes are refused.
 * @throws `REPLAY_NPY_INVALID`
 * @see https://docs.python.org/3/reference/lexical_analysis.html#literals
 */
export function parsePythonLiteral(text: string): PythonLiteral {
  const parser = new Parser(text);
  const value = parser.value(0);
  parser.end();
  return value;
}

const escapes: ReadonlyMap<string, string> = new Map([
  ["\\", "\\"],
  ["'", "'"],
  ['"', '"'],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);
const escapeLengths: ReadonlyMap<string, number> = new Map([
  ["x", 2],
  ["u", 4],
  ["U", 8],
]);

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): PythonLiteral {
    if (depth > depthMax) throw this.#invalid(`nests deeper than ${depthMax}`);
    const next = this.#peek();
    if (next === "'" || next === '"') return { kind: "text", value: this.#string(next) };
    if (next === "(") return this.#tuple(depth);
    if (next === "[") return { kind: "list", items: this.#items("[", "]", depth).items };
    if (next === "{") return this.#dict(depth);
    if (this.#word("True")) return { kind: "boolean", value: true };
    if (this.#word("False")) return { kind: "boolean", value: false };
    return this.#integer();
  }

  end(): void {
    if (this.#peek() !== "") throw this.#invalid("goes on after its end");
  }

  /** Parentheses make a tuple only with a comma, or when they are empty. */
  #tuple(depth: number): PythonLiteral {
    const { items, commas } = this.#items("(", ")", depth);
    const [only] = items;
    return items.length === 1 && commas === 0 && only !== undefined
      ? only
      : { kind: "tuple", items };
  }

  #items(
    open: string,
    close: string,
    depth: number,
  ): { readonly items: PythonLiteral[]; readonly commas: number } {
    this.#expect(open);
    const items: PythonLiteral[] = [];
    let commas = 0;
    while (this.#peek() !== close) {
      items.push(this.value(depth + 1));
      if (this.#peek() === close) break;
      this.#expect(",");
      commas += 1;
    }
    this.#expect(close);
    return { items, commas };
  }

  #dict(depth: number): PythonLiteral {
    this.#expect("{");
    const entries: (readonly [string, PythonLiteral])[] = [];
    while (this.#peek() !== "}") {
      const quote = this.#peek();
      if (quote !== "'" && quote !== '"') throw this.#invalid("has a key that is not text");
      const key = this.#string(quote);
      this.#expect(":");
      entries.push([key, this.value(depth + 1)]);
      if (this.#peek() === "}") break;
      this.#expect(",");
    }
    this.#expect("}");
    return { kind: "dict", entries };
  }

  #string(quote: string): string {
    this.#expect(quote);
    let value = "";
    for (;;) {
      const character = this.#text[this.#at];
      this.#at += 1;
      if (character === undefined || character === "\n") throw this.#invalid("has open quotes");
      if (character === quote) return value;
      value += character === "\\" ? this.#escape() : character;
    }
  }

  #escape(): string {
    const letter = this.#text[this.#at] ?? "";
    this.#at += 1;
    const plain = escapes.get(letter);
    if (plain !== undefined) return plain;
    const length = escapeLengths.get(letter);
    const digits = this.#text.slice(this.#at, this.#at + (length ?? 0));
    if (length === undefined || digits.length < length || !/^[0-9a-fA-F]+$/.test(digits))
      throw this.#invalid("has an unknown escape");
    this.#at += length;
    const point = Number.parseInt(digits, 16);
    if (point > 0x10ffff) throw this.#invalid("has an unknown escape");
    return String.fromCodePoint(point);
  }

  #integer(): PythonLiteral {
    const pattern = /-?(?:0|[1-9][0-9]*)/y;
    pattern.lastIndex = this.#at;
    const [digits] = pattern.exec(this.#text) ?? [];
    if (digits === undefined) throw this.#invalid("holds something else than a plain literal");
    if (digits.length > digitsMax) throw this.#invalid("has an integer that is too large");
    this.#at += digits.length;
    // Python 2 wrote long integers this way.
    if (this.#text[this.#at] === "L") this.#at += 1;
    if (/[\w.]/.test(this.#text[this.#at] ?? ""))
      throw this.#invalid("has a number that is no integer");
    return { kind: "integer", value: BigInt(digits) };
  }

  #word(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false;
    if (/\w/.test(this.#text[this.#at + word.length] ?? "")) return false;
    this.#at += word.length;
    return true;
  }

  #expect(character: string): void {
    if (this.#peek() !== character) throw this.#invalid(`lacks a ${character}`);
    this.#at += 1;
  }

  /** The next character that is not blank; empty at the end. */
  #peek(): string {
    while (/[ \t\r\n]/.test(this.#text[this.#at] ?? "")) this.#at += 1;
    return this.#text[this.#at] ?? "";
  }

  #invalid(problem: string): Error {
    return npyInvalid("header", `The header of the array ${problem} at character ${this.#at}.`);
  }
}
