import { assignment, type Call, nameOf, which } from "./call.ts";
import type { CaptureContext } from "./capture-context.ts";
import { condaRun, pixiRun } from "./conda-run.ts";
import type { Launcher } from "./launcher.ts";
import { kindOf } from "./program-kind.ts";
import { poetryFolders, projectRun, venvFolders } from "./project-run.ts";
import { uvRun } from "./uv-run.ts";

/**
 * Programs that start another program, by name.
 *
 * Those that choose an environment put it into `PATH` and `VIRTUAL_ENV` or `CONDA_PREFIX`, as the
 * real ones do; the look-up then goes on as usual.
 */
export const launchers: ReadonlyMap<string, Launcher> = new Map<string, Launcher>([
  ["uv", uvRun],
  ["poetry", projectRun(["-C", "--directory", "-P", "--project"], poetryFolders)],
  ["pdm", projectRun(["-p", "--project"], venvFolders)],
  ["pipenv", projectRun([], venvFolders)],
  ["rye", projectRun([], venvFolders)],
  ["pixi", pixiRun],
  ["conda", condaRun],
  ["mamba", condaRun],
  ["micromamba", condaRun],
  [
    "uvx",
    async (_context, call) => ({ ...call, unknown: "uvx makes its environment at the start" }),
  ],
  ...(
    "env nice nohup time timeout stdbuf taskset numactl setsid ionice chrt catchsegv xvfb-run " +
    "sudo doas strace ltrace perf valgrind nsys ncu srun mpirun mpiexec mpiexec.hydra orterun " +
    "prterun prun jsrun lrun aprun ibrun flux"
  )
    .split(" ")
    .map((name): [string, Launcher] => [name, wrapperRun]),
]);

/** Any program that takes options and then a command: the first word that can be started. */
async function wrapperRun(context: CaptureContext, call: Call): Promise<Call | undefined> {
  const env = { ...call.env };
  const startable = async (word: string | undefined): Promise<boolean> =>
    word !== undefined &&
    (launchers.has(word) || (await which(context, { ...call, env }, word)) !== undefined);
  for (let index = 1; index < call.argv.length; index += 1) {
    const word = call.argv[index] ?? "";
    const match = assignment(word);
    if (match !== null) env[match[1] ?? ""] = match[2] ?? "";
    if (match !== null || word.startsWith("-") || /^[\d.]+[smhd]?$/.test(word)) continue;
    if (!(await startable(word))) continue;
    // `srun --job-name test ./model`: the name of a job may be the name of a program.
    const isPlain = !word.includes("/") && kindOf(nameOf(word)) === undefined;
    const afterOption = /^--?[a-zA-Z][^=]*$/.test(call.argv[index - 1] ?? "");
    if (isPlain && afterOption && (await startable(call.argv[index + 1]))) continue;
    return { ...call, argv: call.argv.slice(index), env };
  }
  return undefined;
}
