import { decodeUtf8 } from "./decode-utf8.ts";
import { hashErrors } from "./errors.ts";
import { jsonPointer } from "./json-pointer.ts";
import { JSON_DEPTH_MAX, type JsonValue } from "./json-value.ts";
import { quote } from "./quote.ts";

/** Limits of {@link parseStrictYaml}. */
export interface StrictYamlOptions {
  /** Nested sequences and mappings, 256 unless given. */
  readonly depthMax?: number | undefined;
  /** Bytes of the document in UTF-8, 16 MiB unless given. */
  readonly bytesMax?: number | undefined;
  /** Values and characters that the document may mean once its aliases are written out. */
  readonly expandedMax?: number | undefined;
}

/** How often aliases may be followed, as the `yaml` library counts. */
const aliasCountMax = 100;

type Place = readonly (string | number)[];

/**
 * Read a YAML document that means what JSON can say, or refuse it.
 *
 * Refused are bytes that are not UTF-8, tags that are not of YAML's own schema (`!!js/function`),
 * duplicate keys, a key `__proto__`, several documents, deep nesting, aliases that expand to more
 * than the document could hold, and values that JSON has no word for: infinities, NaN, integers
 * beyond 2^53-1, sets, binary data. Dates become text, `<<` is a key like others, nothing at all is
 * null.
 *
 * @throws `HASH_YAML_INVALID` with `details.pointer` where a value is at fault.
 * @example
 * await parseStrictYaml("a: &x [1]\nb: *x\n"); // { a: [1], b: [1] }
 * @see YAML 1.2.2
 */
export async function parseStrictYaml(
  input: string | Uint8Array,
  options: StrictYamlOptions = {},
): Promise<JsonValue> {
  const { depthMax = JSON_DEPTH_MAX, bytesMax = 16 * 2 ** 20, expandedMax = 8 * 2 ** 20 } = options;
  const size = typeof input === "string" ? Buffer.byteLength(input) : input.byteLength;
  if (size > bytesMax) throw problem(`the document is larger than ${bytesMax} bytes`);
  const left = { count: expandedMax + size };
  return toJson(await parse(textOf(input)), [], depthMax, left);
}

function textOf(input: string | Uint8Array): string {
  if (typeof input === "string") return input;
  const { text, isValid } = decodeUtf8(input);
  if (!isValid) throw problem("not UTF-8");
  return text;
}

async function parse(text: string): Promise<unknown> {
  const { parseDocument } = await import("yaml"); // Costly to load.
  try {
    const document = parseDocument(text, { logLevel: "error" });
    const [fault] = [...document.errors, ...document.warnings];
    if (fault === undefined) return document.toJS({ maxAliasCount: aliasCountMax });
    if (fault.code === "RESOURCE_EXHAUSTION") throw problem("nested too deeply");
    throw problem(firstLine(fault.message));
  } catch (error) {
    // The library calls itself for each level.
    if (error instanceof RangeError) throw problem("nested too deeply");
    if (error instanceof ReferenceError) throw problem(firstLine(error.message));
    throw error;
  }
}

function toJson(value: unknown, at: Place, depthLeft: number, left: { count: number }): JsonValue {
  left.count -= typeof value === "string" ? 1 + value.length : 1;
  if (left.count < 0) throw problem("its aliases expand to too much", at);
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "string") {
    if (value.isWellFormed()) return value;
    throw problem("half a character (a lone surrogate)", at);
  }
  if (typeof value === "number") {
    if (Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value)))
      return value;
    throw problem(`${value} is a number that JSON cannot hold; write it as text`, at);
  }
  if (value instanceof Date) return value.toISOString();
  if (depthLeft === 0) throw problem("nested too deeply", at);
  if (Array.isArray(value))
    return value.map((item, index) => toJson(item, [...at, index], depthLeft - 1, left));
  if (typeof value === "object" && isPlain(value))
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => {
        left.count -= key.length;
        if (key === "__proto__" || !key.isWellFormed())
          throw problem("a key that no document may have", at);
        return [key, toJson(item, [...at, key], depthLeft - 1, left)];
      }),
    );
  throw problem(`a ${nameOf(value)}, which JSON cannot hold`, at);
}

/** YAML 1.1 knows sets, ordered maps and binary data as well. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function nameOf(value: unknown): string {
  return typeof value === "object" && value !== null ? value.constructor.name : typeof value;
}

function firstLine(message: string): string {
  return (message.split("\n")[0] ?? "").replace(/:$/, "");
}

function problem(what: string, at: Place = []): Error {
  const pointer = jsonPointer(at);
  const place = pointer === "" ? "" : `${quote(pointer)}: `;
  return hashErrors.YAML_INVALID(`${place}${what}.`, { details: { pointer } });
}
