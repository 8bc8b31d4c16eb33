import { join } from "node:path";
import {
  type BundleReader,
  openStoredBundle,
  type SealedBundle,
  settleBlobs,
  watchDeletions,
} from "@reseal/bundle";
import { isResealError } from "@reseal/errors";
import {
  describeEnvironment,
  executeRun,
  expandCommand,
  FileGuard,
  parseSeed,
  type RecordedRun,
  type RunIo,
  RunRedactor,
  readKey,
} from "@reseal/record";
import type { Comparison, Explanation, Replay } from "@reseal/schema";
import type { Stores } from "@reseal/store";
import {
  checkCapture,
  checkCircumstances,
  checkEnvironmentKey,
  noteIn,
  readEnvironment,
} from "./check-circumstances.ts";
import { checkOriginal, readConfig } from "./check-original.ts";
import { compareBundles } from "./compare-bundles.ts";
import { replayErrors } from "./errors.ts";
import { explainBundles } from "./explain-replay.ts";
import { type Limits, planLimits } from "./limits.ts";
import { materialise } from "./materialise.ts";
import { defaultPolicy } from "./policy.ts";
import { createReplayLog, type ReplayLog } from "./replay-log.ts";
import { planReplay } from "./replay-plan.ts";
import type { ReplayRequest } from "./replay-request.ts";
import { leaseOriginal, resolveOriginal } from "./resolve-original.ts";
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
  /** Why the results differ; absent when they do not, or nothing was run. */
  readonly explanation: Explanation | undefined;
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
  using _lease = leaseOriginal(stores, original);
  const seed = ownSeed ?? original.manifest.content.inputs.seed;
  const again = await runAgain(stores, original, seed, request, log);
  const candidate = again.run;
  const findings = await judgeReplay(stores, {
    original,
    candidate,
    log,
    request,
    limits: again.limits,
    isLate: again.isLate,
  });
  const sealed = await sealReplay(stores, { ...findings, original, seed, startedMs, log }, request);
  return {
    ...sealed,
    verdict: findings.verdict,
    reason: findings.reason,
    original,
    candidate,
    comparison: findings.comparison,
    firstDifference: findings.comparison?.first_difference,
    explanation: findings.explanation,
  };
}

/** Check, lay out, run and seal; `undefined` when an obstacle was met before anything ran. */
async function runAgain(
  stores: Stores,
  original: BundleReader,
  seed: number | string | undefined,
  request: ReplayRequest,
  log: ReplayLog,
): Promise<RunAgain> {
  checkOriginal(original.manifest, seed, log);
  if (log.obstacles.length > 0) return notRun;
  const scratch = createScratch(stores, stores.ids.runId());
  try {
    const config = await readConfig(original, log);
    const watch = await watchDeletions(stores);
    await layOut(stores, original, scratch, request, log);
    if (log.obstacles.length > 0) return notRun;
    const plan = await planReplay(stores, original, { scratch, config, seed, request });
    const { inputs } = original.manifest.content;
    const env = { ...request.env, ...inputs.variables };
    const redactor = new RunRedactor(env);
    const { workspace } = scratch;
    const places = { workspace, cwd: join(workspace, inputs.working_directory ?? "") };
    const captured = await lookRound(original, { places, env, seed, scratch, request });
    const actual = redactor.json(captured.environment);
    const note = noteIn(log, request.policy ?? defaultPolicy);
    checkCapture(original.manifest, note);
    const expected = await readEnvironment(original);
    checkCircumstances({ expected, actual, nowMs: stores.clock.now() }, note);
    if (log.obstacles.length > 0) return notRun;
    const limits = planLimits(request, { env, cwd: places.cwd });
    for (const check of limits.checks) log.check(check);
    scratch.spool.writeJson("plan.json", plan, { durable: true });
    await settleBlobs(stores, watch, plan.files);
    log.step("run", "The command was started in a scratch folder.");
    const allowed = new Set(request.allowSecrets);
    const guard = new FileGuard(redactor.scans, (path) => allowed.has(path), readKey(stores));
    const timer = timerOf(request);
    const run = await executeRun(
      stores,
      scratch.spool,
      { plan, guard, redactor },
      {
        argv: inputs.command ?? [],
        places,
        env,
        seed,
        device: request.device,
        featureFlags: request.featureFlags,
        invariants: request.invariants,
        toolVersion: request.toolVersion,
        captured,
        launch: limits.launch,
      },
      { io: withTimer(request.io, timer), git: Promise.resolve(undefined) },
    );
    log.step("seal", `The re-executed run ended and was sealed as ${run.seal}.`);
    const isLate = timer?.aborted === true && run.manifest.context.status !== "finished";
    return { run, limits, isLate };
  } catch (error) {
    if (!isCommandError(error)) throw error;
    log.check({ name: "program", status: "missing" }, error.message);
    return notRun;
  } finally {
    scratch.remove();
  }
}

