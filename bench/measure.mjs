// Runs one command and says how long it took, how much processor time and how much memory.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

/** GNU time sees what a process and its children used; without it only the clock is read. */
const gnuTime = ["/usr/bin/time", "/usr/local/bin/gtime", "/opt/homebrew/bin/gtime"].find(
  (path) => existsSync(path) && spawnSync(path, ["-f", "%M", "true"]).status === 0,
);

export const measuresMemory = gnuTime !== undefined;

/**
 * @param command `{ argv, cwd, ok, produces }`; `ok` are exit statuses that mean success, `produces` a
 * folder whose size after the command is a result.
 * @returns `{ wall, cpu, memory, size }` in seconds and MiB, or `{ failure }`.
 */
export async function measure({ argv, cwd, ok = [0], produces }, { env, scratch }) {
  const report = join(scratch, "time.txt");
  const wrapped = gnuTime ? [gnuTime, "-f", "%U %S %M", "-o", report, ...argv] : argv;
  const start = process.hrtime.bigint();
  const { code, tail } = await run(wrapped, { cwd, env });
  const wall = Number(process.hrtime.bigint() - start) / 1e9;
  if (!ok.includes(code)) return { failure: `exit ${code}: ${tail}` };
  const size = produces === undefined ? {} : { size: sizeOf(produces) / 1024 ** 2 };
  if (!gnuTime) return { wall, ...size };
  // After a status other than 0 it writes a line of words first.
  const [user, system, kibibytes] = readFileSync(report, "utf8")
    .trim()
    .split("\n")
    .at(-1)
    .split(" ");
  const used = { cpu: Number(user) + Number(system), memory: Number(kibibytes) / 1024 };
  return { wall, ...used, ...size };
}

/** Bytes of the files in a folder. */
function sizeOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

/** Run what is not measured. */
export async function prepare(argv, { cwd, env }) {
  const { code, tail } = await run(argv, { cwd, env });
  if (code !== 0) throw new Error(`${argv.join(" ")}: exit ${code}: ${tail}`);
}

function run([program, ...args], { cwd, env }) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, env, stdio: ["ignore", "ignore", "pipe"] });
    let tail = "";
    child.stderr.setEncoding("utf8").on("data", (text) => {
      tail = (tail + text).slice(-300);
    });
    child.on("error", (error) => resolve({ code: 127, tail: error.message }));
    child.on("close", (code, signal) => resolve({ code: code ?? signal, tail: tail.trim() }));
  });
}

/** Bring files into the page cache, so that nobody pays for who came first. */
export function warm(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) warm(path);
    else if (entry.isFile()) readFileSync(path);
  }
}

/** Remove a folder with what tools left read-only in it. */
export function clear(folder) {
  if (!existsSync(folder)) return;
  spawnSync("chmod", ["-R", "u+w", folder]);
  rmSync(folder, { recursive: true, force: true });
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}
