import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "@reseal/schema";
import type { Stores } from "@reseal/store";
import { type ChildResult, runChild } from "./child.ts";
import { expandCommand } from "./command.ts";
import { describeEnvironment } from "./describe-environment.ts";
import type { CapturedEnvironment, EnvironmentRequest } from "./environment/environment.ts";
import { recordErrors } from "./errors.ts";
import { type FinishedRun, finishRun, type RunEnd } from "./finish-run.ts";
import { type GitState, readGitState } from "./git.ts";
import { LogCapture } from "./log-capture.ts";
import { type PreparedRun, prepareRun } from "./prepare-run.ts";
import type { RunRedactor } from "./run-redactor.ts";
import type { RunIo, RunRequest } from "./run-request.ts";
import { Spool } from "./spool.ts";

/** A recorded run, sealed, and how its child ended. */
export interface RecordedRun extends FinishedRun {
  readonly exit: ChildResult["exit"];
  /** The signal that we were told to hand on, if any. */
  readonly interruptedBy: ChildResult["interruptedBy"];
}

/**
 * Run a command and seal what happened, however it ends.
 *
 * The child sees `RESEAL_RUN_DIR`, `RESEAL_OUTPUT_DIR` and, with a seed, `RESEAL_SEED`. Its output
 * goes on as it comes and is kept redacted. When this resolves the run is durable; when the
 * process dies before that, `recoverRuns` seals what was written.
 * @throws `RECORD_COMMAND_NOT_FOUND`, `RECORD_INPUT_NOT_FOUND`, `RECORD_SECRET_FOUND` and others,
 *   all before anything was started; nothing is kept then.
 */
export async function recordRun(
  stores: Stores,
  request: RunRequest,
  io: RunIo = {},
): Promise<RecordedRun> {
  if (stores.readOnly)
    throw recordErrors.STORE_READ_ONLY(`The store ${stores.location} cannot be written.`);
  const seed = request.seed === undefined ? undefined : String(request.seed);
  expandCommand(request.argv, { out: "", in: "", seed }); // Refuses what cannot start.
  const runId = stores.ids.runId();
  const spool = Spool.create(join(stores.local, "tmp"), runId);
  try {
    const git = readGitState(request.places.workspace, request.env);
    const prepared = await prepareRun(stores, spool, runId, request);
    return await executeRun(stores, spool, prepared, request, { io, git });
  } catch (error) {
    if (!existsSync(spool.path("started"))) spool.remove();
    throw error;
  }
}

/** What {@link executeRun} needs of a request. */
export type ExecutionRequest = Pick<
  RunRequest,
  "argv" | "places" | "env" | "seed" | "device" | "featureFlags" | "invariants" | "toolVersion"
> & {
  /** What was found when somebody has looked round already; nobody looks again then. */
  readonly captured?: CapturedEnvironment | undefined;
  /** Puts the command, placeholders filled in, behind a launcher that limits what it may do. */
  readonly launch?: ((argv: readonly string[]) => readonly string[]) | undefined;
};

/** Start a prepared run, wait for its end and seal it. */
export async function executeRun(
  stores: Stores,
  spool: Spool,
  { plan, guard, redactor }: PreparedRun,
  request: ExecutionRequest,
  { io, git }: { readonly io: RunIo; readonly git: Promise<GitState | undefined> },
): Promise<RecordedRun> {
  const { places, seed, env } = request;
  const argv = expandCommand(request.argv, {
    out: spool.path("out"),
    in: spool.path("in"),
    seed: seed === undefined ? undefined : String(seed),
  });
  const stdout = new LogCapture(spool.path("logs", "stdout.log"), redactor);
  const stderr = new LogCapture(spool.path("logs", "stderr.log"), redactor);
  mkdirSync(spool.path("run"), { recursive: true });
  const childEnv = childEnvironment(env, spool, seed);
  // Looking round takes longer than starting the command, so it happens beside it. A failure is
  // kept for later: nobody waits for the promise while the command runs.
  const environment = captureBeside(
    spool,
    redactor,
    {
      argv,
      cwd: places.cwd,
      env: childEnv,
      workspace: places.workspace,
      toolVersion: request.toolVersion,
      ...(request.device && { device: request.device }),
      ...(request.featureFlags && { featureFlags: request.featureFlags }),
      ...(request.invariants && { invariants: request.invariants }),
    },
    request.captured,
  );
  const gitFacts = noteGit(spool, redactor, git);
  await using interruption = untilSecondSignal(io.signals);
  // Before the start, not after it: a child that ran while its recorder died must not be forgotten.
  spool.writeJson("started", {}, { durable: true });
  let isStarted = false;
  let result: ChildResult;
  try {
    result = await runChild({
      argv: request.launch?.(argv) ?? argv,
      cwd: places.cwd,
      env: childEnv,
      stdin: io.stdin ?? "ignore",
      onStdout: (chunk) => {
        stdout.write(chunk);
        return io.onStdout?.(chunk);
      },
      onStderr: (chunk) => {
        stderr.write(chunk);
        return io.onStderr?.(chunk);
      },
      onStart: (pid) => {
        isStarted = true;
        spool.writeJson("started", { child_pid: pid });
      },
      signals: io.signals,
      signal: io.signal,
    });
  } finally {
    if (!isStarted) rmSync(spool.path("started"), { force: true });
    interruption.begin();
    stdout.close();
    stderr.close();
    await Promise.all([environment, gitFacts]);
  }
  const end = endOf(result, stores.clock.now());
  const captured = await environment;
  const finished = await finishRun(
    stores,
    spool,
    plan,
    { ...end, warnings: [...captured.warnings, ...stdout.warnings, ...stderr.warnings] },
    {
      guard,
      redactor,
      environment: captured.environment,
      git: await gitFacts,
      signal: interruption.signal,
    },
  );
  return { ...finished, exit: result.exit, interruptedBy: result.interruptedBy };
}

