import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { importBundle, sealRecordOf } from "@reseal/bundle";
import { findWorkspace, parseSeed, readProjectConfig } from "@reseal/record";
import { type ReplayOutcome, type ReplayRequest, replayRun } from "@reseal/replay";
import { Command, InvalidArgumentError } from "commander";
import type { CommandContext } from "../context.ts";
import { commandHelp } from "../help.ts";
import { openNamed } from "../open-named.ts";
import { passOn, processSignals } from "../process-io.ts";
import { renderFirstDifference, renderKeys, renderVerdict } from "../render-comparison.ts";
import { rowData } from "../row.ts";
import { harmless, isTerminal, shortDigest } from "../terminal.ts";
import { type ToleranceFlags, toleranceOf, toleranceOptions } from "../tolerance-flags.ts";

interface ReplayFlags extends ToleranceFlags {
  readonly seed?: string;
  readonly ref?: Readonly<Record<string, string>>;
}

/** Folders with installed packages: no bundle holds them, so a replay borrows those that are here. */
const environmentNames = [".venv", "venv", "node_modules", ".pixi", "renv"];

/** `reseal replay ID` */
export function replayCommand(context: CommandContext): Command {
  return toleranceOptions(new Command("replay"))
    .description("Run an artifact again, from its bundle alone, and compare the results")
    .argument("<id-or-path>", "a run of the store, or an exported bundle: a folder or a ZIP file")
    .option("--seed <integer>", "another seed; the inputs differ then, and the verdict says so")
    .option("--ref <name=file>", "the file for an input that was recorded by digest", parseRef)
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal replay @last", "the same artifact id means: reproduced"],
          ["reseal replay ../colleague/bundle", "somebody else's run, here"],
          ["reseal replay 3f2a --rtol 1e-9", "numbers in JSON and CSV may differ a little"],
          ["reseal replay 3f2a --seed 8", "what another seed gives"],
        ],
        {
          0: "reproduced, or within tolerance",
          1: "diverged, not comparable, or failed",
          3: "not found or ambiguous",
          4: "the bundle is damaged",
        },
      ),
    )
    .action(async (name: string, flags: ReplayFlags) => {
      const { host } = context;
      await using stores = await context.openStores({ create: true });
      await using given = await openNamed(context, name, () => Promise.resolve(stores));
      // A replay names its original as a parent, so the store must have it.
      if (given.exported !== undefined) await importBundle(stores, given);
      const isJson = context.options.json === true;
      const outcome = await replayRun(stores, given, {
        ...(await requestOf(context, flags)),
        io: {
          stdin: "ignore",
          onStdout: passOn(isJson ? host.stderr : host.stdout),
          onStderr: passOn(host.stderr),
          signals: processSignals(isTerminal(host.stdin)),
        },
      });
      const isGood = outcome.verdict === "reproduced" || outcome.verdict === "within_tolerance";
      context.exitCode = isGood ? 0 : 1;
      context.result("replay/v1", replayData(outcome, stores.tenant), () =>
        render(context, outcome),
      );
    });
}

async function requestOf(context: CommandContext, flags: ReplayFlags): Promise<ReplayRequest> {
  const { cwd, env } = context.host;
  const workspace = findWorkspace(cwd);
  const config = await readProjectConfig(workspace);
  const environments = environmentNames.filter((name) => existsSync(join(workspace, name)));
  return {
    env,
    toolVersion: context.version,
    ...(flags.seed !== undefined && { seed: parseSeed(flags.seed) }),
    tolerance: toleranceOf(flags),
    references: Object.fromEntries(
      Object.entries(flags.ref ?? {}).map(([name, file]) => [name, resolve(cwd, file)]),
    ),
    referenceFolders: [workspace, cwd],
    environmentFolders: Object.fromEntries(
      environments.map((name) => [name, join(workspace, name)]),
    ),
    device: config.device as ReplayRequest["device"],
    featureFlags: config.feature_flags,
  };
}

function parseRef(
  text: string,
  previous: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const [, name, file] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || file === undefined)
    throw new InvalidArgumentError("It is NAME=FILE, with the name that `reseal show` prints.");
  return { ...previous, [name]: file };
}

function replayData(outcome: ReplayOutcome, tenant: string): object {
  const { original, candidate, replay, verdict, reason, comparison, report } = outcome;
  const { artifact_id, run_id } = original.manifest.context;
  return {
    ...rowData(sealRecordOf(replay.manifest, replay.seal, tenant)),
    verdict,
    reason,
    original_artifact_id: artifact_id,
    candidate_artifact_id: candidate?.keys.artifactId ?? null,
    original: { artifact_id, seal: original.seal, run_id },
    candidate: candidate ? rowData(sealRecordOf(candidate.manifest, candidate.seal, tenant)) : null,
    checks: report.checks,
    comparison: comparison ?? null,
  };
}

function render(context: CommandContext, outcome: ReplayOutcome): string {
  const { out } = context;
  const { comparison, candidate, replay, reason, report, firstDifference } = outcome;
  const lines = [
    renderVerdict({ ...comparison, verdict: outcome.verdict, reason }, out),
    ...(comparison ? renderKeys(comparison, out) : []),
    ...(firstDifference ? renderFirstDifference(firstDifference) : []),
    ...report.checks
      .filter(({ status }) => status !== "ok")
      .map(({ name, status, expected, actual }) => {
        const values =
          expected === undefined && actual === undefined
            ? ""
            : `: ${String(expected ?? "none")} -> ${String(actual ?? "none")}`;
        return harmless(`  ${name} ${status}${values}`);
      }),
  ];
  const sealed = candidate ? `  run sealed as ${shortDigest(candidate.seal)}` : "";
  lines.push(out.dim(`  replay sealed as ${shortDigest(replay.seal)}${sealed}`));
  return lines.join("\n");
}
