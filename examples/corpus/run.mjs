// Records every experiment of this folder, replays it, and holds the verdict against the one that
// its expected.json demands. Ends with 1 when one is another.
//   node examples/corpus/run.mjs [--json] [NAME...]
import { spawn, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const corpus = fileURLToPath(new URL(".", import.meta.url));
const main = join(corpus, "..", "..", "apps", "cli", "bin", "main.js");
const isJson = process.argv.includes("--json");
const chosen = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const root = mkdtempSync(join(tmpdir(), "reseal-corpus-"));
const lanes = 2;
const baseEnv = {
  PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
  HOME: root,
  TMPDIR: tmpdir(),
  LANG: "C.UTF-8",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CEILING_DIRECTORIES: root,
};

if (!existsSync(main)) throw new Error(`${main} is not there: build the command line first.`);
const has = {
  python3: works("python3", ["--version"]),
  unshare:
    works("unshare", ["--net", "true"]) || works("unshare", ["--map-root-user", "--net", "true"]),
};
try {
  const names = readdirSync(corpus, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && (chosen.length === 0 || chosen.includes(entry.name)))
    .map(({ name }) => name)
    .sort();
  const queue = [...names];
  const results = new Map();
  const work = async () => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift())
      results.set(name, await tryExperiment(name));
  };
  await Promise.all(Array.from({ length: lanes }, work));
  const rows = names.map((name) => results.get(name));
  if (isJson) process.stdout.write(`${JSON.stringify(rows)}\n`);
  else printTable(rows);
  if (rows.some(({ problems }) => problems.length > 0)) process.exitCode = 1;
} finally {
  rmSync(root, { recursive: true, force: true });
}

/** Record, change what the experiment wants changed, replay, and look at the verdict. */
async function tryExperiment(name) {
  const expected = JSON.parse(readFileSync(join(corpus, name, "expected.json"), "utf8"));
  const row = { name, about: expected.about, expected: wordsOf(expected), problems: [] };
  if (expected.needs !== undefined && !has[expected.needs])
    return { ...row, verdict: `skipped: no ${expected.needs}` };
  const folder = join(root, name);
  cpSync(join(corpus, name), folder, { recursive: true });
  rmSync(join(folder, "expected.json"));
  write(folder, expected.before);
  const { record = {}, replay = {} } = expected.env ?? {};
  const recorded = await reseal(folder, ["run", ...expected.record], record);
  if (recorded.status !== (expected.exit ?? 0))
    return { ...row, verdict: "not recorded", problems: [recorded.stderr] };
  write(folder, expected.change);
  const answer = await reseal(
    folder,
    ["replay", "@last", "--json", ...(expected.replay ?? [])],
    replay,
  );
  const { data, error } = JSON.parse(answer.stdout.trim().split("\n").at(-1) || "{}");
  if (data === undefined)
    return { ...row, verdict: "error", problems: [error?.message ?? answer.stderr] };
  const { comparison, explanation } = data;
  const actual = {
    verdict: data.verdict,
    explained: data.verdict === "diverged" ? comparison?.explained : undefined,
    first_difference: data.verdict === "diverged" ? explanation?.first_difference?.path : undefined,
    cause: explanation?.causes[0]?.aspect,
  };
  const problems = ["verdict", "explained", "first_difference", "cause"]
    .filter((key) => expected[key] !== undefined && expected[key] !== actual[key])
    .map((key) => `${key} is ${actual[key]}, not ${expected[key]}`);
  if (expected.names !== undefined && !JSON.stringify(data).includes(expected.names))
    problems.push(`it does not say ${expected.names}`);
  const good = data.verdict === "reproduced" || data.verdict === "within_tolerance";
  if (answer.status !== (good ? 0 : 1)) problems.push(`the exit status is ${answer.status}`);
  const cause = explanation?.causes[0]?.statement ?? data.reason;
  const why = actual.first_difference ? `${actual.first_difference}: ${cause}` : cause;
  return { ...row, verdict: wordsOf(actual), why, problems };
}

function wordsOf({ verdict, explained }) {
  return [verdict.replaceAll("_", " "), ...(explained ? [`(${explained})`] : [])].join(" ");
}

function write(folder, files = {}) {
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    if (text === null) rmSync(file);
    else writeFileSync(file, text);
  }
}

function reseal(cwd, args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...args], {
      cwd,
      env: { ...baseEnv, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const texts = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"])
      child[name].setEncoding("utf8").on("data", (text) => {
        texts[name] += text;
      });
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, ...texts }));
  });
}

function works(program, args) {
  return spawnSync(program, args, { stdio: "ignore" }).status === 0;
}

function printTable(rows) {
  const width = (key) => Math.max(...rows.map((row) => row[key].length));
  const [nameWidth, verdictWidth] = [width("name"), width("verdict")];
  for (const { name, verdict, why = "", problems } of rows) {
    const mark = problems.length === 0 ? "ok " : "NOT";
    process.stdout.write(
      `${mark} ${name.padEnd(nameWidth)}  ${verdict.padEnd(verdictWidth)}  ${why}\n`,
    );
    for (const problem of problems) process.stdout.write(`    ${problem}\n`);
  }
  const wrong = rows.filter(({ problems }) => problems.length > 0).length;
  const skipped = rows.filter(({ verdict }) => verdict.startsWith("skipped")).length;
  process.stdout.write(
    `\n${rows.length} experiments: ${rows.length - wrong - skipped} as expected, ${wrong} not, ${skipped} skipped\n`,
  );
}
