// The tour (`npm start`): one real experiment, all the way, with the real command line.
// It is also a smoke test: it ends with 1 as soon as a step does not do what it says.
import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

/** A step of the tour did not do what the tour says of it. */
class StepFailed extends Error {}

const root = dirname(import.meta.dirname);
const program = join(root, "apps", "cli", "bin", "main.js");
const paint = colors(process.stdout, process.env);

process.stdout.on("error", (error) => process.exit(error.code === "EPIPE" ? 0 : 1)); // `| head`

const folder = makeFolder();
const env = environment();
let here = join(folder, "mine");
let stepNumber = 0;
try {
  await tour();
} catch (error) {
  if (!(error instanceof StepFailed)) throw error;
  await print("", paint.bad("The tour stopped."), `  ${error.message}`, `  Files: ${folder}`, "");
  process.exitCode = 1;
}

async function tour() {
  await print(
    "",
    paint.bold("  Reseal in ten steps"),
    "  One experiment, from the first run to the citation. All of it happens now, in",
    `  ${folder}`,
    "",
  );

  await step(
    "Record",
    "A thousand copies of the weather of Lorenz (1963) start 10⁻⁸ apart.",
    "For how long do they agree? Put `reseal run --` in front, and it is kept.",
  );
  await reseal(["run", "--seed", "1963", "--", "node", "experiment.mjs"]);
  const original = await lastRun();
  const id = short(original.artifact_id);

  await step("Look", "What was captured: code, seed, outputs, metrics, and the circumstances.");
  await reseal(["show", id]);

  await step("Verify", "Read every byte again, and check it against its digest.");
  await reseal(["verify", id]);

  await step("Export", "A folder that stands on its own: mail it, or deposit it with the paper.");
  await reseal(["export", id, "-o", "../bundle"]);

  await checkWithoutReseal(original.seal);

  await step("Import", "A colleague takes the folder. Nothing gets in that does not verify.");
  await changeTo("colleague");
  await reseal(["import", "../bundle"]);

  await step("Replay", "From the bundle alone, in an empty folder: does it come out the same?");
  await reseal(["replay", id]);
  await mustBeEqual(original.artifact_id);

  await step(
    "Change one parameter",
    "Less heat from below (ρ = 14), and there is no chaos. What has changed?",
  );
  await changeTo("mine");
  await reseal(["run", "--quiet", "--seed", "1963", "--", "node", "experiment.mjs", "--rho", "14"]);
  await reseal(["diff", id, "@last"], { expected: 1 });

  await step("Cite", "The citation names the result itself, not the place where it lies.");
  await reseal(["cite", id]);

  await step("Keep", "Both runs stay, and everything about them can be asked for.");
  await reseal(["ls", "-c", "run,artifact,status,took,metric.doubling_time,command"]);

  await ending(id);
}

/** `sha256sum` of the coreutils, `shasum` of macOS, or nothing. */
async function checkWithoutReseal(seal) {
  const tool = [["sha256sum"], ["shasum", "-a", "256"]].find(([name]) => isThere(name));
  await step(
    "Check without Reseal",
    "Do not trust this program: a checksum tool is enough. The digest of the",
    `manifest is the seal (${short(seal)}…); the manifest names all other files.`,
  );
  if (tool === undefined) {
    await print("  (No sha256sum here, so this step is left out.)");
    return;
  }
  await changeTo("bundle");
  await run([...tool, "manifest.json"]);
  await changeTo("bundle", "outputs");
  await run([...tool, "-c", "../trees/outputs.sha256"]);
}

async function ending(id) {
  const figure = join(folder, "bundle", "outputs", "lorenz.svg");
  if (!existsSync(figure)) throw new StepFailed(`${figure} is not there.`);
  const next = [
    ["reseal run -- node experiment.mjs --rho 99.96", "a knot instead of a butterfly"],
    [`reseal diff ${id} @last`, "what that changed"],
    ["reseal cat @last lorenz.svg > ../knot.svg", "its figure"],
  ];
  const width = Math.max(...next.map(([command]) => command.length));
  const prompt = paint.dim("$");
  await print(
    rule(),
    "",
    paint.bold("  It is all yours now"),
    "",
    `  ${paint.dim("figure")}  ${pathToFileURL(figure)}`,
    `  ${paint.dim("bundle")}  ${join(folder, "bundle")}`,
    `  ${paint.dim("runs")}    ${join(folder, "mine")}`,
    "",
    paint.bold("  Three commands to try next"),
    "",
    `  ${prompt} alias reseal=${quote(join(root, "tools", "reseal"))}`,
    `  ${prompt} cd ${quote(join(folder, "mine"))}`,
    "",
    ...next.map(
      ([command, about]) => `  ${prompt} ${command.padEnd(width)}  ${paint.dim(`# ${about}`)}`,
    ),
    "",
  );
}

