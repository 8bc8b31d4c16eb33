import { resolve } from "node:path";
import { runRowOf } from "@reseal/bundle";
import { isResealError } from "@reseal/errors";
import type { RecordedRun, RunRequest } from "@reseal/record";
import type { Context, ProjectConfig } from "@reseal/schema";
import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { type DescriptionFlags, describeRun, findAuthors } from "../describe-run.ts";
import { cliErrors } from "../errors.ts";
import { commandHelp } from "../help.ts";
import { list } from "../list-option.ts";
import { passOn, processSignals } from "../process-io.ts";
import { renderDryRun, renderRecorded } from "../render-run.ts";
import { rowData } from "../row.ts";
import { signalStatus } from "../signals.ts";

interface RunFlags extends DescriptionFlags {
  readonly seed?: string;
  readonly config?: string;
  readonly in?: readonly string[];
  readonly inRef?: readonly string[];
  readonly out?: readonly string[];
  readonly stdout?: boolean;
  readonly env?: readonly string[];
  readonly allowSecret?: readonly string[];
  readonly strict?: boolean;
  readonly dryRun?: boolean;
}

/** `reseal run -- CMD…` */
export function runCommand(context: CommandContext): Command {
  return descriptionOptions(new Command("run"))
    .description("Record a command and seal what it did, however it ends")
    .usage("[flags] -- COMMAND [ARGUMENT...]")
    .argument("<command...>", "the command; {out}, {in} and {seed} in it are replaced")
    .option("--seed <integer>", "handed to the command as RESEAL_SEED and {seed}")
    .option("--config <file>", "JSON, YAML or TOML file with the configuration")
    .addOption(list("--in <path>", "file, folder or glob that the command reads; stored"))
    .addOption(list("--in-ref <path>", "the same for large ones: recorded by digest, not stored"))
    .addOption(list("--out <path>", "only these are outputs (default: all that is written)"))
    .option("--stdout", "what the command prints is a result")
    .addOption(list("--env <name>", "environment variable that is part of the question"))
    .addOption(list("--allow-secret <path>", "store the file although it looks like a secret"))
    .option("--strict", "refuse when a file had to be withheld (exit 5)")
    .option("--dry-run", "print what would be captured; run nothing")
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal run -- python3 train.py --epochs 3", "record anything, with no set-up"],
          ["reseal run --seed 7 -- ./simulate --out {out}", "a seed and a folder for outputs"],
          ["reseal run --in data/ --stdout -- sort data/a.txt", "an input; the text is the result"],
          ["reseal run --dry-run -- make figures", "what would be captured"],
        ],
        {
          0: "the command ended with 0 (any other status of it is passed on)",
          2: "wrong usage; nothing was run",
          125: "Reseal itself failed",
          126: "the command cannot be executed",
          127: "the command was not found",
          130: "interrupted; what was written is sealed",
        },
      ),
    )
    .action(async (argv: string[], flags: RunFlags) => {
      const { host } = context;
      const record = await import("@reseal/record");
      const workspace = record.findWorkspace(host.cwd);
      const config = await record.readProjectConfig(workspace);
      const { authors } = await findAuthors(config, workspace, host.env);
      const request = await buildRequest(context, argv, flags, config, workspace);
      if (flags.dryRun === true) {
        const earlier = await outputsOfEarlierRuns(context);
        const preview = await record.previewRun(withAuthors(request, await authors), earlier);
        context.result("run-preview/v1", preview, () => renderDryRun(preview, context.out));
        return;
      }
      await using stores = await context.openStores({ create: true });
      const isJson = context.options.json === true;
      const recorded = await record.recordRun(stores, withAuthors(request, await authors), {
        stdin: "inherit",
        onStdout: passOn(isJson ? host.stderr : host.stdout),
        onStderr: passOn(host.stderr),
        signals: processSignals(),
      });
      report(context, recorded, flags);
    });
}

/** The catalog's answer is taken before the store is closed again; without a store there is none. */
async function outputsOfEarlierRuns(context: CommandContext): Promise<ReadonlySet<string>> {
  const { findWorkspace, workspaceId } = await import("@reseal/record");
  try {
    await using stores = await context.openStores({ readOnly: true });
    return await stores.catalog.outputPaths(workspaceId(findWorkspace(context.host.cwd)));
  } catch (error) {
    if (isResealError(error) && error.code === "CONNECT_STORE_NOT_FOUND") return new Set();
    throw error;
  }
}

/** Flags that `run` and `seal` share. */
export function descriptionOptions(command: Command): Command {
  return command
    .option("--project <name>", "project the run belongs to")
    .option("--family <name>", "retention family")
    .option("--name <name>", "name of the run")
    .option("--title <text>", "title for citations")
    .option("--note <text>", "a remark, Markdown")
    .addOption(list("--tag <tag>", "label; may be repeated"));
}

async function buildRequest(
  context: CommandContext,
  argv: readonly string[],
  flags: RunFlags,
  config: ProjectConfig,
  workspace: string,
): Promise<RunRequest> {
  const record = await import("@reseal/record");
  const { cwd, env } = context.host;
  // Paths of reseal.yaml are relative to it, those of flags to the current folder.
  const fromConfig = (paths: readonly string[] = []): string[] =>
    paths.map((path) => resolve(workspace, path));
  const seed = flags.seed === undefined ? config.seed : record.parseSeed(flags.seed);
  const configFile = flags.config ?? fromConfig(config.config ? [config.config] : [])[0];
  return {
    argv,
    places: { workspace, cwd },
    env,
    toolVersion: context.version,
    description: describeRun(flags, config),
    seed,
    configFile,
    inputs: [...fromConfig(config.in), ...(flags.in ?? [])],
    inputRefs: [...fromConfig(config.in_ref), ...(flags.inRef ?? [])],
    outputs: flags.out ?? fromConfig(config.out),
    variables: [...(config.env ?? []), ...(flags.env ?? [])],
    stdoutIsResult: flags.stdout ?? config.stdout,
    contextMetrics: config.context_metrics,
    device: config.device as RunRequest["device"],
    featureFlags: config.feature_flags,
    invariants: record.declaredInvariants(config, Date.now()),
    allowSecrets: [...fromConfig(config.allow_secret), ...(flags.allowSecret ?? [])],
    isStrict: flags.strict,
  };
}

function withAuthors(request: RunRequest, authors: Context["authors"]): RunRequest {
  return { ...request, description: { ...request.description, authors } };
}

function report(context: CommandContext, recorded: RecordedRun, flags: RunFlags): void {
  const { manifest, seal, exit, interruptedBy } = recorded;
  for (const { message } of manifest.context.warnings) context.warn(message);
  for (const line of renderRecorded(recorded, context.err)) context.note(line);
  const row = rowData(runRowOf(manifest, seal, manifest.context.tenant));
  const { withheld } = manifest.context.redaction;
  if (flags.strict === true && withheld.length > 0)
    throw cliErrors.SECRET_WITHHELD(`${withheld.length} files were withheld.`, {
      details: { ...row, withheld },
    });
  if (context.options.json === true)
    context.result("run/v1", { ...row, warnings: manifest.context.warnings }, () => "");
  const own = "code" in exit ? exit.code : signalStatus(exit.signal);
  // A command that takes Ctrl-C as a wish and ends well was interrupted all the same.
  context.exitCode = own === 0 && interruptedBy !== undefined ? signalStatus(interruptedBy) : own;
}