/** What became of the run; without a run, why is in the log. */
interface RunAgain {
  readonly run: RecordedRun | undefined;
  readonly limits: Limits | undefined;
  /** It was ended because it took longer than allowed. */
  readonly isLate: boolean;
}

const notRun: RunAgain = { run: undefined, limits: undefined, isLate: false };

/** Describe the environment that the command is going to have. */
async function lookRound(
  original: BundleReader,
  {
    places,
    env,
    seed,
    scratch,
    request,
  }: {
    readonly places: { readonly workspace: string; readonly cwd: string };
    readonly env: ReplayRequest["env"];
    readonly seed: number | string | undefined;
    readonly scratch: Scratch;
    readonly request: ReplayRequest;
  },
): ReturnType<typeof describeEnvironment> {
  const { describe = describeEnvironment, device, featureFlags, invariants } = request;
  return await describe({
    argv: expandCommand(original.manifest.content.inputs.command ?? [], {
      out: scratch.spool.path("out"),
      in: scratch.spool.path("in"),
      seed: seed === undefined ? undefined : String(seed),
    }),
    ...places,
    env,
    toolVersion: request.toolVersion,
    ...(device && { device }),
    ...(featureFlags && { featureFlags }),
    ...(invariants && { invariants }),
    signal: request.io?.signal,
  });
}

function timerOf({ timeoutMs }: ReplayRequest): AbortSignal | undefined {
  return timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
}

function withTimer(io: ReplayRequest["io"] = {}, timer: AbortSignal | undefined): RunIo {
  if (timer === undefined) return io;
  const signal = io.signal === undefined ? timer : AbortSignal.any([io.signal, timer]);
  return { ...io, signal };
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
  readonly candidate: Pick<RecordedRun, "seal"> | undefined;
  /** What the command was limited to. */
  readonly limits?: Limits | undefined;
  /** It was ended because it took longer than allowed. */
  readonly isLate?: boolean | undefined;
  readonly log: ReplayLog;
  readonly request: ReplayRequest;
}

export type Judged = Pick<
  ReplayFindings,
  "verdict" | "reason" | "candidate" | "comparison" | "environment" | "explanation"
>;

/** Compare what was run again with its original, and look at the circumstances of both. */
export async function judgeReplay(
  stores: Stores,
  { original, candidate: run, log, request, limits, isLate = false }: ReplayedRun,
): Promise<Judged> {
  if (run === undefined)
    return {
      verdict: "failed",
      reason: log.obstacles[0] ?? "The replay could not be carried out.",
      candidate: undefined,
      comparison: undefined,
      explanation: undefined,
      environment: undefined,
    };
  const candidate = await openStoredBundle(stores, run.seal);
  const compared = await compareBundles(original, candidate, { tolerance: request.tolerance });
  const environment = await readEnvironment(candidate);
  checkEnvironmentKey(compared, log);
  const failure = isLate
    ? `The replay took longer than ${(request.timeoutMs ?? 0) / 1000} s and was ended.`
    : isCutOff(original, candidate, request)
      ? "The replay was interrupted."
      : undefined;
  const comparison =
    failure === undefined ? compared : { ...compared, verdict: "failed" as const, reason: failure };
  const explanation =
    failure === undefined
      ? await explainBundles(original, candidate, compared, {
          isOffline: limits?.isOffline,
          hasMemoryLimit: request.memoryBytes !== undefined,
        })
      : undefined;
  const { verdict, reason = "" } = comparison;
  log.step("compare", `${reason} ${countsOf(comparison)}`.trim());
  return { verdict, reason, candidate, comparison, environment, explanation };
}

/** What was compared and how much of it was equal, for the execution log. */
function countsOf({ files, metrics }: Comparison): string {
  const outputs = files.filter(({ status }) => status === "equal").length;
  const values = metrics.filter(({ equal }) => equal).length;
  return `${outputs} of ${files.length} outputs and ${values} of ${metrics.length} metrics are equal.`;
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