/** Keep what git says in the spool, too: should the recorder die, its finder seals it. */
async function noteGit(
  spool: Spool,
  redactor: RunRedactor,
  git: Promise<GitState | undefined>,
): Promise<GitState | undefined> {
  const state = await git;
  if (state === undefined) return undefined;
  const redacted = redactor.json(state);
  try {
    spool.writeJson("git.json", redacted);
  } catch {
    // Nobody needs it unless the recorder dies.
  }
  return redacted;
}

/** What is left of {@link captureEnvironment}'s answer when it failed: a warning. */
export interface EnvironmentAnswer {
  readonly environment?: CapturedEnvironment["environment"];
  readonly warnings: readonly Context["warnings"][number][];
}

/** Describe the circumstances, beside a run; a failure is a warning. */
export async function captureBeside(
  spool: Spool,
  redactor: RunRedactor,
  request: EnvironmentRequest,
  known?: CapturedEnvironment,
): Promise<EnvironmentAnswer> {
  try {
    const { environment, warnings } = known ?? (await describeEnvironment(request));
    const redacted = redactor.json(environment);
    spool.writeJson("environment.json", redacted);
    return { environment: redacted, warnings };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = redactor.json(`The environment could not be captured: ${reason}`);
    return { warnings: [{ code: "ENVIRONMENT_NOT_CAPTURED", message }] };
  }
}

/** Listens to signals from the start on, so that there is no moment at which one would kill us. */
interface Interruption extends AsyncDisposable {
  readonly signal: AbortSignal;
  /** From now on signals are for us, no longer for the child. */
  begin(): void;
}

/**
 * While the run is sealed, one signal is not enough to stop: Ctrl-C is pressed twice in a hurry,
 * and the command's end would be lost. A second one aborts, and the next command seals the run.
 */
function untilSecondSignal(signals: RunIo["signals"]): Interruption {
  const controller = new AbortController();
  let count: number | undefined;
  const unsubscribe = signals?.subscribe(() => {
    if (count !== undefined) count += 1;
    if (count === 2) controller.abort();
  });
  return {
    signal: controller.signal,
    begin() {
      count = 0;
    },
    async [Symbol.asyncDispose]() {
      unsubscribe?.();
    },
  };
}

function childEnvironment(
  env: RunRequest["env"],
  spool: Spool,
  seed: RunRequest["seed"],
): Record<string, string | undefined> {
  const { RESEAL_SEED: _, ...inherited } = env;
  return {
    PYTHONUNBUFFERED: "1",
    ...inherited,
    RESEAL_RUN_DIR: spool.path("run"),
    RESEAL_OUTPUT_DIR: spool.path("out"),
    ...(seed !== undefined && { RESEAL_SEED: String(seed) }),
  };
}

function endOf({ exit, interruptedBy }: ChildResult, endedMs: number): RunEnd {
  if (interruptedBy !== undefined)
    return {
      status: "interrupted",
      exit,
      endedMs,
      error: { type: "Interrupted", message: `The run was interrupted by ${interruptedBy}.` },
    };
  if ("signal" in exit)
    return {
      status: "killed",
      exit,
      endedMs,
      error: { type: "Killed", message: `The command was killed by ${exit.signal}.` },
    };
  if (exit.code === 0) return { status: "finished", exit, endedMs };
  return {
    status: "failed",
    exit,
    endedMs,
    error: { type: "ExitStatus", message: `The command ended with exit status ${exit.code}.` },
  };
}
