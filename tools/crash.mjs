// Kills commands in the middle and looks at what is left.
//   node tools/crash.mjs [--quick] [--seed N] [--only NAME,…] [--modes MODE,…] [--step K] [--json FILE] [--shard I/N]
// For each command and mode: interrupt it at its n-th change of a file (see crash-faults.mjs), or
// at a random time (mode random: a real kill -9, whatever is going on), then check that the store
// is whole and that nothing acknowledged is lost, then run the same command again, which must
// succeed. `--quick` interrupts each command once, always at the same place. Prints one table. Exit status 1 when any check failed.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { prepareStore, scenarios } from "./crash-scenarios.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const main = join(root, "apps/cli/bin/main.js");
const faults = join(root, "tools/crash-faults.mjs");
const allModes = [
  "kill",
  "after",
  "torn",
  // What is open is seen only where there is a /proc.
  ...(process.platform === "linux" ? ["powerloss"] : []),
  "ENOSPC",
  "ENOSPC sticky",
  "EIO",
  "EIO sticky",
  "random",
];

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
    modes: { type: "string" },
    step: { type: "string" },
    json: { type: "string" },
    shard: { type: "string", default: "1/1" },
  },
});
/** Calls that are interrupted for each mode unless `--step` says otherwise. */
const pointsMax = 6;
const random = generator(Number(flags.seed));
const wanted = flags.only?.split(",");
const [shard, shards] = flags.shard.split("/").map(Number);
const modes = flags.modes?.split(",") ?? allModes;
refuseUnknown(
  wanted,
  scenarios.map(({ name }) => name),
);
refuseUnknown(modes, allModes);

/** What a command makes beside its target until that is whole. */
const leftOver = /\.tmp$|^(importing|restoring)\./;

/** A folder with a store in it. */
class Work {
  folder;
  /** Seals that a command said are durable. */
  seals = [];

  constructor(folder) {
    this.folder = folder;
  }

  has(path) {
    return existsSync(join(this.folder, path));
  }

  /** Run a command that must succeed. @returns what it printed as JSON, if it did */
  reseal(...args) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
      cwd: this.folder,
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`${args.join(" ")}: exit ${status}\n${stdout}${stderr}`);
    this.acknowledge(stdout);
    return lastJson(stdout);
  }

  acknowledge(stdout) {
    for (const line of stdout.split("\n")) {
      const seal = lastJson(line)?.data?.seal;
      if (typeof seal === "string") this.seals.push(seal);
    }
  }
}

/** A misspelt name must not end as a table without failures. */
function refuseUnknown(named = [], known) {
  const unknown = named.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  process.stderr.write(`crash: no ${unknown.join(", ")}; there are ${known.join(", ")}\n`);
  process.exit(2);
}

