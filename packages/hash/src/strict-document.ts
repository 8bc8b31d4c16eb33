import { decodeUtf8 } from "./decode-utf8.ts";
import type { JsonValue } from "./json-value.ts";
import { sortedJson } from "./sorted-json.ts";
import { parseStrictJson, type StrictJsonOptions } from "./strict-json.ts";

/** A JSON document that was read, and what is known of how it is written. */
export interface StrictDocument {
  readonly value: JsonValue;
  /**
   * Whether its bytes are for certain its canonical JSON. Of a canonical document that is very
   * large, or has keys like `10` and `9`, that is not found out here.
   */
  readonly isKnownCanonical: boolean;
}

/** What may be nested; each takes `JSON.parse` some 64 bytes if they all are. */
const containersMax = 250_000;
const containerStarts = ["{", "["];

/**
 * Read JSON as `parseStrictJson` does and find out on the way whether it is canonical, in half of
 * the time that strictness alone takes.
 *
 * Canonical JSON has one spelling: no key is there twice, no number means something else than it
 * says, and nothing is between the values. So what comes out again as it went in is strict as well.
 * @throws `HASH_JSON_INVALID` as `parseStrictJson`.
 * @see RFC 8785
 */
export function parseStrictDocument(
  bytes: Uint8Array,
  options: Pick<StrictJsonOptions, "bytesMax"> = {},
): StrictDocument {
  const value = bytes.byteLength <= (options.bytesMax ?? Infinity) ? canonical(bytes) : undefined;
  if (value !== undefined) return { value, isKnownCanonical: true };
  return { value: parseStrictJson(bytes, options), isKnownCanonical: false };
}

/** The value of a document that is written canonically. */
function canonical(bytes: Uint8Array): JsonValue | undefined {
  const { text, isValid } = decodeUtf8(bytes);
  if (!isValid || hasMany(text)) return undefined;
  let value: JsonValue;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // The other says what is wrong.
  }
  const sorted = sortedJson(value);
  return sorted !== undefined && JSON.stringify(sorted) === text ? value : undefined;
}

function hasMany(text: string): boolean {
  let count = 0;
  for (const start of containerStarts)
    for (let at = text.indexOf(start); at !== -1; at = text.indexOf(start, at + 1)) {
      count += 1;
      if (count > containersMax) return true;
    }
  return false;
}
