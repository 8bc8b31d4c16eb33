import { type Digest, digestFromHex, digestHex, parseStrictJson } from "@reseal/hash";
import type { BlobInfo } from "../blob-store.ts";
import { storeErrors } from "../errors.ts";
import { type FieldDictionary, isPlain } from "./choose-values.ts";
import {
  dictionaryVersion,
  headerBytesMax,
  headerStart,
  nameBytesMax,
  valueBytesMax,
} from "./dictionary-limits.ts";
import { canBeMarked } from "./field-values.ts";

/** What the first line of a dictionary file says. */
export interface DictionaryHeader {
  /** Digest and length of the file that is restored. */
  readonly original: BlobInfo;
  readonly dictionaries: readonly FieldDictionary[];
}

/** The first line with its line feed; `undefined` when it would be too long. */
export function formatHeader({ original, dictionaries }: DictionaryHeader): Buffer | undefined {
  const { size: bytes, digest } = original;
  const fields = dictionaries.map(({ name, values }) => {
    const entries = values.map((value, index) => `"${index}":${formatValue(value)}`);
    return `"${name}":{${entries.join(",")}}`;
  });
  const text =
    `${headerStart}${dictionaryVersion},` +
    `"_original":{"bytes":${bytes},"sha256":"${digestHex(digest)}"},` +
    `"_dictionaries":{${fields.join(",")}}}\n`;
  return text.length > headerBytesMax ? undefined : Buffer.from(text, "latin1");
}

/** A string without escapes stands as it is, any other JSON text as a string in an object. */
function formatValue(value: string): string {
  if (isPlain(value)) return value;
  const json = JSON.stringify({ json: Buffer.from(value, "latin1").toString("utf8") });
  return Buffer.from(json).toString("latin1");
}

/** Whether a file begins as one with a dictionary does. Needs its first 64 bytes. */
export function hasDictionaryHeader(first: Uint8Array): boolean {
  return Buffer.from(first.subarray(0, headerStart.length)).toString("latin1") === headerStart;
}

/**
 * Read the first line, without its line feed.
 * @throws `STORE_ENCODING_INVALID`
 */
export function parseHeader(line: Uint8Array): DictionaryHeader {
  if (!hasDictionaryHeader(line)) throw invalid("does not begin with a dictionary");
  let header: unknown;
  try {
    header = parseStrictJson(line, { depthMax: 4 });
  } catch (cause) {
    throw invalid("has a first line that is no JSON", cause);
  }
  const { _version, _original, _dictionaries, ...others } = asObject(header, "the first line");
  if (_version !== dictionaryVersion)
    throw invalid(
      `has version ${JSON.stringify(_version)}; this Reseal reads ${dictionaryVersion}`,
    );
  if (Object.keys(others).join() !== "_type") throw invalid("has an unknown field in its header");
  return {
    original: parseOriginal(_original),
    dictionaries: Object.entries(asObject(_dictionaries, "_dictionaries")).map(parseField),
  };
}

/** Whether a file begins as CryptoRun wrote one with a dictionary. Needs its first 64 bytes. */
export function hasForeignDictionary(first: Uint8Array): boolean {
  return Buffer.from(first).toString("latin1").startsWith(foreignStart);
}

const foreignStart = `{"_dictionaries":{`;

/**
 * Read the first line of a file that CryptoRun wrote, without its line feed.
 * @throws `STORE_ENCODING_INVALID`
 */
export function parseForeignHeader(line: Uint8Array): Pick<DictionaryHeader, "dictionaries"> {
  let header: unknown;
  try {
    header = parseStrictJson(line, { depthMax: 4 });
  } catch (cause) {
    throw invalid("has a first line that is no JSON", cause);
  }
  const { _dictionaries, _type } = asObject(header, "the first line");
  if (_type !== "dictionary_header") throw invalid("does not begin with a dictionary");
  const fields = Object.entries(asObject(_dictionaries, "_dictionaries"));
  return {
    dictionaries: fields.map(([field, entries]) => ({
      name: Buffer.from(field).toString("latin1"),
      values: Object.entries(asObject(entries, "a dictionary")).map(([key, entry], index) => {
        if (key !== String(index)) throw invalid(`lacks number ${index} in a dictionary`);
        if (typeof entry !== "string") throw invalid("has a dictionary entry that is no text");
        return Buffer.from(JSON.stringify(entry)).toString("latin1");
      }),
    })),
  };
}

function parseOriginal(value: unknown): BlobInfo {
  const { bytes, sha256 } = asObject(value, "_original");
  if (typeof bytes !== "number" || !Number.isSafeInteger(bytes) || bytes < 0)
    throw invalid("has a header without the length of the original");
  if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256))
    throw invalid("has a header without the digest of the original");
  const digest: Digest = digestFromHex(sha256);
  return { digest, size: bytes };
}

function parseField([field, entries]: [string, unknown]): FieldDictionary {
  const name = Buffer.from(field).toString("latin1");
  if (name.length > nameBytesMax || !canBeMarked(name))
    throw invalid(`has a dictionary for ${JSON.stringify(field.slice(0, 40))}, which cannot be`);
  const values = Object.entries(asObject(entries, "a dictionary")).map(([key, entry], index) => {
    if (key !== String(index)) throw invalid(`lacks number ${index} in a dictionary`);
    const text = typeof entry === "string" ? `"${entry}"` : asObject(entry, "an entry").json;
    if (typeof text !== "string") throw invalid("has a dictionary entry that is no text");
    const value = Buffer.from(text).toString("latin1");
    if (value.length > valueBytesMax) throw invalid("has a dictionary entry that is too long");
    return value;
  });
  return { name, values };
}

function asObject(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  throw invalid(`has a header in which ${what} is no object`);
}

/** What is wrong with encoded bytes, as "The compact file …". */
export function invalid(what: string, cause?: unknown): Error {
  return storeErrors.ENCODING_INVALID(`The compact file ${what}.`, { cause });
}
