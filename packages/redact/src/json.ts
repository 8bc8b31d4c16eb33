import { normaliseName, ruleOf } from "./assignments.ts";
import { redactErrors } from "./errors.ts";
import { type NameStrength, nameStrength } from "./names.ts";
import type { FindingCounter, PlaceholderBook } from "./placeholders.ts";
import { isPathOrUrl, isSecretValue, isStandIn } from "./values.ts";

const depthMax = 512;
const harmlessValues =
  /^(?:|true|false|null|none|nil|undefined|string|number|bearer|basic|oauth2?|disabled|enabled|required|optional)$/i;

/** What redacting a JSON value needs. */
export interface JsonRedaction {
  readonly text: (text: string) => string;
  readonly book: PlaceholderBook;
  readonly counter: FindingCounter;
  readonly extraNames: ReadonlySet<string>;
}

/**
 * Redact a JSON value: strings and numbers under secret key names, tokens in all other strings and
 * in keys. Objects keep their keys in order, arrays their length.
 *
 * @throws REDACT_NOT_JSON for a Date, a Map, a function; REDACT_TOO_DEEP beyond 512 levels.
 */
export function redactJson(redaction: JsonRedaction, value: unknown): unknown {
  return visit(redaction, value, "none", 0);
}

/** How secret the values under a key name are. */
export function keyStrength(name: string, extraNames: ReadonlySet<string>): NameStrength {
  return extraNames.has(normaliseName(name)) ? "password" : nameStrength(name);
}

/** Does a value under a name of this strength go as a whole, whatever it looks like? */
export function goesWhole(value: string, strength: NameStrength): boolean {
  if (strength === "none") return false;
  if (strength === "weak") return isSecretValue(value, strength);
  return !harmlessValues.test(value) && !isStandIn(value) && !isPathOrUrl(value);
}

function visit(
  redaction: JsonRedaction,
  value: unknown,
  strength: NameStrength,
  depth: number,
): unknown {
  if (depth > depthMax) throw redactErrors.TOO_DEEP(`More than ${depthMax} levels of nesting.`);
  switch (typeof value) {
    case "string":
      return leaf(redaction, value, strength);
    case "number":
    case "bigint":
      return number(redaction, value, strength);
    case "boolean":
    case "undefined":
      return value;
    case "object":
      break;
    default:
      throw redactErrors.NOT_JSON(`A ${typeof value} is not JSON.`);
  }
  if (value === null) return null;
  if (Array.isArray(value)) {
    return value.map((item) => visit(redaction, item, strength, depth + 1));
  }
  return object(redaction, value, depth);
}

function object(redaction: JsonRedaction, value: object, depth: number): object {
  const prototype: unknown = Object.getPrototypeOf(value);
  // An object of another realm has a prototype whose own prototype is null.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw redactErrors.NOT_JSON("An object with a class of its own is not JSON.");
  }
  const named = namedBySibling(redaction, value);
  const taken = new Set<string>();
  // `fromEntries` defines own properties, so a key `__proto__` stays a key.
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const strength = key === "value" ? named : keyStrength(key, redaction.extraNames);
      const name = uniqueKey(taken, redaction.text(key));
      return [name, visit(redaction, item, strength, depth + 1)];
    }),
  );
}

/** `{ "name": "API_TOKEN", "value": … }`, as lists of environment variables are written. */
function namedBySibling(redaction: JsonRedaction, value: object): NameStrength {
  for (const [key, item] of Object.entries(value)) {
    if ((key === "name" || key === "key") && typeof item === "string") {
      return keyStrength(item, redaction.extraNames);
    }
  }
  return "none";
}

function uniqueKey(taken: Set<string>, key: string): string {
  let name = key;
  for (let copy = 2; taken.has(name); copy += 1) name = `${key}#${copy}`;
  taken.add(name);
  return name;
}

function leaf(redaction: JsonRedaction, value: string, strength: NameStrength): string {
  if (goesWhole(value, strength)) {
    const redacted = redaction.text(value);
    // A token format names the secret better than its key does.
    return redacted !== value && /^\[REDACTED:[a-z0-9-]+:\d+\]$/.test(redacted)
      ? redacted
      : replaced(redaction, value, strength);
  }
  return redaction.text(value);
}

function number(
  redaction: JsonRedaction,
  value: number | bigint,
  strength: NameStrength,
): number | bigint | string {
  const isSecret = strength === "password" || strength === "secret";
  return isSecret ? replaced(redaction, String(value), strength) : value;
}

function replaced(redaction: JsonRedaction, value: string, strength: NameStrength): string {
  const rule = ruleOf(strength);
  redaction.counter.add(rule);
  const secret = Buffer.from(value, "utf8").toString("latin1");
  return redaction.book.placeholder({ rule, secret });
}
