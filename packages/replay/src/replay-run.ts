import { join } from "node:path";
import { type BundleReader, openStoredBundle, type SealedBundle } from "@reseal/bundle";
import { isResealError } from "@reseal/errors";
import {
  describeEnvironment,
  executeRun,
  expandCommand,
  FileGuard,
  parseSeed,
  type RecordedRun,
  RunRedactor,
  readKey,
} from "@reseal/record";
import type { Comparison, Replay } from "@reseal/schema";
import type { Stores } from "@reseal/store";
import { checkBeforeRun, checkEnvironmentKey, readEnvironment } from "./check-circumstances.ts";
import { checkOriginal, readConfig } from "./check-original.ts";
import { compareBundles } from "./compare-bundles.ts";
import { replayErrors } from "./errors.ts";
import { explainReplay } from "./explain-replay.ts";
import { planLimits } from "./limits.ts";
import { materialise } from "./materialise.ts";
import { defaultPolicy } from "./policy.ts";
import { createReplayLog, type ReplayLog } from "./replay-log.ts";
import { planReplay } from "./replay-plan.ts";
import type { ReplayRequest } from "./replay-request.ts";
import { resolveOriginal } from "./resolve-original.ts";
import { cleanReplayScratch, createScratch, type Scratch } from "./scratch.ts";
import { type ReplayFindings, sealReplay } from "./seal-replay.ts";
import { completeTolerance } from "./tolerance.ts";

/** What became of a replay. Both artifacts are sealed. */
export interface ReplayOutcome {
  readonly verdict: Replay["verdict"];
  /** The verdict in a sentence. */
  readonly reason: string;
  /** The run that was done again: what was given or, for a replay, its original. */
  readonly original: BundleReader;
  /** The re-executed run; absent when nothing was run. */
  readonly candidate: RecordedRun | undefined;
  /** The `replay` artifact. */
  readonly replay: SealedBundle;
  /** `replay.json`: checks and execution log. */
  readonly report: Replay;
  /** With both seals and run ids, which the sealed `comparison.json` leaves out. */
  readonly comparison: Comparison | undefined;
  readonly firstDifference: Comparison["first_difference"] | undefined;
}

/**
 * Run a recorded run again from its bundle alone, compare, and seal both the new run and the
 * replay.
 *
 * Code and inputs are laid out in a scratch folder of the store, every byte checked; nothing is
 * captured anew. What can be checked is checked before anything runs: a replay that cannot be
 * carried out is sealed as well, with the verdict `failed`. A recorded failure that fails again in
 * the same way is `reproduced`. The scratch folder is gone afterwards.
 * @param given A run, or a replay, whose original is run again.
 * @throws `REPLAY_STORE_READ_ONLY`, `REPLAY_TOLERANCE_INVALID`, `RECORD_COMMAND_INVALID` for a seed
 *   that is none; what is wrong with the original is a verdict.
 * @example
 * const { verdict, firstDifference } = await replayRun(stores, original, {
 *   env: process.env, toolVersion: "1.0.0", tolerance: { relative: 1e-9 },
 * });
 */
export async function replayRun(
  stores: Stores,
  given: BundleReader,
  request: ReplayRequest,
): Promise<ReplayOutcome> {
  if (stores.readOnly)
    throw replayErrors.STORE_READ_ONLY(`The store ${stores.location} cannot be written.`);
  completeTolerance(request.tolerance);
  const ownSeed = request.seed === undefined ? undefined : parseSeed(String(request.seed));
  cleanReplayScratch(stores);
  const startedMs = stores.clock.now();
  const log = createReplayLog(stores.clock);
  const original = await resolveOriginal(stores, given, log);
  const seed = ownSeed ?? original.manifest.content.inputs.seed;
  const candidate = await runAgain(stores, original, seed, request, log);
  const findings = await judgeReplay(stores, { original, candidate, log, request });
  const sealed = await sealReplay(stores, { ...findings, original, seed, startedMs, log }, request);
  return {
    ...sealed,
    verdict: findings.verdict,
    reason: findings.reason,
    original,
    candidate,
    comparison: findings.comparison,
    firstDifference: findings.comparison?.first_difference,
  };
}