/** The newest run of the present store; asked in silence, since the tour needs its ids. */
async function lastRun() {
  const { status, stdout } = spawnSync(process.execPath, [program, "show", "@last", "--json"], {
    cwd: here,
    env,
    encoding: "utf8",
  });
  if (status !== 0) throw new StepFailed(`"reseal show @last --json" ended with ${status}.`);
  return JSON.parse(stdout.trimEnd().split("\n").at(-1)).data;
}

/** The replay must have sealed a run with the artifact id of the original. */
async function mustBeEqual(artifactId) {
  const args = [program, "ls", "--json", "-f", "type=run"];
  const { stdout } = spawnSync(process.execPath, args, { cwd: here, env, encoding: "utf8" });
  const { items } = JSON.parse(stdout.trimEnd().split("\n").at(-1)).data;
  const same = items.filter((run) => run.artifact_id === artifactId);
  if (items.length !== 2 || same.length !== 2)
    throw new StepFailed(`The replay did not come to the artifact id ${short(artifactId)}.`);
}

async function step(title, ...about) {
  stepNumber += 1;
  await print(
    rule(),
    "",
    `${paint.accent(String(stepNumber).padStart(3))}  ${paint.bold(title)}`,
    ...about.map((line) => `     ${line}`),
    "",
  );
}

async function changeTo(...names) {
  const target = join(folder, ...names);
  mkdirSync(target, { recursive: true });
  if (target === here) return;
  await print(`${paint.dim("$")} cd ${target}`);
  here = target;
}

async function reseal(args, options) {
  await run(["reseal", ...args], options);
}

/** Show a command as a person types it, then its output as it comes. */
async function run([name, ...args], { expected = 0 } = {}) {
  const shown = [name, ...args].map(quote).join(" ");
  await print(`${paint.dim("$")} ${paint.command(shown)}`);
  const [file, all] = name === "reseal" ? [process.execPath, [program, ...args]] : [name, args];
  // Both streams of the command go where our own words go, so that they keep their order.
  const child = spawn(file, all, { cwd: here, env, stdio: ["ignore", 1, 1] });
  const status = await new Promise((done, fail) => {
    child.once("error", fail);
    child.once("close", (code, signal) => done(code ?? signal));
  });
  if (status === "SIGINT") process.exit(130);
  if (status !== expected)
    throw new StepFailed(`"${shown}" ended with ${status}; ${expected} was expected.`);
  await print("");
}

/** A fresh folder with a copy of the experiment. */
function makeFolder() {
  const made = realpathSync(mkdtempSync(join(tmpdir(), "reseal-tour-")));
  const mine = join(made, "mine");
  cpSync(join(root, "examples", "lorenz"), mine, { recursive: true });
  for (const left of [".reseal", "out"]) rmSync(join(mine, left), { recursive: true, force: true });
  return made;
}

/** What the commands see: no settings of Reseal, and `node` is the Node that runs this. */
function environment() {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("RESEAL_"));
  const isPlain = /^node(\.exe)?$/.test(basename(process.execPath));
  const path = [...(isPlain ? [dirname(process.execPath)] : []), process.env.PATH ?? ""];
  return { ...Object.fromEntries(own), PATH: path.join(delimiter) };
}

function isThere(name) {
  return spawnSync(name, ["--version"], { stdio: "ignore", env }).status === 0;
}

function print(...lines) {
  return new Promise((done) => process.stdout.write(`${lines.join("\n")}\n`, () => done()));
}

function rule() {
  return paint.dim("─".repeat(Math.min(process.stdout.columns ?? 80, 100)));
}

function short(digest) {
  return digest.replace(/^sha256:/, "").slice(0, 12);
}

function quote(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** The same rules as those of `reseal` itself: NO_COLOR, FORCE_COLOR, and what the stream is. */
function colors(stream, { NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, TERM }) {
  const forced = FORCE_COLOR ?? CLICOLOR_FORCE;
  const isForced = forced !== undefined && forced !== "" && forced !== "0";
  const isOn = !NO_COLOR && (isForced || (stream.isTTY === true && TERM !== "dumb"));
  const style = (open, close) => (text) => (isOn ? `\x1b[${open}m${text}\x1b[${close}m` : text);
  return {
    bold: style(1, 22),
    dim: style(2, 22),
    command: style(1, 22),
    accent: style("1;36", "22;39"),
    bad: style("1;31", "22;39"),
  };
}
