import { strict as assert } from "node:assert";
import { decodeUtf8 } from "./decode-utf8.ts";
import { jsonProblem } from "./json-problem.ts";
import { scanJson } from "./json-scanner.ts";
import { JSON_DEPTH_MAX, type JsonValue, STRING_LENGTH_MAX } from "./json-value.ts";

/** Limits of {@link parseStrictJson}. */
export interface StrictJsonOptions {
  /** Nested arrays and objects, 256 unless given; `[[]]` has two. */
  readonly depthMax?: number | undefined;
  /** Bytes of the document in UTF-8; about 512 MiB, what a string can hold, unless given. */
  readonly bytesMax?: number | undefined;
}

const BYTE_ORDER_MARK = "\ufeff";

/**
 * Read JSON that means the same to every reader, or refuse it.
 *
 * Takes what RFC 8259 allows, except what readers disagree about: bytes that are not UTF-8, a byte
 * order mark, a key that is there twice (also when one is escaped), lone surrogates, a key
 * `__proto__`, deep nesting, and numbers that a double cannot hold: integers that do not come back
 * as written (2^53 + 1), magnitudes that become infinite or zero (1e400, 1e-400). Numbers with a
 * fraction or an exponent are rounded as usual. Linear in the length; nesting costs no stack.
 *
 * @throws `HASH_JSON_INVALID` with `details`: `reason`, `line` and `column` (from 1, in UTF-16
 * units), `pointer` (RFC 6901, keys beyond 100 characters cut).
 * @example
 * parseStrictJson('{"a":1,"\\u0061":2}'); // throws: line 1, column 8: the key "a" is there twice
 * @see RFC 8259, RFC 7493 (I-JSON)
 */
export function parseStrictJson(
  input: string | Uint8Array,
  { depthMax = JSON_DEPTH_MAX, bytesMax = STRING_LENGTH_MAX }: StrictJsonOptions = {},
): JsonValue {
  assert(depthMax >= 0 && bytesMax >= 0, "A limit must be a number.");
  const size = typeof input === "string" ? stringBytes(input, bytesMax) : input.byteLength;
  if (size > bytesMax) {
    const at = { text: "", offset: 0, pointer: [] };
    throw jsonProblem("size", `the document is larger than ${bytesMax} bytes`, at);
  }
  const text = typeof input === "string" ? input : decode(input);
  if (text.startsWith(BYTE_ORDER_MARK)) {
    throw jsonProblem("byte_order_mark", "byte order mark", { text, offset: 0, pointer: [] });
  }
  scanJson(text, depthMax);
  return JSON.parse(text);
}

function stringBytes(text: string, bytesMax: number): number {
  // A UTF-16 unit takes at most 3 bytes, so that most strings need not be counted.
  return text.length * 3 <= bytesMax ? text.length : Buffer.byteLength(text);
}

function decode(bytes: Uint8Array): string {
  const { text, isValid } = decodeUtf8(bytes);
  if (isValid) return text;
  throw jsonProblem("utf8", "not UTF-8", { text, offset: text.length, pointer: [] });
}
