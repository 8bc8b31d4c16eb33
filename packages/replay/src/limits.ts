import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import type { ReplayCheck } from "@reseal/schema";

/** What a replay may use up. */
export interface LimitOptions {
  /** Longest time for the command, in milliseconds. */
  readonly timeoutMs?: number | undefined;
  /** Most memory for each process of the command, in bytes. */
  readonly memoryBytes?: number | undefined;
  /** Whether the command may use the network; not unless said so. */
  readonly network?: boolean | undefined;
}

/** How to start a command under limits, and what of them this machine can enforce. */
export interface Limits {
  readonly checks: readonly ReplayCheck[];
  /** Puts the command behind what limits it; a program that is not there is left as it is. */
  launch(argv: readonly string[]): readonly string[];
  readonly isOffline: boolean;
}

/** What limits are made with; a test hands in a double. */
export interface LimitTools {
  readonly unshare: readonly string[] | undefined;
  readonly prlimit: string | undefined;
}

/**
 * Find out how the limits can be kept with what the operating system offers.
 *
 * Linux has `unshare` for the network and `prlimit` for memory; elsewhere a check says what could
 * not be limited. Without network there is no `localhost` either.
 */
export function planLimits(
  { timeoutMs, memoryBytes, network = false }: LimitOptions,
  {
    env,
    cwd,
  }: { readonly env: Readonly<Record<string, string | undefined>>; readonly cwd: string },
  tools: LimitTools = systemTools(),
): Limits {
  const checks: ReplayCheck[] = [];
  const prefix: string[] = [];
  const note = (name: string, isKept: boolean, message: string): void => {
    checks.push({ name, aspect: "limits", status: isKept ? "ok" : "missing", message });
  };
  if (network) note("network", true, "The command may use the network.");
  else if (tools.unshare === undefined)
    note("network", false, "The network could not be taken away on this machine.");
  else {
    prefix.push(...tools.unshare);
    note("network", true, "The command had no network, not even localhost.");
  }
  if (memoryBytes !== undefined) {
    const size = `${Math.round(memoryBytes / 2 ** 20)} MiB of data for each process`;
    if (tools.prlimit === undefined)
      note("memory_limit", false, `Memory could not be limited to ${size} on this machine.`);
    else {
      // Data and not address space: runtimes reserve far more than they use.
      prefix.push(tools.prlimit, `--data=${memoryBytes}`, "--");
      note("memory_limit", true, `Memory was limited to ${size}.`);
    }
  }
  if (timeoutMs !== undefined)
    note("time_limit", true, `Time was limited to ${timeoutMs / 1000} s.`);
  return {
    checks,
    isOffline: !network && tools.unshare !== undefined,
    launch: (argv) =>
      prefix.length > 0 && canStart(argv[0] ?? "", cwd, env.PATH) ? [...prefix, ...argv] : argv,
  };
}

/** A launcher reports a missing program in its own way; without it, it is reported in ours. */
function canStart(program: string, cwd: string, path = "/usr/bin:/bin"): boolean {
  if (program.includes("/")) return isProgram(resolve(cwd, program));
  return path.split(":").some((folder) => isProgram(resolve(cwd, join(folder || ".", program))));
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return isAbsolute(file) && statSync(file).isFile();
  } catch {
    return false;
  }
}

let known: LimitTools | undefined;

function systemTools(): LimitTools {
  known ??= { unshare: findUnshare(), prlimit: findTool("prlimit") };
  return known;
}

function findTool(name: string): string | undefined {
  if (process.platform !== "linux") return undefined;
  return ["/usr/bin", "/bin"].map((folder) => join(folder, name)).find((file) => existsSync(file));
}

/** The namespaces that this account may make: as root, else in a user namespace of its own. */
function findUnshare(): readonly string[] | undefined {
  const tool = findTool("unshare");
  if (tool === undefined) return undefined;
  const ways = [
    [tool, "--net", "--"],
    [tool, "--user", "--map-current-user", "--net", "--"],
    [tool, "--map-root-user", "--net", "--"],
  ];
  return ways.find(
    ([program = "", ...args]) =>
      spawnSync(program, [...args, "true"], { stdio: "ignore", timeout: 5_000 }).status === 0,
  );
}
