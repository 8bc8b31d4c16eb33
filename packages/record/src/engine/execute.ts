import { setTimeout as delay } from "node:timers/promises";
import type { JsonObject } from "@reseal/hash";
import type { Context } from "@reseal/schema";
import type { Stores } from "@reseal/store";
import { finishRun, type RunEnd } from "../finish-run.ts";
import { readGitState } from "../git.ts";
import type { PreparedRun } from "../prepare-run.ts";
import { captureBeside } from "../record-run.ts";
import type { Spool } from "../spool.ts";
import type { EngineRun } from "./engine-request.ts";
import type { ExecutionContext, ExecutorResult } from "./executor.ts";
import { stageFinalCalibration } from "./final-calibration.ts";
import { stageObservability } from "./observability.ts";
import type { Execution } from "./prepare-execution.ts";
import { checkValues } from "./result-values.ts";
import { RunJournal } from "./run-journal.ts";

const abortGraceMsDefault = 2000;

/** Run a prepared execution in this process and seal it, however it ends. */
export async function execute(
  stores: Stores,
  spool: Spool,
  { plan, guard, redactor }: PreparedRun,
  execution: Execution,
): Promise<EngineRun> {
  const { options, executor, request } = execution;
  const { workspace, env } = options;
  const git = readGitState(workspace, env);
  const environment = captureBeside(spool, redactor, {
    argv: [process.execPath],
    cwd: workspace,
    workspace,
    env: { ...env },
    toolVersion: options.toolVersion,
    ...(options.device && { device: options.device }),
    ...(options.featureFlags && { featureFlags: options.featureFlags }),
    ...(execution.invariants && { invariants: execution.invariants }),
  });
  const journal = new RunJournal(spool, { clock: stores.clock, redactor, lane: executor.name });
  spool.writeJson("started", { in_process: true }, { durable: true });
  const outcome = await settle(journal, execution);
  const checked = await judge(plan.type, outcome);
  const endedMs = stores.clock.now();
  const end = redactor.json(endOf(checked, request.signal));
  if (end.error) journal.complain(`${end.error.type}: ${end.error.message}`);
  journal.close();
  const computed = valuesOf(checked, end);
  const values = computed && redactor.json(computed);
  const captured = await environment;
  const finished = await finishRun(
    stores,
    spool,
    plan,
    { ...end, endedMs, warnings: [...captured.warnings, ...journal.warnings] },
    {
      guard,
      redactor,
      environment: captured.environment,
      git: await git,
      extras: async (batch) => {
        const left = await stageFinalCalibration(batch, spool, redactor, plan.type, values);
        const told = await stageObservability(batch, spool, redactor);
        return {
          ...left,
          files: [...told, ...left.files],
          values,
          passFail: passFailOf(plan.type, values),
        };
      },
    },
  );
  return { ...finished, status: end.status, values, error: checked.error };
}

/** How an executor ended: it returned, it threw, or the run was aborted before either. */
type Outcome =
  | { readonly result: ExecutorResult | undefined; readonly error?: undefined }
  | { readonly error: unknown; readonly result?: undefined };

async function settle(
  journal: RunJournal,
  { executor, graph, request, options }: Execution,
): Promise<Outcome> {
  const { signal = new AbortController().signal } = request;
  const { emit, control, calibrated, metric, output, log, count, gauge, span } = journal;
  const context: ExecutionContext = {
    seed: request.seed,
    parameters: structuredClone(request.parameters ?? {}),
    calibration: structuredClone(request.calibration),
    signal,
    ...{ emit, control, calibrated, metric, output, log, count, gauge, span },
  };
  const work = journal
    .span("execute", () => {
      signal.throwIfAborted();
      return executor.kind === "graph"
        ? executor.execute(structuredClone(graph) ?? { nodes: [], edges: [] }, context)
        : executor.execute(context);
    })
    .then(
      (result): Outcome => ({ result }),
      (error: unknown): Outcome => ({
        error: error ?? new Error("Nothing was thrown as an error."),
      }),
    );
  const finished = new AbortController();
  const outcome = await Promise.race([
    work,
    cutOff(signal, options.abortGraceMs ?? abortGraceMsDefault, finished.signal),
  ]);
  finished.abort();
  return outcome;
}

/** Resolves a while after an abort: an executor that does not listen cannot hold up the seal. */
async function cutOff(
  signal: AbortSignal,
  graceMs: number,
  finished: AbortSignal,
): Promise<Outcome> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true, signal: finished });
  });
  await delay(graceMs, undefined, { signal: finished }).catch(() => undefined);
  return { error: signal.reason ?? new Error("The run was aborted.") };
}

interface Judged {
  readonly values: JsonObject | undefined;
  readonly error: unknown;
}

async function judge(type: string, outcome: Outcome): Promise<Judged> {
  if (outcome.error !== undefined) return { values: undefined, error: outcome.error };
  const checked = await checkValues(type, outcome.result);
  if ("values" in checked) return { values: checked.values, error: undefined };
  const error = new TypeError(checked.problem);
  error.name = "ResultInvalid";
  return { values: undefined, error };
}

function endOf({ error }: Judged, signal: AbortSignal | undefined): RunEnd {
  if (signal?.aborted === true) {
    const message = `The run was aborted: ${textOf(signal.reason).message}`;
    return { status: "interrupted", error: { type: "Interrupted", message } };
  }
  if (error === undefined) return { status: "finished" };
  return { status: "failed", error: textOf(error) };
}

/** A failure is a result as well, so that one that happens again is reproduced. */
function valuesOf({ values }: Judged, { status, error }: RunEnd): JsonObject | undefined {
  return status === "failed" && error !== undefined ? { error: { ...error } } : values;
}

function textOf(error: unknown): NonNullable<Context["error"]> {
  if (!(error instanceof Error)) return { type: "Thrown", message: String(error) };
  const type = error.name.replaceAll(/\p{Cc}/gu, " ").slice(0, 1000) || "Error";
  return { type, message: error.message.toWellFormed() };
}

/** A validation says itself whether it passed; nothing else is guessed. */
function passFailOf(type: string, values: JsonObject | undefined): Context["pass_fail"] {
  if (type !== "validation" || typeof values?.passed !== "boolean") return undefined;
  return values.passed ? "pass" : "fail";
}
