import { compareUtf8 } from "@reseal/hash";
import type { ValueDifference } from "@reseal/schema";
import { compareNumbers } from "./compare-numbers.ts";
import {
  type ComparisonTally,
  createTally,
  type PayloadComparison,
  quoted,
} from "./payload-comparison.ts";
import { pointerRules } from "./pointer-rules.ts";
import type { PayloadTolerance } from "./tolerance.ts";

/**
 * Compare two JSON values: keys in any order, numbers within the tolerance.
 *
 * The first difference is the first in the order of keys (by UTF-8 bytes) and items; its place is
 * a JSON Pointer. A value that only one side has is absent on the other. What lies at or below an
 * ignored pointer is not looked at.
 * @see RFC 6901
 */
export function compareJson(
  original: unknown,
  candidate: unknown,
  tolerance: PayloadTolerance,
): PayloadComparison {
  const tally = createTally();
  const isIgnored = pointerRules(tolerance.ignore?.pointers);
  walkJson(original, candidate, { tolerance, tally, isIgnored });
  return tally.result();
}

/** What a walk through two JSON values needs. */
export interface JsonWalk {
  readonly tolerance: PayloadTolerance;
  readonly tally: ComparisonTally;
  readonly isIgnored: ((pointer: string) => boolean) | undefined;
}

/** Note in a tally what {@link compareJson} looks for. */
export function walkJson(original: unknown, candidate: unknown, walk: JsonWalk): void {
  walkBelow(original, candidate, undefined, walk);
}

/** Where a value stands. Its pointer is made when it is asked for: nearly all values are equal. */
interface Place {
  readonly parent: Place | undefined;
  readonly key: string | number;
}

function pointerOf(place: Place | undefined): string {
  const keys: string[] = [];
  for (let at = place; at !== undefined; at = at.parent) keys.push(`/${escapeKey(String(at.key))}`);
  return keys.reverse().join("");
}

/** Every place where two JSON values differ, in the order of {@link compareJson}. */
export function valueDifferences(original: unknown, candidate: unknown): ValueDifference[] {
  const found: ValueDifference[] = [];
  const collect = (a: unknown, b: unknown, pointer: string): void => {
    const children = childrenOf(a, b);
    if (children === undefined) {
      if (!Object.is(scalar(a), scalar(b))) found.push({ pointer, ...sides(a, b) });
      return;
    }
    for (const [key, childA, childB] of children)
      collect(childA, childB, `${pointer}/${escapeKey(key)}`);
  };
  collect(original, candidate, "");
  return found;
}

/** Both sides of a difference as a report holds them; `undefined` is absent. */
export function sides(
  original: unknown,
  candidate: unknown,
): { readonly original?: unknown; readonly candidate?: unknown } {
  return {
    ...(original !== undefined && { original: quoted(original) }),
    ...(candidate !== undefined && { candidate: quoted(candidate) }),
  };
}

/** A key as a segment of a JSON Pointer. */
export function escapeKey(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

function walkBelow(a: unknown, b: unknown, parent: Place | undefined, walk: JsonWalk): void {
  const { tolerance, tally, isIgnored } = walk;
  if (isIgnored?.(pointerOf(parent))) return;
  const place = () => ({ pointer: pointerOf(parent), ...sides(a, b) });
  if (typeof a === "number" && typeof b === "number") {
    tally.number(compareNumbers(a, b, tolerance), place);
  } else if (Array.isArray(a) && Array.isArray(b)) {
    const length = Math.max(a.length, b.length);
    for (let key = 0; key < length; key += 1) walkBelow(a[key], b[key], { parent, key }, walk);
  } else if (isObject(a) && isObject(b)) {
    for (const key of keysOf(a, b)) walkBelow(own(a, key), own(b, key), { parent, key }, walk);
  } else if (!Object.is(scalar(a), scalar(b))) tally.difference(place);
}

/** The members of both, paired, when both are objects or both are arrays. */
function childrenOf(a: unknown, b: unknown): [string, unknown, unknown][] | undefined {
  if (Array.isArray(a) && Array.isArray(b)) {
    const length = Math.max(a.length, b.length);
    return Array.from({ length }, (_, index) => [String(index), a[index], b[index]]);
  }
  if (!isObject(a) || !isObject(b)) return undefined;
  return keysOf(a, b).map((key) => [key, own(a, key), own(b, key)]);
}

/** The keys of both, by UTF-8 bytes. */
function keysOf(a: object, b: object): string[] {
  const keys = Object.keys(a);
  const others = Object.keys(b);
  const isSame = keys.length === others.length && keys.every((key, at) => key === others[at]);
  return (isSame ? keys : [...new Set([...keys, ...others])]).sort(compareUtf8);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function own(object: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** NaN and infinities are texts in JSON; -0 is 0. */
function scalar(value: unknown): unknown {
  if (typeof value !== "number") return value;
  return Number.isFinite(value) ? value + 0 : String(value);
}
