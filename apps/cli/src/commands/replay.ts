import { importBundle, openStoredBundle, runRowOf } from "@reseal/bundle";
import { comparisonReport, differingSeries, type ReplayOutcome, replayRun } from "@reseal/replay";
import type { Stores } from "@reseal/store";
import { Command, InvalidArgumentError } from "commander";
import type { CommandContext } from "../context.ts";
import { cliErrors } from "../errors.ts";
import { commandHelp } from "../help.ts";
import { openNamed } from "../open-named.ts";
import {
  renderFirstDifference,
  renderKeys,
  renderTolerance,
  renderVerdict,
} from "../render-comparison.ts";
import { renderChecks, renderExplanation } from "../render-explanation.ts";
import { type ReplayFlags, replayOptions, replayRequest } from "../replay-flags.ts";
import {
  isGoodRate,
  rateReport,
  renderRate,
  renderTimes,
  replayAll,
  replayTimes,
  timesReport,
} from "../replay-many.ts";
import { rowData } from "../row.ts";
import { shortDigest } from "../terminal.ts";
import { parseReportName, reportHelp, writeReport } from "../write-report.ts";

interface Flags extends ReplayFlags {
  readonly times?: number;
  readonly all?: boolean;
  readonly exitZero?: boolean;
  readonly report?: string;
}

/** `reseal replay ID` */
export function replayCommand(context: CommandContext): Command {
  return replayOptions(new Command("replay"))
    .description("Run an artifact again, from its bundle alone, and compare the results")
    .argument("[id-or-path]", "a run of the store, or a folder with an exported bundle")
    .option("--times <n>", "replay it so often, and tell how stable the results are", parseTimes)
    .option("--all", "every run of the store, or every bundle in the folder that is named")
    .option("--report <file>", reportHelp, parseReportName)
    .option("--exit-zero", "exit with 0 whatever the verdict")
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal replay @last", "the same artifact id means: reproduced"],
          ["reseal replay ../colleague/bundle", "somebody else's run, here"],
          ["reseal replay 3f2a --rtol 1e-9", "numbers in JSON and CSV may differ a little"],
          ["reseal replay 3f2a --tolerance tolerance.yaml", "by metric and file"],
          ["reseal replay 3f2a --seed 8", "what another seed gives"],
          ["reseal replay 3f2a --policy packages=strict", "refuse when packages differ"],
          ["reseal replay 3f2a --report why.html", "with plots of what differs"],
          ["reseal replay 3f2a --times 3", "how stable the results are"],
          ["reseal replay --all --report rate.md", "the reproduction rate of the store"],
        ],
        {
          0: "reproduced, or within tolerance",
          1: "diverged, not comparable, or failed",
          3: "not found or ambiguous",
          4: "the bundle is damaged",
        },
      ),
    )
    .action(async (name: string | undefined, flags: Flags) => {
      const request = await replayRequest(context, flags);
      await using stores = await context.openStores({ create: true });
      const isGood = await (flags.all === true
        ? replayEvery(context, stores, name, flags, request)
        : replayNamed(context, stores, name, flags, request));
      context.exitCode = isGood || flags.exitZero === true ? 0 : 1;
    });
}

type Request = Awaited<ReturnType<typeof replayRequest>>;

async function replayEvery(
  context: CommandContext,
  stores: Stores,
  folder: string | undefined,
  { times, report }: Flags,
  request: Request,
): Promise<boolean> {
  if (times !== undefined) throw cliErrors.USAGE("--times is about one run, --all about many.");
  const quiet = { ...request, io: { ...request.io, onStdout: undefined, onStderr: undefined } };
  const rate = await replayAll(context, stores, folder, quiet);
  if (report !== undefined) writeReport(context, report, () => rateReport(rate), rate);
  context.result("replay-all/v1", rate, () => renderRate(context, rate));
  return isGoodRate(rate);
}

