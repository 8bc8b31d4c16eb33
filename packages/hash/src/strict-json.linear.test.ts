import { expect, test } from "vitest";
import { parseStrictJson } from "./strict-json.ts";

test.for<[string, (count: number) => string]>([
  ["digits of one number", (count) => `0.${"7".repeat(count)}`],
  ["digits of one integer", (count) => "7".repeat(count)],
  ["a long string", (count) => `"${"x".repeat(count)}"`],
  ["a long string without end", (count) => `"${"x".repeat(count)}`],
  ["escapes", (count) => `"${"\\u0041".repeat(count / 6)}"`],
  ["backslashes without end", (count) => `"${"\\\\".repeat(count / 2)}`],
  ["line feeds", (count) => "\n".repeat(count)],
  ["keys", (count) => `{${items(count / 12, (index) => `"${index}":1`)}}`],
  ["the same key", (count) => `{${items(count / 6, () => '"a":1')}}`],
  [
    "long keys with a long start in common",
    (count) => `{${items(count / 1000, (index) => `"${"x".repeat(990)}${index}":1`)}}`,
  ],
  ["brackets", (count) => "[".repeat(count)],
  ["empty objects", (count) => `[${items(count / 3, () => "{}")}]`],
])("takes linear time for %s", ([, make]) => {
  const timeOf = (text: string): number => fastest(2, () => outcome(text));

  // 16 times the length may take 16 times the time, not 256; the floor hides what is too fast to measure.
  const small = Math.max(timeOf(make(250_000)), 2);
  const large = timeOf(make(4_000_000));

  expect(large / small).toBeLessThan(100);
});

function items(count: number, make: (index: number) => string): string {
  return Array.from({ length: Math.floor(count) }, (_, index) => make(index)).join();
}

function outcome(text: string): unknown {
  try {
    return parseStrictJson(text);
  } catch (error) {
    return error;
  }
}

function fastest(runs: number, work: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    work();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}
