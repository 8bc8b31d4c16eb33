// Reseal beside the tools that people would use instead, on the same files in the same minutes.
//   npm run bench                    everything, at full scale: about half an hour
//   npm run bench -- --quick         small, for CI: one to two minutes; fails on a regression
// Flags: --only w1,start,…  --rounds N  --scale X  --json FILE  --cli FILE (another build)
//        --no-catalog  --save-baseline
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { measureCatalog } from "./catalog.mjs";
import { measureCode } from "./code.mjs";
import {
  compactCycles,
  diffCycles,
  environmentOf,
  isInstalled,
  npyCycles,
  runCycles,
  startCycles,
  storeCycles,
  useCli,
  zipCycles,
} from "./contestants.mjs";
import { judge } from "./goals.mjs";
import { clear, measure, measuresMemory, median, prepare, warm } from "./measure.mjs";
import { openPlace } from "./place.mjs";
import { gcCycles, measurePlans, poolCycles } from "./retention.mjs";
import { renderGoals, renderNumbers, renderRows } from "./table.mjs";
import { makeWorkload } from "./workloads.mjs";

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    rounds: { type: "string" },
    scale: { type: "string" },
    json: { type: "string" },
    cli: { type: "string" },
    catalog: { type: "boolean", default: true },
    "save-baseline": { type: "boolean", default: false },
  },
  allowNegative: true,
});

/** A ratio this much worse than the stored one is a regression. */
const toleratedFactor = 1.5;
/** Below this, in seconds, the noise of a machine is larger than what is measured. */
const measurableSeconds = 0.02;
/** The same for processor time, which is counted in hundredths. */
const measurableCpu = 0.1;
const baselineFile = new URL("./baseline.json", import.meta.url);

const mode = flags.quick ? "quick" : "full";
const rounds = Number(flags.rounds ?? 3);
const full = Number(flags.scale ?? 1);
/** Name, workload, scale at full and quick size (absent: not in the quick form), the tools' cycles. */
const suites = [
  ["start", "small", 1, 1, startCycles],
  ["run small", "small", 1, 1, runCycles],
  ["run tree", "tree", full, 0.01, runCycles],
  ["w1", "w1", full, 0.05, storeCycles],
  ["w2", "w2", full, 0.03, storeCycles],
  ["w4", "w4", full, undefined, storeCycles],
  ["zip w1", "w1", full, 0.05, zipCycles],
  ["zip w4", "w4", full, undefined, zipCycles],
  ["diff", "w1", full, 0.05, diffCycles],
  ["npy", "npy", full, 0.05, npyCycles],
  ["w5", "w5", full, 0.1, compactCycles],
  ["pool", "pool", full, 0.04, poolCycles],
  ["gc", "pool", 0.4 * full, 0.04, gcCycles],
];

if (flags.cli !== undefined) useCli(flags.cli);
await main();

async function main() {
  const place = openPlace({ gibibytes: flags.quick ? 3 : 14 });
  try {
    const wanted = flags.only?.split(",");
    const known = [...suites.map(([name]) => name), "catalog", "code", "plan"];
    const unknown = wanted?.filter((name) => !known.includes(name)) ?? [];
    if (unknown.length > 0)
      throw new Error(`no ${unknown.join(", ")}; there are ${known.join(", ")}`);
    const chosen = suites.filter(
      ([name, , , quickScale]) =>
        (wanted?.includes(name) ?? true) && !(flags.quick && quickScale === undefined),
    );
    const missing = new Set();
    const rows = [];
    for (const suite of chosen) {
      const done = await runSuite(place.folder, suite, missing);
      rows.push(...done);
      say(renderRows(done)); // So that one that is stopped before its end was not for nothing.
    }
    const catalog =
      flags.catalog && (wanted?.includes("catalog") ?? true)
        ? await measureCatalog(place.folder, flags.quick ? 5000 : Math.round(1_000_000 * full), say)
        : [];
    const code = (wanted?.includes("code") ?? true) ? await measureCode(say) : [];
    const plans = (wanted?.includes("plan") ?? true) ? measurePlans(mode, say) : [];
    const judged = judge(rows);
    const about = { place: place.about, missing: [...missing].sort() };
    report({ ...about, rows, judged, catalog, code, plans });
    const slow = [...code, ...plans].filter(({ isMet }) => !isMet);
    for (const { name, value, unit } of slow) say(`too slow: ${name}: ${value.toFixed(2)} ${unit}`);
    process.exitCode = Math.max(compareWithBaseline(rows), slow.length > 0 ? 1 : 0);
  } finally {
    place.leave();
  }
}

async function runSuite(root, [suite, workload, fullScale, quickScale, cyclesOf], missing) {
  const source = join(root, "source");
  const at = join(root, "at");
  const home = join(root, "home");
  const changed = join(root, "changed");
  makeWorkload(workload, source, flags.quick ? quickScale : fullScale);
  if (cyclesOf === diffCycles) changeSome(source, changed);
  mkdirSync(home, { recursive: true });
  const env = environmentOf(home);
  const cycles = Object.entries(cyclesOf(source, at, changed)).filter(
    ([name, { tool, isSlow }]) => {
      const isThere = isInstalled(tool ?? name.split(" ")[0]);
      if (!isThere) missing.add(tool ?? name.split(" ")[0]);
      return isThere && !(flags.quick && isSlow);
    },
  );
  const samples = new Map();
  for (let round = 0; round < rounds; round += 1) {
    // Each round begins with another tool.
    const turn = round % cycles.length;
    for (const [name, cycle] of [...cycles.slice(turn), ...cycles.slice(0, turn)]) {
      say(`${suite}: ${name}, round ${round + 1} of ${rounds}`);
      clear(at);
      mkdirSync(at);
      await takeSamples(samples, name, cycle, { suite, source, env, scratch: root, home });
    }
  }
  for (const folder of [source, changed, at, home]) clear(folder);
  return summarise(suite, samples);
}

