import type { BundleReader } from "@reseal/bundle";
import { Engine, type EngineRun, parentOf, parseSeed } from "@reseal/record";
import { checkEngine } from "./check-engine.ts";
import { aboutOf, isEngineRun, readEngineOriginal } from "./engine-original.ts";
import { replayErrors } from "./errors.ts";
import { createReplayLog, type ReplayLog } from "./replay-log.ts";
import { description } from "./replay-plan.ts";
import type { ReplayRequest } from "./replay-request.ts";
import { judgeReplay, type ReplayOutcome, replayRun } from "./replay-run.ts";
import { leaseOriginal, resolveOriginal } from "./resolve-original.ts";
import { sealReplay } from "./seal-replay.ts";
import { completeTolerance } from "./tolerance.ts";

/** How an artifact is to be done again; the rest the engine knows. */
export type ArtifactReplayRequest = Omit<
  ReplayRequest,
  "env" | "toolVersion" | "device" | "featureFlags" | "invariants"
>;

/**
 * Do a sealed artifact again through an engine, compare, and seal both the new run and the replay.
 *
 * The executor is found by the name that the bundle recorded; graph, parameters, seed and
 * calibration state are the bundle's. Code, environment, device, calibration state and conditions
 * are checked before anything runs, and the policy may refuse. Limits hold for commands only: a
 * function of this process can be aborted, not confined. A gradient, calibration or validation is
 * done again as well as a run; what a command made is replayed by `replayRun`. What is in the way
 * is a verdict (`failed`), sealed like any other.
 * @param given An artifact, or a replay, whose original is done again.
 * @throws `REPLAY_STORE_READ_ONLY`, `REPLAY_TOLERANCE_INVALID`, `RECORD_COMMAND_INVALID` for a seed
 *   that is none.
 * @example
 * const { verdict } = await replayArtifact(engine, await openStoredBundle(stores, run.seal));
 */
export async function replayArtifact(
  engine: Engine,
  given: BundleReader,
  request: ArtifactReplayRequest = {},
): Promise<ReplayOutcome> {
  const { stores } = engine;
  if (stores.readOnly)
    throw replayErrors.STORE_READ_ONLY(`The store ${stores.location} cannot be written.`);
  const { env, toolVersion, device, featureFlags, invariants } = engine.options;
  const complete: ReplayRequest = {
    ...request,
    env,
    toolVersion,
    device,
    featureFlags,
    invariants: invariants?.(),
  };
  const startedMs = stores.clock.now();
  const log = createReplayLog(stores.clock);
  const original = await resolveOriginal(stores, given, log);
  if (!isEngineRun(original)) return await replayRun(stores, given, complete);
  using _lease = leaseOriginal(stores, original);
  completeTolerance(request.tolerance);
  const ownSeed = request.seed === undefined ? undefined : parseSeed(String(request.seed));
  const seed = ownSeed ?? original.manifest.content.inputs.seed;
  const candidate = await executeAgain(engine, original, seed, complete, log);
  const findings = await judgeReplay(stores, { original, candidate, log, request: complete });
  const sealed = await sealReplay(
    stores,
    { ...findings, original, seed, startedMs, log },
    complete,
  );
  const { verdict, reason, comparison } = findings;
  const run = candidate && { ...candidate, exit: { code: 0 }, interruptedBy: undefined };
  return {
    ...sealed,
    verdict,
    reason,
    original,
    candidate: run,
    comparison,
    firstDifference: comparison?.first_difference,
    explanation: findings.explanation,
  };
}

/** An engine that can also do again what it sealed. */
export class ReplayEngine extends Engine {
  /** {@link replayArtifact} with this engine. */
  replayArtifact(given: BundleReader, request?: ArtifactReplayRequest): Promise<ReplayOutcome> {
    return replayArtifact(this, given, request);
  }
}

async function executeAgain(
  engine: Engine,
  original: BundleReader,
  seed: number | string | undefined,
  request: ReplayRequest,
  log: ReplayLog,
): Promise<EngineRun | undefined> {
  const found = await readEngineOriginal(engine, original, log);
  if (found === undefined) return undefined;
  const { content, context } = original.manifest;
  const { executor, graph, calibration } = found;
  await checkEngine(engine, original, found, request, log);
  if (log.obstacles.length > 0) return undefined;
  log.step("run", `The executor ${executor.name} was given what the original was given.`);
  const inherited = description(context, request);
  const repeated = {
    type: content.type,
    seed,
    parameters: content.inputs.parameters as never,
    calibration,
    about: aboutOf(original),
    description: { ...inherited, parents: [parentOf(original, "replay_of")] },
    contextMetrics: context.capture?.context_metrics,
    allowSecrets: request.allowSecrets,
    signal: request.io?.signal,
  };
  const run =
    executor.kind === "graph"
      ? await engine.runGraph(graph ?? { nodes: [], edges: [] }, { ...repeated, executor })
      : await engine.run(executor, repeated);
  log.step("seal", `The re-executed run ended and was sealed as ${run.seal}.`);
  return run;
}