async function replayNamed(
  context: CommandContext,
  stores: Stores,
  name: string | undefined,
  { times, report }: Flags,
  request: Request,
): Promise<boolean> {
  if (name === undefined)
    throw cliErrors.USAGE("Name a run or a bundle, or give --all.", {
      hint: "reseal replay @last",
    });
  const given = await openNamed(context, name, () => Promise.resolve(stores));
  // A replay names its original as a parent, so the store must have it.
  if (given.blobs === undefined) await importBundle(stores, given);
  if (times !== undefined) {
    const data = await replayTimes(context, stores, given, times, request);
    if (report !== undefined) writeReport(context, report, () => timesReport(data), data);
    context.result("replay-times/v1", data, () => renderTimes(context, data));
    return data.replays.every(({ verdict }) => isGoodVerdict(verdict));
  }
  const outcome = await replayRun(stores, given, request);
  const data = replayData(outcome, stores.tenant);
  if (report !== undefined) await reportReplay(context, stores, outcome, report, data);
  context.result("replay/v1", data, () => render(context, outcome));
  return isGoodVerdict(outcome.verdict);
}

function isGoodVerdict(verdict: ReplayOutcome["verdict"]): boolean {
  return verdict === "reproduced" || verdict === "within_tolerance";
}

function parseTimes(text: string): number {
  const times = Number(text);
  if (!Number.isInteger(times) || times < 1 || times > 1000)
    throw new InvalidArgumentError("It is a whole number from 1 to 1000.");
  return times;
}

async function reportReplay(
  context: CommandContext,
  stores: Stores,
  { comparison, candidate, original, explanation, report, reason, verdict }: ReplayOutcome,
  file: string,
  data: unknown,
): Promise<void> {
  const { checks } = report;
  const title = `Replay of run ${original.manifest.context.run_id.slice(0, 8)}`;
  if (comparison === undefined || candidate === undefined) {
    const items = checks.map(({ name, status, message }) => `${name} ${status}: ${message ?? ""}`);
    const summary = `${verdict}: ${reason}`;
    const sections = [{ heading: "Checks", items }];
    writeReport(context, file, () => ({ title, summary, tone: "bad", sections }), data);
    return;
  }
  const again = await openStoredBundle(stores, candidate.seal);
  const plots = await differingSeries(original, again, comparison);
  writeReport(
    context,
    file,
    () => comparisonReport({ comparison, explanation, checks, plots, title }),
    data,
  );
}

function replayData(outcome: ReplayOutcome, tenant: string): object {
  const { original, candidate, replay, verdict, reason, comparison, report } = outcome;
  const { artifact_id, run_id } = original.manifest.context;
  return {
    ...rowData(runRowOf(replay.manifest, replay.seal, tenant)),
    verdict,
    reason,
    original_artifact_id: artifact_id,
    candidate_artifact_id: candidate?.keys.artifactId ?? null,
    original: { artifact_id, seal: original.seal, run_id },
    candidate: candidate ? rowData(runRowOf(candidate.manifest, candidate.seal, tenant)) : null,
    checks: report.checks,
    comparison: comparison ?? null,
    explanation: outcome.explanation ?? null,
  };
}

function render(context: CommandContext, outcome: ReplayOutcome): string {
  const { out } = context;
  const { comparison, candidate, replay, reason, report, explanation } = outcome;
  const first = explanation?.first_difference ?? outcome.firstDifference;
  const lines = [
    renderVerdict({ ...comparison, verdict: outcome.verdict, reason }, out),
    ...(comparison ? renderKeys(comparison, out) : []),
    ...(first ? renderFirstDifference(first) : []),
    ...(comparison ? renderTolerance(comparison.tolerance, out) : []),
    ...renderChecks(report.checks, out),
    ...(outcome.verdict === "diverged" ? renderExplanation(explanation, out) : []),
  ];
  const sealed = candidate ? `  run sealed as ${shortDigest(candidate.seal)}` : "";
  lines.push(out.dim(`  replay sealed as ${shortDigest(replay.seal)}${sealed}`));
  return lines.join("\n");
}