const top = mkdtempSync(join(tmpdir(), "reseal-crash-"));
/** Two runs, as every scenario begins. */
const prepared = new Work(join(top, "prepared"));
const rows = [];
try {
  cpSync(join(root, "tools/crash-scenarios.mjs"), join(prepared.folder, "code.mjs"));
  prepareStore(prepared);
  for (const [index, scenario] of scenarios.entries()) {
    if (index % shards !== shard - 1) continue;
    if (wanted !== undefined && !wanted.includes(scenario.name)) continue;
    rows.push(...(await runScenario(scenario)));
  }
} finally {
  rmSync(top, { recursive: true, force: true });
}
if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify(rows, null, 2)}\n`);
process.stdout.write(`\n${table(rows)}\n`);
const failures = rows.flatMap((row) => row.failures);
for (const failure of failures) process.stdout.write(`${failure}\n`);
process.exitCode = failures.length > 0 ? 1 : 0;

async function runScenario(scenario) {
  const base = copyOf(prepared, "base");
  scenario.prepare?.(base);
  const [calls, duration] = await measure(scenario, base);
  const found = [];
  const [quickMode, quickShare] = scenario.quick;
  for (const mode of flags.quick ? [quickMode] : modes) {
    const row = { command: scenario.name, mode, calls, trials: 0, failures: [] };
    const quickPoint = Math.ceil(quickShare * calls);
    for (const at of flags.quick ? [quickPoint] : pointsOf(mode, calls, duration)) {
      row.trials += 1;
      const problem = await trial(scenario, base, mode, at).catch((error) => error);
      if (problem instanceof Error)
        row.failures.push(`${scenario.name}, ${mode} at ${at}: ${problem.message.slice(0, 2000)}`);
    }
    process.stderr.write(
      `${scenario.name} ${mode}: ${row.trials} trials, ${row.failures.length} failed\n`,
    );
    found.push(row);
  }
  return found;
}

/** How many changes of files the commands make, and how long they take. */
async function measure(scenario, base) {
  const work = copyOf(base, "work");
  const log = join(top, "count");
  const started = performance.now();
  await run(scenario, work, { mode: "count", log });
  return [Number(readFileSync(log, "utf8")), performance.now() - started];
}

/** Where to interrupt: call numbers, or milliseconds. */
function pointsOf(mode, calls, duration) {
  if (mode === "random")
    return Array.from({ length: pointsMax }, () => Math.round(random() * duration));
  const step = Number(flags.step ?? Math.ceil(calls / pointsMax));
  const points = Array.from({ length: Math.ceil(calls / step) }, (_, index) => 1 + index * step);
  // Right after the command has ended, too: what it said is durable must be.
  return mode === "powerloss" ? [...points, Number.MAX_SAFE_INTEGER] : points;
}

async function trial(scenario, base, mode, at) {
  const work = copyOf(base, "work");
  const [name, sticky] = mode.split(" ");
  await run(scenario, work, { mode: name, at, sticky: sticky !== undefined });
  // The quick form looks at what the crash left, and at all the rest only after the second run.
  if (flags.quick) check(work, scenario.faults ?? [], "before anything else");
  else assertWhole(scenario, work, scenario.faults ?? []);
  // Once more, undisturbed: no lock, left-over or half of something may be in the way.
  // What is whole under its name already would only be refused, as nothing is ever overwritten.
  if (scenario.target !== undefined)
    rmSync(join(work.folder, scenario.target), { recursive: true, force: true });
  for (const args of scenario.commands(work)) work.reseal(...args);
  assertWhole(scenario, work, []);
  const left = readdirSync(work.folder).filter((name) => leftOver.test(name));
  if (left.length > 0) throw new Error(`${left.join(", ")} was left`);
}

function copyOf(base, name) {
  const work = new Work(join(top, name));
  rmSync(work.folder, { recursive: true, force: true });
  cpSync(base.folder, work.folder, { recursive: true, verbatimSymlinks: true });
  work.seals.push(...base.seals);
  return work;
}

/** Run the commands, the first of them with faults. */
async function run(scenario, work, plan) {
  const children = scenario.commands(work).map((args, index) => {
    const isInjected = index === 0 && plan.mode !== "random";
    const crash = JSON.stringify({ folder: work.folder, ...plan });
    const child = spawn(
      process.execPath,
      [...(isInjected ? ["--import", faults] : []), main, ...args],
      {
        cwd: work.folder,
        stdio: ["ignore", "pipe", "ignore"],
        env: isInjected ? { ...process.env, RESEAL_CRASH: crash } : process.env,
      },
    );
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    const timer =
      plan.mode === "random" && index === 0
        ? setTimeout(() => child.kill("SIGKILL"), plan.at)
        : undefined;
    return once(child, "close").then(() => {
      clearTimeout(timer);
      work.acknowledge(stdout);
    });
  });
  await Promise.all(children);
}

/** Everything that must hold whenever a command stops. */
function assertWhole(scenario, work, expected) {
  if (!flags.quick) check(work, expected, "before anything else");
  const { items } = work.reseal("ls", "-n", "1000", "--json").data;
  const present = new Set(items.map(({ seal }) => seal));
  for (const seal of work.seals)
    if (!present.has(seal)) throw new Error(`${seal} was acknowledged and is not there`);
  const runs = items.map((item) => item.run_id);
  if (new Set(runs).size !== runs.length) throw new Error("a run was sealed twice");
  check(work, expected, "after the next command");
  scenario.after?.(work);
}

function check(work, expected, when) {
  const args = ["store", "check", "--read-data", "--json"];
  const { stdout } = spawnSync(process.execPath, [main, ...args], {
    cwd: work.folder,
    encoding: "utf8",
  });
  const line = lastJson(stdout);
  if (line?.ok !== true) throw new Error(`store check ${when}: ${stdout}`);
  const bad = line.data.findings.filter(
    ({ code, level }) => level !== "note" && !expected.includes(code),
  );
  if (bad.length > 0) throw new Error(`store check ${when}: ${JSON.stringify(bad)}`);
}

function lastJson(text) {
  try {
    return JSON.parse(text.trim().split("\n").at(-1));
  } catch {
    return undefined;
  }
}

function table(lines) {
  const head = ["command", "mode", "calls", "trials", "failures"];
  const cells = lines.map(({ command, mode, calls, trials, failures: failed }) =>
    [command, mode, calls, trials, failed.length].map(String),
  );
  const widths = head.map((title, index) =>
    Math.max(title.length, ...cells.map((row) => row[index].length)),
  );
  const format = (row) => `| ${row.map((cell, index) => cell.padEnd(widths[index])).join(" | ")} |`;
  return [
    format(head),
    format(widths.map((width) => "-".repeat(width))),
    ...cells.map(format),
  ].join("\n");
}

/** Mulberry32: the same numbers for the same seed. */
function generator(start) {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
