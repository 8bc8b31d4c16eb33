import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { declaredInvariants, findWorkspace, parseSeed, readProjectConfig } from "@reseal/record";
import { allowEnvironmentDrift, parsePolicy, type ReplayRequest } from "@reseal/replay";
import type { Tolerance } from "@reseal/schema";
import { type Command, InvalidArgumentError } from "commander";
import type { CommandContext } from "./context.ts";
import { passOn, processSignals } from "./process-io.ts";
import { type ToleranceFlags, toleranceOf, toleranceOptions } from "./tolerance-flags.ts";

/** Flags that say how a run is done again. */
export interface ReplayFlags extends ToleranceFlags {
  readonly seed?: string;
  readonly ref?: Readonly<Record<string, string>>;
  readonly policy?: readonly string[];
  readonly allowEnvDrift?: boolean;
  readonly accept?: boolean;
  readonly timeout?: number;
  readonly memory?: number;
  readonly network?: boolean;
}

/** Add them to a command. */
export function replayOptions(command: Command): Command {
  return toleranceOptions(command)
    .option("--seed <integer>", "another seed; the inputs differ then, and the verdict says so")
    .option("--ref <name=file>", "the file for an input that was recorded by digest", parseRef)
    .option(
      "--policy <level>",
      "strict, warn or ignore, or ASPECT=LEVEL; may be repeated",
      (text: string, previous: readonly string[] = []) => [...previous, text],
    )
    .option("--allow-env-drift", "another environment never refuses the replay")
    .option("--accept", "the same as --allow-env-drift")
    .option("--timeout <time>", "longest time for the command, as 90, 90s, 5m or 1h", parseTime)
    .option("--memory <size>", "most memory for each process, as 512M or 2G", parseSize)
    .option("--network", "let the command use the network");
}

/** How to do runs again, from the flags and the workspace of the current folder. */
export async function replayRequest(
  context: CommandContext,
  flags: ReplayFlags,
): Promise<ReplayRequest & { readonly tolerance: Tolerance }> {
  const { cwd, env } = context.host;
  const workspace = findWorkspace(cwd);
  const config = await readProjectConfig(workspace);
  const environments = environmentNames.filter((name) => existsSync(join(workspace, name)));
  const policy = parsePolicy(flags.policy ?? []);
  const isAllowed = flags.allowEnvDrift === true || flags.accept === true;
  const { stdout, stderr } = context.host;
  const isJson = context.options.json === true;
  return {
    env,
    toolVersion: context.version,
    ...(flags.seed !== undefined && { seed: parseSeed(flags.seed) }),
    tolerance: await toleranceOf(context, flags),
    references: Object.fromEntries(
      Object.entries(flags.ref ?? {}).map(([name, file]) => [name, resolve(cwd, file)]),
    ),
    referenceFolders: [workspace, cwd],
    environmentFolders: Object.fromEntries(
      environments.map((name) => [name, join(workspace, name)]),
    ),
    device: config.device as ReplayRequest["device"],
    featureFlags: config.feature_flags,
    invariants: declaredInvariants(config, Date.now()),
    policy: isAllowed ? allowEnvironmentDrift(policy) : policy,
    timeoutMs: flags.timeout,
    memoryBytes: flags.memory,
    network: flags.network,
    io: {
      stdin: "ignore",
      onStdout: passOn(isJson ? stderr : stdout),
      onStderr: passOn(stderr),
      signals: processSignals(),
    },
  };
}

/** Folders with installed packages: no bundle holds them, so a replay borrows those that are here. */
const environmentNames = [".venv", "venv", "node_modules", ".pixi", "renv"];

function parseRef(
  text: string,
  previous: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const [, name, file] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || file === undefined)
    throw new InvalidArgumentError("It is NAME=FILE, with the name that `reseal show` prints.");
  return { ...previous, [name]: file };
}

const timeUnits: Readonly<Record<string, number>> = { "": 1, s: 1, m: 60, h: 3600 };
/** What a timer of Node takes. */
const timeMsMax = 2 ** 31 - 1;

function parseTime(text: string): number {
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)([smh]?)$/.exec(text) ?? [];
  const milliseconds = Number(digits) * (timeUnits[unit] ?? 1) * 1000;
  if (digits === undefined || !(milliseconds >= 1) || milliseconds > timeMsMax)
    throw new InvalidArgumentError("It is a time up to 24 days, such as 90, 90s, 5m or 1h.");
  return Math.round(milliseconds);
}

const sizeUnits = ["", "k", "m", "g", "t"];

function parseSize(text: string): number {
  const [, digits, unit = ""] = /^(\d+)([kmgt]?)(?:i?b)?$/i.exec(text) ?? [];
  const bytes = Number(digits) * 1024 ** sizeUnits.indexOf(unit.toLowerCase());
  if (digits === undefined || !(bytes >= 1) || !Number.isSafeInteger(bytes))
    throw new InvalidArgumentError("It is a size in powers of 1024, such as 512M or 2G.");
  return bytes;
}