async function takeSamples(samples, name, cycle, { suite, source, env, scratch, home }) {
  try {
    for (const argv of cycle.before ?? []) await prepare(argv, { cwd: home, env });
  } catch (error) {
    note(samples, name, "prepare", { failure: error.message });
    return;
  }
  for (const [operation, command] of Object.entries(cycle.operations)) {
    if (suite !== "start") warm(source);
    await prepare(["sync"], { env });
    const sample = await measure({ cwd: home, ...command }, { env, scratch });
    note(samples, name, operation, sample);
    if (sample.failure !== undefined) return;
  }
}

function note(samples, name, operation, sample) {
  const key = JSON.stringify([operation, name]);
  samples.set(key, [...(samples.get(key) ?? []), sample]);
}

/** One row for each tool and operation, with our time divided by the tool's. */
function summarise(suite, samples) {
  const rows = [...samples].map(([key, all]) => {
    const [operation, name] = JSON.parse(key);
    const good = all.filter((sample) => sample.failure === undefined);
    if (good.length === 0) return { suite, operation, name, failure: all[0].failure };
    const of = (field) =>
      good.map((sample) => sample[field]).filter((value) => value !== undefined);
    return {
      suite,
      operation,
      name,
      rounds: good.length,
      wall: median(of("wall")),
      fastest: Math.min(...of("wall")),
      ...(of("size").length > 0 && { size: median(of("size")) }),
      ...(of("cpu").length > 0 && { cpu: median(of("cpu")), memory: Math.max(...of("memory")) }),
    };
  });
  const operations = [...new Set(rows.map((row) => row.operation))];
  return operations.flatMap((operation) => {
    const group = rows.filter((row) => row.operation === operation);
    const ours = group.find((row) => row.name === "reseal");
    return group.map((row) =>
      row === ours || !ours?.wall || !row.wall ? row : { ...row, ratio: ours.wall / row.wall },
    );
  });
}

function report({ place, rows, judged, catalog, code, plans, missing }) {
  const [cpu] = cpus();
  const machine = {
    cpu: cpu?.model ?? "unknown",
    cores: cpus().length,
    memory_gib: Math.round(totalmem() / 1024 ** 3),
    kernel: release(),
    node: process.version,
    place,
  };
  const lines = [
    `${mode}, ${rounds} rounds, medians; ${machine.cores} × ${machine.cpu}, ${machine.memory_gib} GiB, ` +
      `kernel ${machine.kernel}, Node ${machine.node}; stores on ${place}`,
    "",
    renderRows(rows),
    "",
    flags.quick ? "Goals are stated for full scale." : renderGoals(judged),
  ];
  if (catalog.length > 0) lines.push("", renderNumbers("catalog", catalog));
  if (code.length > 0) lines.push("", renderNumbers("code", code));
  if (plans.length > 0) lines.push("", renderNumbers("plan", plans));
  if (missing.length > 0) lines.push("", `not installed: ${missing.join(", ")}`);
  if (!measuresMemory) lines.push("", "without GNU time (package `time`): no memory, no CPU");
  process.stdout.write(`${lines.join("\n")}\n`);
  if (flags.json)
    writeFileSync(
      flags.json,
      `${JSON.stringify({ mode, rounds, machine, rows, goals: judged, catalog, code, plans, missing }, null, 2)}\n`,
    );
}

/** Ratios, not times: they mean the same on every machine. @returns the exit status. */
function compareWithBaseline(rows) {
  const stored = readBaseline();
  const ratios = {};
  for (const row of rows) {
    const ours = rows.find((other) => isSameTask(row, other) && other.name === "reseal");
    if (row.ratio === undefined || row.wall < measurableSeconds) continue;
    // Other work on the machine stretches the time, but not the processor time: both must be worse.
    const hasCpu = row.cpu >= measurableCpu && ours.cpu >= measurableCpu;
    const ratio = hasCpu ? Math.min(row.ratio, ours.cpu / row.cpu) : row.ratio;
    ratios[`${row.suite} · ${row.operation} · ${row.name}`] = Number(ratio.toFixed(3));
  }
  const broken = rows.filter((row) => row.name === "reseal" && row.failure !== undefined);
  for (const row of broken) say(`failed: ${row.suite} ${row.operation}: ${row.failure}`);
  if (flags["save-baseline"]) {
    const sorted = Object.fromEntries(Object.entries(ratios).sort());
    writeFileSync(baselineFile, `${JSON.stringify({ ...stored, [mode]: sorted }, null, 2)}\n`);
    return broken.length > 0 ? 1 : 0;
  }
  const worse = Object.entries(stored[mode] ?? {}).filter(
    ([key, ratio]) => (ratios[key] ?? 0) > ratio * toleratedFactor,
  );
  for (const [key, ratio] of worse)
    say(`regression: ${key}: ${ratios[key]} × the rival's time, stored is ${ratio}`);
  return worse.length + broken.length > 0 ? 1 : 0;
}

function isSameTask(a, b) {
  return a.suite === b.suite && a.operation === b.operation;
}

function readBaseline() {
  try {
    return JSON.parse(readFileSync(baselineFile, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return {};
    throw error;
  }
}

/** A copy in which every hundredth file has one line more. */
function changeSome(source, target) {
  cpSync(source, target, { recursive: true, preserveTimestamps: true });
  const files = readdirSync(target, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  for (let index = 0; index < files.length; index += 100)
    appendFileSync(join(files[index].parentPath, files[index].name), "\n");
}

function say(text) {
  process.stderr.write(`bench: ${text}\n`);
}
