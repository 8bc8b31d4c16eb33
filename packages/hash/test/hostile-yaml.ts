const laughs = ["a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]"];
for (const [index, name] of [..."bcdefghij"].entries())
  laughs.push(`${name}: &${name} [${Array(9).fill(`*${"abcdefghi"[index]}`).join(", ")}]`);

/** What it is, the document, and what is wrong with it. */
export const refusedYaml: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
  ["a tag of JavaScript", "a: !!js/function 'function () {}'", /tag/i],
  ["a tag of Python", "a: !!python/object/apply:os.system [ls]", /tag/i],
  ["a tag of its own", "a: !mine 1", /tag/i],
  ["the same key twice", "a: 1\na: 2\n", /unique/i],
  ["a key __proto__", '"__proto__": {"polluted": true}\n', /key/],
  ["a key __proto__ further down", "a:\n  __proto__: 1\n", /\/a/],
  ["several documents", "a: 1\n---\na: 2\n", /document/i],
  ["laughs by the billion", laughs.join("\n"), /alias/i],
  ["long text by many aliases", longAliases(), /alias|expand/i],
  ["an alias of nothing", "a: *b\n", /alias|anchor/i],
  ["brackets, 20,000 of them", "[".repeat(20_000) + "]".repeat(20_000), /deep/],
  ["dashes, 20,000 of them", `${"- ".repeat(20_000)}1`, /deep/],
  ["brackets, 300 of them", "[".repeat(300) + "]".repeat(300), /deep/],
  ["an infinity", "a: .inf\n", /\/a/],
  ["not a number", "- .nan\n", /\/0/],
  ["an integer that a double rounds", "a: 9007199254740993\n", /\/a/],
  ["a number beyond all doubles", "a: 1e400\n", /\/a/],
  ["half a character", 'a: "\\ud800"\n', /surrogate/],
  ["a set", "%YAML 1.1\n---\n!!set {a, b}\n", /./],
  ["binary data", "%YAML 1.1\n---\na: !!binary aGVsbG8=\n", /./],
  ["bytes that are not UTF-8", Buffer.from([0x61, 0x3a, 0x20, 0xff]), /UTF-8/],
  ["a tab for an indent", "a:\n\tb: 1\n", /tab|indent/i],
  ["a bracket without end", "a: [1\n", /./],
];

/** What it is, the document, and what it means. */
export const acceptedYaml: readonly (readonly [string, string, unknown])[] = [
  ["nothing", "", null],
  ["a comment alone", "# nothing\n", null],
  ["ordinary anchors", "a: &x {b: 1}\nc: *x\n", { a: { b: 1 }, c: { b: 1 } }],
  ["a merge key as a key", "a: &x {b: 1}\nc: {<<: 2}\n", { a: { b: 1 }, c: { "<<": 2 } }],
  ["names of prototypes", "constructor: 1\ntoString: 2\n", { constructor: 1, toString: 2 }],
  ["a date as text", "a: 2026-01-02\n", { a: "2026-01-02" }],
  ["a Norwegian", "a: no\n", { a: "no" }],
  ["text in several lines", "a: |\n  b\n  c\n", { a: "b\nc\n" }],
];

/** Fewer aliases than the library forbids, of a text as long as all of them together may be. */
function longAliases(): string {
  const text = "x".repeat(1_000_000);
  return `a: &a ${text}\nb: [${Array(90).fill("*a").join(", ")}]\n`;
}
