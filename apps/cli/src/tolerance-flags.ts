import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { findWorkspace, readProjectConfig } from "@reseal/record";
import { completeTolerance, mergeTolerance, parseTolerance } from "@reseal/replay";
import type { Tolerance } from "@reseal/schema";
import { type Command, InvalidArgumentError } from "commander";
import type { CommandContext } from "./context.ts";
import { cliErrors } from "./errors.ts";

/** Flags of commands that compare numbers. */
export interface ToleranceFlags {
  readonly atol?: number;
  readonly rtol?: number;
  readonly ulp?: number;
  readonly tolerance?: readonly string[];
}

type ToleranceLayer = Parameters<typeof mergeTolerance>[0];

/** Add `--atol`, `--rtol`, `--ulp` and `--tolerance`. */
export function toleranceOptions(command: Command): Command {
  return command
    .option("--atol <number>", "numbers may differ by this much", parseNumber)
    .option("--rtol <number>", "and by this share of the original", parseNumber)
    .option("--ulp <n>", "or by so many units in the last place", parseUlp)
    .option(
      "--tolerance <file>",
      "a tolerance file, or METRIC=NUMBER for one metric; may be repeated",
      (text: string, previous: readonly string[] = []) => [...previous, text],
    );
}

/**
 * The tolerance of a comparison: the flags win over what `--tolerance` names, the last of these
 * first, and that over the `tolerance` of the workspace's `reseal.yaml`.
 */
export async function toleranceOf(
  context: CommandContext,
  { atol, rtol, ulp, tolerance: named = [] }: ToleranceFlags,
): Promise<Tolerance> {
  const { tolerance: configured = {} } = await readProjectConfig(findWorkspace(context.host.cwd));
  let merged: ToleranceLayer = configured;
  for (const text of named) merged = mergeTolerance(await readLayer(context, text), merged);
  return completeTolerance(mergeTolerance({ absolute: atol, relative: rtol, ulp }, merged));
}

async function readLayer(context: CommandContext, text: string): Promise<ToleranceLayer> {
  const [, metric, number] = /^(?![./])(.+)=([^=]*)$/.exec(text) ?? [];
  if (metric !== undefined && number !== undefined)
    return { metrics: { [metric]: { absolute: parseMetricNumber(metric, number) } } };
  let content: string;
  try {
    content = readFileSync(resolve(context.host.cwd, text), "utf8");
  } catch (cause) {
    throw cliErrors.PATH_NOT_FOUND(`The tolerance file ${text} cannot be read.`, {
      cause,
      hint: "Name a file, or give METRIC=NUMBER for how much a metric may differ.",
    });
  }
  return await parseTolerance(content);
}

function parseMetricNumber(metric: string, text: string): number {
  const value = numberOf(text);
  if (value === undefined)
    throw cliErrors.USAGE(`The tolerance of ${metric} cannot be "${text}".`, {
      hint: "It is a number, zero or more, for example loss=1e-3. A file of that name is ./NAME.",
    });
  return value;
}

function parseUlp(text: string): number {
  const value = numberOf(text);
  if (value === undefined || !Number.isSafeInteger(value))
    throw new InvalidArgumentError("It is a whole number, zero or more, for example 4.");
  return value;
}

function parseNumber(text: string): number {
  const value = numberOf(text);
  if (value === undefined)
    throw new InvalidArgumentError("It is a number, zero or more, for example 1e-9.");
  return value;
}

/** A finite number that is not negative. */
function numberOf(text: string): number | undefined {
  const value = Number(text);
  return text.trim() !== "" && Number.isFinite(value) && value >= 0 ? value : undefined;
}
