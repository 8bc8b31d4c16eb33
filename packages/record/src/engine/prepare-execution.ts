import { statSync } from "node:fs";
import { hostname } from "node:os";
import { basename } from "node:path";
import { type DraftFile, settleBlobs, watchDeletions } from "@reseal/bundle";
import { canonicalJson, compareUtf8 } from "@reseal/hash";
import type { Inputs, Invariant, Parent } from "@reseal/schema";
import type { BlobBatch, Stores } from "@reseal/store";
import picomatch from "picomatch";
import { parseSeed } from "../command.ts";
import { recordErrors } from "../errors.ts";
import { FileGuard } from "../file-guard.ts";
import { defaultContextMetrics } from "../metrics.ts";
import { capturedOrReason } from "../outputs.ts";
import type { RunPlan } from "../plan.ts";
import type { PreparedRun } from "../prepare-run.ts";
import { refuseInvalid, refuseInvalidCircumstances } from "../refuse-invalid.ts";
import { RunRedactor } from "../run-redactor.ts";
import { readKey } from "../scan-key.ts";
import type { Spool } from "../spool.ts";
import { userName, workspaceId } from "../workspace.ts";
import { type ExecutorSpec, enginePaths } from "./engine-paths.ts";
import type { EngineOptions, EngineRequest } from "./engine-request.ts";
import type { InProcessExecutor } from "./executor.ts";
import type { Graph } from "./graph.ts";

/** What is to be executed, and for whom. */
export interface Execution {
  readonly executor: InProcessExecutor;
  readonly graph: Graph | undefined;
  readonly request: EngineRequest;
  readonly options: EngineOptions;
  /** The conditions as they were measured for this run. */
  readonly invariants?: readonly Invariant[] | undefined;
}

/**
 * Make durable what an in-process run starts from, and write its plan.
 * @throws `RECORD_DESCRIPTION_INVALID`, `RECORD_COMMAND_INVALID` for a seed that is none,
 *   `RECORD_INPUT_NOT_FOUND` for code that is not there; nothing was executed then.
 */
export async function prepareExecution(
  stores: Stores,
  spool: Spool,
  runId: string,
  execution: Execution,
): Promise<PreparedRun> {
  const { request, options, executor } = execution;
  const description = { ...options.description, ...request.description };
  const redactor = new RunRedactor(options.env);
  const allows = picomatch([...(request.allowSecrets ?? [])], { dot: true });
  const guard = new FileGuard(redactor.scans, allows, readKey(stores));
  const watch = await watchDeletions(stores);
  await using batch = await stores.blobs.openBatch();
  const documents = await stageDocuments(batch, execution, redactor);
  const code = await stageCode(batch, executor.code ?? {}, guard);
  const about = [...(request.about ?? [])].sort((a, b) =>
    compareUtf8(a.artifact_id, b.artifact_id),
  );
  const plan: RunPlan = {
    format: "reseal-run-plan/1",
    run_id: runId,
    type: request.type ?? "run",
    started_at: new Date(stores.clock.now()).toISOString(),
    workspace: spool.path("in"), // Empty: outputs are only what is handed over.
    workspace_id: workspaceId(options.workspace),
    tick_ms: 0,
    inputs: {
      ...documents.inputs,
      ...(request.seed !== undefined && { seed: parseSeed(String(request.seed)) }),
      ...(request.parameters && { parameters: redactor.json(request.parameters) }),
      ...(about.length > 0 && {
        about: about.map(({ artifact_id, relationship }) => ({ artifact_id, relationship })),
      }),
    },
    files: [...documents.files, ...code],
    code: [],
    output_patterns: [],
    stdout_is_result: false,
    context_metrics: request.contextMetrics ?? defaultContextMetrics,
    allow_secrets: request.allowSecrets,
    context: {
      ...redactor.json(description),
      tool: { name: "reseal", version: options.toolVersion },
      tags: redactor.json([...new Set(description.tags ?? [])].sort()),
      authors: redactor.json(description.authors ?? []),
      parents: distinct([...about, ...(description.parents ?? [])]),
      user: userName(),
      host: hostname(),
      warnings: [],
      not_captured: {},
      withheld: [...guard.withheld],
    },
  };
  await refuseInvalid(plan);
  await refuseInvalidCircumstances({ ...options, invariants: execution.invariants });
  await batch.commit();
  spool.writeJson("plan.json", plan, { durable: true });
  await settleBlobs(stores, watch, plan.files);
  return { plan, guard, redactor };
}

async function stageDocuments(
  batch: BlobBatch,
  { executor, graph, request }: Execution,
  redactor: RunRedactor,
): Promise<{ readonly files: DraftFile[]; readonly inputs: Pick<Inputs, "ir" | "spec"> }> {
  const spec: ExecutorSpec = {
    format: "reseal-executor/1",
    kind: executor.kind,
    name: executor.name,
    version: executor.version,
  };
  const files: DraftFile[] = [];
  const stage = async (path: string, value: object | undefined) => {
    if (value === undefined) return undefined;
    const text = jsonText(redactor.json(value), path);
    const { digest, size } = await batch.put(Buffer.from(text, "utf8"));
    files.push({ path, role: "other", digest, size });
    return digest;
  };
  const ir = await stage(enginePaths.ir, graph);
  const calibration = await stage(enginePaths.calibration, request.calibration);
  const specDigest = await stage(enginePaths.spec, spec);
  return {
    files,
    inputs: {
      ...(ir && { ir }),
      ...(calibration && { calibration }),
      ...(specDigest && { spec: specDigest }),
    },
  };
}

function jsonText(value: object, path: string): string {
  try {
    return canonicalJson(value);
  } catch (cause) {
    const reason = (cause as Error).message;
    throw recordErrors.DESCRIPTION_INVALID(`${path} cannot be written: ${reason}`, { cause });
  }
}

async function stageCode(
  batch: BlobBatch,
  code: Readonly<Record<string, string>>,
  guard: FileGuard,
): Promise<DraftFile[]> {
  const files = Object.entries(code).map(([path, full]) => {
    const stats = statSync(full, { throwIfNoEntry: false });
    if (stats?.isFile() !== true)
      throw recordErrors.INPUT_NOT_FOUND(`The code ${basename(full)} of an executor is no file.`);
    return { full, path, root: "code" as const, size: stats.size, isExecutable: false };
  });
  const results = await guard.capture(batch, files);
  return results.flatMap((result, index) => {
    const path = files[index]?.path ?? "";
    const captured = capturedOrReason(result);
    if (typeof captured === "string")
      throw recordErrors.INPUT_NOT_FOUND(`The code ${path} of an executor ${captured}.`);
    if (captured === undefined) return []; // Withheld, and listed.
    const { digest, size } = captured;
    return [{ path: `code/${path}`, role: "code" as const, digest, size }];
  });
}

function distinct(parents: readonly Parent[]): Parent[] {
  const byText = new Map(parents.map((parent) => [canonicalJson(parent), parent]));
  return [...byText.values()];
}
