// Compaction for crash.mjs: whenever it stops, every original can be read, and the second time the
// command does the rest.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** @type {readonly import("./crash-scenarios.mjs").Scenario[]} */
export const compactionScenarios = [
  {
    name: "artifacts compact",
    quick: ["kill", 0.6],
    prepare: preparePool,
    commands: () => [["artifacts", "compact", "--apply", "--json"]],
    after: assertOriginals,
  },
  {
    name: "artifacts compact back",
    quick: ["powerloss", 0.6],
    prepare(work) {
      preparePool(work);
      work.reseal("artifacts", "compact", "--apply");
    },
    commands: () => [["artifacts", "compact", "--apply", "--restore-original", "--json"]],
    after: assertOriginals,
  },
  {
    name: "store compact",
    quick: ["kill", 0.5],
    prepare: (work) => work.reseal("seal", "more", "--json"),
    commands: () => [compactStore],
  },
  {
    name: "store compact back",
    quick: ["ENOSPC", 0.5],
    prepare: (work) => work.reseal(...compactStore),
    commands: () => [[...compactStore, "--restore-original"]],
  },
];

// All that is read of the store after each crash is checked by crash.mjs itself.
const compactStore = ["artifacts", "compact", "--apply", "--min-age", "0", "--store", ".reseal"];

const originals = Object.fromEntries(
  [1, 2, 3].flatMap((run) => [
    [
      `bench/2025081${run}_120000_pass.jsonl`,
      `{"check":"spread within the limit","run":${run}}\n`.repeat(3000),
    ],
    [
      `bench/2025081${run}_120000_pass.md`,
      `# Run ${run}\n\n## Empty\n\n## Words\n\n${"Words. ".repeat(8000)}\n`,
    ],
  ]),
);

function preparePool(work) {
  mkdirSync(join(work.folder, "artifacts/bench"), { recursive: true });
  for (const [path, text] of Object.entries(originals))
    writeFileSync(join(work.folder, "artifacts", path), text);
}

/** JSON Lines read as they were; Markdown is as it was, or that is in the trash. */
function assertOriginals(work) {
  for (const [path, text] of Object.entries(originals)) {
    if (path.endsWith(".jsonl")) {
      const { data } = work.reseal("artifacts", "cat", path, "--json");
      if (Buffer.from(data.content_base64, "base64").toString() !== text)
        throw new Error(`${path} does not read as it was`);
    } else if (!copiesOf(work, path).includes(text)) throw new Error(`${path} is lost`);
  }
  const { items } = work.reseal("artifacts", "list", "--json").data;
  if (items.length !== 3) throw new Error(`${items.length} entries are listed, not 3`);
  work.reseal("artifacts", "audit", "--verify");
}

/** A file where it was, and in the trash. */
function copiesOf(work, path) {
  const folder = join(work.folder, "artifacts");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(path))
    .map((name) => readFileSync(join(folder, name), "utf8"));
}
