// Prints what the speed tests compare, as JSON. Runs on the built package in a process of its own:
// coverage slows the code of a test down, but not JSON.parse.
import { digestBytes, formatTree, parseStrictJson, parseTree } from "../dist/index.js";

const rows = documentOf((index) =>
  JSON.stringify({ id: index, name: `sample ${index}`, loss: Math.sin(index), tags: ["a", "b"] }),
);
const numbers = documentOf((index) => String(Math.sin(index)));
const strings = documentOf(() => JSON.stringify("lorem ipsum dolor sit amet ".repeat(40)));
const files = Array.from({ length: 20_000 }, (_, index) => ({
  path: `outputs/run_${index % 97}/checkpoint/epoch_${(index * 7919) % 20_000}.json`,
  digest: digestBytes(String(index)),
}));
const tree = formatTree(files);

const works = {
  rows_parse: () => JSON.parse(rows),
  rows_strict: () => parseStrictJson(rows),
  numbers_parse: () => JSON.parse(numbers),
  numbers_strict: () => parseStrictJson(numbers),
  strings_parse: () => JSON.parse(strings),
  strings_strict: () => parseStrictJson(strings),
  format_tree: () => formatTree(files),
  parse_tree: () => parseTree(tree),
};

// In turns, and the fastest of each: what else the machine does comes and goes.
const fastest = {};
for (let round = 0; round < 10; round++) {
  for (const [name, work] of Object.entries(works)) {
    const runs = name.endsWith("_tree") ? 5 : 1;
    for (let run = 0; run < runs; run++) {
      const start = performance.now();
      work();
      const ms = performance.now() - start;
      fastest[name] = Math.min(fastest[name] ?? ms, ms);
    }
  }
}

// A share is the speed of parseStrictJson where JSON.parse has 1.
console.log(
  JSON.stringify({
    strict_json_rows_share: fastest.rows_parse / fastest.rows_strict,
    strict_json_numbers_share: fastest.numbers_parse / fastest.numbers_strict,
    strict_json_long_strings_share: fastest.strings_parse / fastest.strings_strict,
    format_tree_ms: fastest.format_tree,
    parse_tree_ms: fastest.parse_tree,
  }),
);

/** An array of about 20 MB. */
function documentOf(item) {
  const parts = [];
  for (let index = 0, size = 0; size < 20_000_000; index++) {
    const part = item(index);
    parts.push(part);
    size += part.length + 1;
  }
  return `[${parts.join()}]`;
}
