/** Documents of a length that one asks for, which would hurt a reader that looks at things twice. */
export const hostileLengths: readonly (readonly [string, (count: number) => string])[] = [
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
];

function items(count: number, make: (index: number) => string): string {
  return Array.from({ length: Math.floor(count) }, (_, index) => make(index)).join();
}