/** Check, lay out, run and seal; `undefined` when an obstacle was met before anything ran. */
async function runAgain(
  stores: Stores,
  original: BundleReader,
  seed: number | string | undefined,
  request: ReplayRequest,
  log: ReplayLog,
): Promise<RecordedRun | undefined> {
  checkOriginal(original.manifest, seed, log);
  if (log.obstacles.length > 0) return undefined;
  const scratch = createScratch(stores, stores.ids.runId());
  try {
    const config = await readConfig(original, log);
    await layOut(stores, original, scratch, request, log);
    if (log.obstacles.length > 0) return undefined;
    const plan = await planReplay(stores, original, { scratch, config, seed, request });
    scratch.spool.writeJson("plan.json", plan);
    log.step("run", "The command was started in a scratch folder.");
    const { inputs } = original.manifest.content;
    const env = { ...request.env, ...inputs.variables };
    const redactor = new RunRedactor(env);
    const allowed = new Set(request.allowSecrets);
    const guard = new FileGuard(redactor.scans, (path) => allowed.has(path), readKey(stores));
    const { workspace } = scratch;
    const run = await executeRun(
      stores,
      scratch.spool,
      { plan, guard, redactor },
      {
        argv: inputs.command ?? [],
        places: { workspace, cwd: join(workspace, inputs.working_directory ?? "") },
        env,
        seed,
        device: request.device,
        featureFlags: request.featureFlags,
        toolVersion: request.toolVersion,
      },
      { io: request.io ?? {}, git: Promise.resolve(undefined) },
    );
    log.step("seal", `The re-executed run ended and was sealed as ${run.seal}.`);
    return run;
  } catch (error) {
    if (!isCommandError(error)) throw error;
    log.check({ name: "program", status: "missing" }, error.message);
    return undefined;
  } finally {
    scratch.remove();
  }
}

async function layOut(
  stores: Stores,
  original: BundleReader,
  scratch: Scratch,
  request: ReplayRequest,
  log: ReplayLog,
): Promise<void> {
  const { references = {}, referenceFolders = [], environmentFolders = {}, io } = request;
  await using batch = await stores.blobs.openBatch();
  await materialise(stores, batch, original, scratch, {
    log,
    references,
    referenceFolders,
    environmentFolders,
    signal: io?.signal,
  });
  if (log.obstacles.length > 0) return;
  await batch.commit();
  log.step("materialise", "Code and inputs were laid out; every byte has its digest.");
}

const commandCodes: ReadonlySet<string> = new Set([
  "RECORD_COMMAND_NOT_FOUND",
  "RECORD_COMMAND_NOT_EXECUTABLE",
  "RECORD_COMMAND_INVALID",
]);

/** The command could not even be started. */
function isCommandError(error: unknown): error is Error {
  return isResealError(error) && commandCodes.has(error.code);
}

interface ReplayedRun {
  readonly original: BundleReader;
  readonly candidate: RecordedRun | undefined;
  readonly log: ReplayLog;
  readonly request: ReplayRequest;
}

type Judged = Pick<
  ReplayFindings,
  "verdict" | "reason" | "candidate" | "comparison" | "environment"
>;

async function judgeReplay(
  stores: Stores,
  { original, candidate: run, log, request }: ReplayedRun,
): Promise<Judged> {
  if (run === undefined)
    return {
      verdict: "failed",
      reason: log.obstacles[0] ?? "The replay could not be carried out.",
      candidate: undefined,
      comparison: undefined,
      environment: undefined,
    };
  const candidate = await openStoredBundle(stores, run.seal);
  const compared = await compareBundles(original, candidate, { tolerance: request.tolerance });
  const environment = await readEnvironment(candidate);
  const expected = await readEnvironment(original);
  checkCircumstances(compared, expected, environment, stores.clock.now(), log);
  const comparison = isCutOff(original, candidate, request)
    ? { ...compared, verdict: "failed" as const, reason: "The replay was interrupted." }
    : compared;
  const { verdict, reason = "" } = comparison;
  log.step("compare", reason);
  return { verdict, reason, candidate, comparison, environment };
}

/** Ended by whoever replays, so that it says nothing about the original. */
function isCutOff(
  original: BundleReader,
  { manifest }: BundleReader,
  { io }: ReplayRequest,
): boolean {
  const { status } = manifest.context;
  if (io?.signal?.aborted === true && status !== "finished") return true;
  return status === "interrupted" && original.manifest.context.status !== "interrupted";
}
