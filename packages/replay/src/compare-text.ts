import { parseStrictJson } from "@reseal/hash";
import { sides, walkJson } from "./compare-json.ts";
import { type ComparisonTally, createTally, type PayloadComparison } from "./payload-comparison.ts";
import { pointerRules } from "./pointer-rules.ts";
import type { PayloadTolerance } from "./tolerance.ts";

/** Compare two texts; the first difference is the line, from 1, and both lines. */
export function compareText(original: string, candidate: string): PayloadComparison {
  if (original === candidate) return { status: "equal" };
  const index = firstUnequal(original, candidate);
  const start = index === 0 ? 0 : original.lastIndexOf("\n", index - 1) + 1;
  const [a, b] = [lineAt(original, start), lineAt(candidate, start)];
  const isLineBreak = a === b; // One of the two ends without it.
  return {
    status: "different",
    firstDifference: {
      line: countLines(original, start) + 1,
      ...(isLineBreak ? sides(tail(original, start), tail(candidate, start)) : sides(a, b)),
    },
  };
}

/**
 * Compare texts with one JSON value a line; the difference names the line and the JSON Pointer.
 * Pointers start at the value of each line.
 * @throws `HASH_JSON_INVALID` when a line is not JSON.
 */
export function compareJsonLines(
  original: string,
  candidate: string,
  tolerance: PayloadTolerance,
): PayloadComparison {
  const tally = createTally();
  const isIgnored = pointerRules(tolerance.ignore?.pointers);
  const a = valuesOf(original);
  const b = valuesOf(candidate);
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const line = index + 1;
    const inLine: ComparisonTally = {
      ...tally,
      number: (result, place) => tally.number(result, () => ({ line, ...place() })),
      difference: (place) => tally.difference(() => ({ line, ...place() })),
    };
    walkJson(a[index], b[index], { tolerance, tally: inLine, isIgnored });
  }
  return tally.result();
}

function valuesOf(text: string): unknown[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => parseStrictJson(line));
}

/** Index of the first difference; the shorter length when one text starts with the other. */
function firstUnequal(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  let index = 0;
  while (index < length && a.charCodeAt(index) === b.charCodeAt(index)) index += 1;
  return index;
}

/** The line that starts at an index; `undefined` past the end. */
function lineAt(text: string, start: number): string | undefined {
  if (start >= text.length) return undefined;
  const end = text.indexOf("\n", start);
  return text.slice(start, end === -1 ? undefined : end);
}

function countLines(text: string, end: number): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at !== -1 && at < end; at = text.indexOf("\n", at + 1))
    count += 1;
  return count;
}

/** A line with the line break that ends it, when one does. */
function tail(text: string, start: number): string {
  const end = text.indexOf("\n", start);
  return text.slice(start, end === -1 ? undefined : end + 1);
}
