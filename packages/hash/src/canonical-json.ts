import canonicalize from "canonicalize";
import type { Digest } from "./digest.ts";
import { digestBytes } from "./digester.ts";
import { hashErrors } from "./errors.ts";
import { jsonPointer } from "./json-pointer.ts";
import { JSON_DEPTH_MAX, STRING_LENGTH_MAX } from "./json-value.ts";
import { quote } from "./quote.ts";
import { sortedJson } from "./sorted-json.ts";

const TOO_LONG = "makes a text beyond 512 MiB";

/**
 * Write a value as canonical JSON: keys sorted by UTF-16 units, no white space, numbers as
 * ECMAScript prints them (`-0` becomes `0`). Equal values give equal text in every language.
 *
 * Only plain JSON is taken. Where `JSON.stringify` would drop or change something, this throws:
 * `undefined`, functions, symbols, bigints, dates and other objects with a class or a `toJSON`,
 * holes in arrays, NaN and infinities, lone surrogates, a key `__proto__`, and more than 256
 * nested arrays and objects (so also cycles). Named properties of an array are not looked at.
 * What this writes, `parseStrictJson` reads.
 *
 * @throws `HASH_NOT_CANONICAL` with `details.pointer`, the JSON pointer of the value.
 * @example
 * canonicalJson({ b: 1.0, a: [true, null] }); // '{"a":[true,null],"b":1}'
 * @see RFC 8785
 */
export function canonicalJson(value: unknown): string {
  // What is plain JSON, and that is nearly all, is written at five times the speed.
  const sorted = sortedJson(value);
  if (sorted !== undefined) return write(() => JSON.stringify(sorted));
  new Checker().check(value, undefined, 0);
  return write(() => canonicalize(value));
}

/**
 * Digest a value: the SHA-256 of its canonical JSON in UTF-8.
 * @throws `HASH_NOT_CANONICAL`
 * @see RFC 8785
 */
export function canonicalDigest(value: unknown): Digest {
  return digestBytes(canonicalJson(value));
}

function write(textOf: () => string | undefined): string {
  try {
    const text = textOf();
    // All that would be left out has been refused.
    if (text !== undefined) return text;
  } catch (error) {
    // Escapes made the text longer than a string can be; nobody has counted them.
    if (error instanceof RangeError) throw refuse(TOO_LONG, undefined);
    throw error;
  }
  throw refuse("is not JSON", undefined);
}

/** Where a value stands: its key in its container, and where the container stands. */
interface Place {
  readonly key: string | number;
  readonly parent: Place | undefined;
}

class Checker {
  // A lower bound of the text's length. Values that share parts (YAML aliases) can be small in
  // memory and endless as text; this stops before the walk does not end.
  #length = 0;

  check(value: unknown, place: Place | undefined, depth: number): void {
    switch (typeof value) {
      case "string":
        this.#count(value.length + 3, place);
        if (!value.isWellFormed()) throw refuse("has a lone surrogate", place);
        return;
      case "number":
        this.#count(2, place);
        if (!Number.isFinite(value)) throw refuse(`is ${value}`, place);
        return;
      case "boolean":
        this.#count(5, place);
        return;
      case "object":
        // Two brackets; the comma after them stands for the one its last value does not have.
        this.#count(2, place);
        if (value !== null) this.#checkContainer(value, place, depth + 1);
        return;
      default:
        throw refuse(`is ${value === undefined ? "undefined" : `a ${typeof value}`}`, place);
    }
  }

  #checkContainer(value: object, place: Place | undefined, depth: number): void {
    if (depth > JSON_DEPTH_MAX) {
      throw refuse(`is nested deeper than ${JSON_DEPTH_MAX}, or holds itself`, place);
    }
    if ("toJSON" in value && typeof value.toJSON === "function") {
      throw refuse("has a toJSON method", place);
    }
    if (Array.isArray(value)) this.#checkArray(value, place, depth);
    else this.#checkObject(value, place, depth);
  }

  #checkArray(items: readonly unknown[], place: Place | undefined, depth: number): void {
    for (let index = 0; index < items.length; index++) {
      this.check(items[index], { key: index, parent: place }, depth);
    }
  }

  #checkObject(value: object, place: Place | undefined, depth: number): void {
    if (!isPlain(value)) throw refuse(`is ${describe(value)}`, place);
    if (Object.getOwnPropertySymbols(value).length > 0) throw refuse("has a symbol as key", place);
    for (const [key, member] of Object.entries(value)) {
      const memberPlace = { key, parent: place };
      this.#count(key.length + 3, memberPlace);
      if (!key.isWellFormed()) throw refuse("has a lone surrogate in its key", memberPlace);
      if (key === "__proto__") throw refuse("has the key __proto__", memberPlace);
      this.check(member, memberPlace, depth);
    }
  }

  #count(units: number, place: Place | undefined): void {
    this.#length += units;
    // The whole value has no comma after it.
    if (this.#length - 1 > STRING_LENGTH_MAX) throw refuse(TOO_LONG, place);
  }
}

/** Made by a literal or by `JSON.parse`, also in another realm; or without a prototype. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(Object(prototype), "valueOf");
}

function describe(value: object): string {
  const name: unknown = value.constructor?.name;
  return typeof name === "string" && name !== "" ? `a ${name} object` : "not a plain object";
}

function refuse(problem: string, place: Place | undefined): Error {
  const keys: (string | number)[] = [];
  for (let at = place; at !== undefined; at = at.parent) keys.unshift(at.key);
  const pointer = jsonPointer(keys);
  const where = pointer === "" ? "The value" : `The value at ${quote(pointer)}`;
  return hashErrors.NOT_CANONICAL(`${where} ${problem}.`, { details: { pointer } });
}
