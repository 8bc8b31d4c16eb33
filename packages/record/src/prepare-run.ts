import { accessSync, constants, createReadStream, mkdirSync, statSync, symlinkSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join, resolve } from "node:path";
import { type DraftFile, settleBlobs, watchDeletions } from "@reseal/bundle";
import { compareUtf8, digestSource } from "@reseal/hash";
import type { Context, Inputs } from "@reseal/schema";
import type { BlobBatch, BlobInfo, Stores } from "@reseal/store";
import picomatch from "picomatch";
import { type CacheOptions, captureCached } from "./capture-cached.ts";
import { type CapturedFile, type CodeTree, captureCode } from "./code-tree.ts";
import { readConfigFile } from "./config-file.ts";
import { findLockFiles } from "./environment/lock-files.ts";
import { recordErrors } from "./errors.ts";
import { FileGuard } from "./file-guard.ts";
import { storeFilter } from "./finish-run.ts";
import { nextTick, timeNow } from "./fs-tick.ts";
import { defaultContextMetrics } from "./metrics.ts";
import type { RunPlan } from "./plan.ts";
import { refuseInvalid, refuseInvalidCircumstances } from "./refuse-invalid.ts";
import { RunRedactor } from "./run-redactor.ts";
import type { RunRequest } from "./run-request.ts";
import { readKey, scanKey } from "./scan-key.ts";
import { outputMatcher, relativeInside, type SelectedFile, selectFiles } from "./select-files.ts";
import type { Spool } from "./spool.ts";
import { StatCache } from "./stat-cache.ts";
import { userName, workspaceId } from "./workspace.ts";

/** A run that is ready to start: everything it needs is durable, its plan lies in the spool. */
export interface PreparedRun {
  readonly plan: RunPlan;
  readonly guard: FileGuard;
  readonly redactor: RunRedactor;
}

/** Everything captured before a run starts, for `--dry-run` and for the plan. */
export interface Captured {
  readonly code: CodeTree;
  readonly inputs: readonly CapturedFile[];
  readonly external: NonNullable<Inputs["external"]>;
  /** What lies below the named inputs and is no regular file there. */
  readonly skippedInputs: readonly string[];
}

/**
 * Capture code, inputs and configuration, make them durable, and write the plan.
 * @throws `RECORD_SECRET_FOUND` in strict mode, `RECORD_INPUT_NOT_FOUND`, `RECORD_CONFIG_INVALID`,
 *   `RECORD_DESCRIPTION_INVALID`: what could not be sealed in the end is not started.
 */
export async function prepareRun(
  stores: Stores,
  spool: Spool,
  runId: string,
  request: RunRequest,
): Promise<PreparedRun> {
  const { places } = request;
  const redactor = new RunRedactor(request.env);
  const guard = new FileGuard(redactor.scans, allowanceOf(request), readKey(stores));
  const config = request.configFile ? await readConfigFile(request.configFile, places) : undefined;
  const snapshot = config && {
    schema_version: "reseal.config-snapshot/v1" as const,
    format: config.format,
    path: redactor.name(config.path),
    values: redactor.json(config.values),
  };

  const watch = await watchDeletions(stores);
  await using batch = await stores.blobs.openBatch();
  const cache = StatCache.open(
    join(stores.local, "cache", `stat-${workspaceId(places.workspace)}.json`),
    scanKey(stores, redactor.scans.secrets),
  );
  const captured = await captureBefore(stores, spool, request, { guard, batch, cache });
  refuseSecrets(request, guard);
  const command = redactor.argv(request.argv);
  const plan: RunPlan = {
    format: "reseal-run-plan/1",
    run_id: runId,
    type: "run",
    started_at: new Date(stores.clock.now()).toISOString(),
    workspace: places.workspace,
    workspace_id: workspaceId(places.workspace),
    tick_ms: await nextTick(tickFolder(places.workspace, spool), runId),
    inputs: inputsOf(request, command, captured, redactor),
    config: snapshot,
    files: [
      ...captured.code.files.map((file) => draftFile(file, "code", "code")),
      ...captured.inputs.map((file) => draftFile(file, "inputs", "input")),
    ],
    code: captured.code.files,
    folders: captured.code.folders,
    output_patterns: (request.outputs ?? []).map((pattern) => resolve(places.cwd, pattern)),
    stdout_is_result: request.stdoutIsResult ?? false,
    context_metrics: request.contextMetrics ?? defaultContextMetrics,
    allow_secrets: allowedPaths(request),
    context: {
      ...redactor.json(request.description ?? {}),
      tool: { name: "reseal", version: request.toolVersion },
      tags: redactor.json([...new Set(request.description?.tags ?? [])].sort()),
      authors: redactor.json(request.description?.authors ?? []),
      parents: request.description?.parents ?? [],
      user: userName(),
      host: hostname(),
      warnings: [...argumentWarnings(request), ...inputWarnings(captured, redactor)],
      not_captured: { code: leftOutReport(captured.code, redactor) },
      withheld: [...guard.withheld],
    },
  };
  await refuseInvalid(plan);
  await refuseInvalidCircumstances(request);
  await batch.commit();
  cache.save(); // Not before: it must not name what is not stored.
  linkInputs(spool, selectFiles(request.inputs ?? [], places));
  spool.writeJson("plan.json", plan, { durable: true });
  await settleBlobs(stores, watch, plan.files);
  return { plan, guard, redactor };
}

async function captureBefore(
  stores: Stores,
  spool: Spool,
  request: RunRequest,
  { guard, batch, cache }: { guard: FileGuard; batch: BlobBatch; cache: StatCache },
): Promise<Captured> {
  const { places } = request;
  const skippedInputs: string[] = [];
  const onSkipped = (path: string): void => {
    skippedInputs.push(path);
  };
  const selected = selectFiles(request.inputs ?? [], places, onSkipped);
  const referenced = selectFiles(request.inputRefs ?? [], places, onSkipped);
  const inputPaths = new Set([...selected, ...referenced].map((file) => file.full));
  const isOutput = outputMatcher(request.outputs ?? [], places);
  const isStore = storeFilter(stores, places.workspace);
  const tickMs = timeNow(tickFolder(places.workspace, spool), "cache");
  const code = await captureCode({
    workspace: places.workspace,
    excludes: (path) =>
      isOutput(path) || isStore(path) || inputPaths.has(join(places.workspace, path)),
    earlierOutputs: await stores.catalog.outputPaths(workspaceId(places.workspace)),
    alwaysTaken: new Set(findLockFiles(places.workspace)),
    guard,
    cache,
    batch,
    tickMs,
  });
  const here = { dev: statSync(places.workspace).dev, tickMs };
  const inputs = await captureInputs(selected, { guard, batch, cache, tickMs }, here);
  const external: NonNullable<Inputs["external"]> = [];
  for (const { full, path } of referenced) {
    const { digest, size } = await digestReferenced(full, cache, here);
    external.push({ name: path, size, digest });
  }
  return { code, inputs, external, skippedInputs };
}

/** The file system of the workspace, and its time before anything was read. */
interface Here {
  readonly dev: number;
  readonly tickMs: number;
}

async function captureInputs(
  selected: readonly SelectedFile[],
  options: CacheOptions,
  here: Here,
): Promise<CapturedFile[]> {
  const files = selected.map(({ full, path }) => {
    const stats = statSync(full);
    const isExecutable = (stats.mode & 0o100) !== 0;
    return { full, path, root: "inputs" as const, size: stats.size, isExecutable, stats };
  });
  const inputs: CapturedFile[] = [];
  for (const isHere of [true, false]) {
    const part = files.filter(({ stats }) => (stats.dev === here.dev) === isHere);
    const tickMs = isHere ? here.tickMs : elsewhere(here);
    for (const result of await captureCached(part, { ...options, tickMs })) {
      if (typeof result === "string") continue; // The guard lists it.
      if (!("digest" in result)) throw result;
      inputs.push(result);
    }
  }
  return inputs.sort((a, b) => compareUtf8(a.path, b.path));
}

/** Another file system may have a clock of its own; only files that are older are remembered. */
function elsewhere({ tickMs }: Here): number {
  return tickMs - 10 * 60_000;
}

/** Large files that do not change are read once. */
async function digestReferenced(full: string, cache: StatCache, here: Here): Promise<BlobInfo> {
  const stats = statSync(full);
  const key = `referenced\0${full}`;
  const known = cache.get(key, stats);
  if (known?.digest !== undefined) return { digest: known.digest, size: stats.size };
  const source = createReadStream(full, { highWaterMark: 1024 * 1024 });
  const { digest, size } = await digestSource(source);
  const after = statSync(full);
  const isSame = after.ctimeMs === stats.ctimeMs && after.mtimeMs === stats.mtimeMs;
  const tickMs = stats.dev === here.dev ? here.tickMs : elsewhere(here);
  if (isSame && size === stats.size) cache.set(key, stats, { digest, kind: "referenced" }, tickMs);
  return { digest, size };
}

function inputsOf(
  request: RunRequest,
  command: readonly string[],
  { code, external }: Captured,
  redactor: RunRedactor,
): RunPlan["inputs"] {
  const { places, seed, parameters, env } = request;
  const workingDirectory = relativeInside(places.workspace, places.cwd);
  const variables = Object.fromEntries(
    [...new Set(request.variables ?? [])]
      .sort()
      .filter((name) => env[name] !== undefined)
      .map((name) => [name, env[name] ?? ""]),
  );
  const byPath = new Map(code.files.map((file) => [file.path, file.digest]));
  const lockFiles = findLockFiles(places.workspace).flatMap((path) => {
    const digest = byPath.get(path);
    return digest === undefined ? [] : [{ path, digest }];
  });
  return {
    command: [...command],
    ...(seed !== undefined && { seed }),
    ...(parameters && { parameters: redactor.json(parameters) }),
    ...(workingDirectory !== undefined && {
      working_directory: redactor.name(workingDirectory),
    }),
    ...(Object.keys(variables).length > 0 && {
      variables: redactor.json(variables),
    }),
    ...(external.length > 0 && {
      external: external.map(({ name, ...entry }) => ({ name: redactor.name(name), ...entry })),
    }),
    ...(lockFiles.length > 0 && { lock_files: lockFiles }),
  };
}

function draftFile(file: CapturedFile, folder: string, role: "code" | "input"): DraftFile {
  const { digest, size, isExecutable } = file;
  return { path: `${folder}/${file.path}`, role, digest, size, isExecutable };
}

/** A test for the paths that `--allow-secret` names. */
export function allowanceOf(request: RunRequest): (path: string) => boolean {
  const inside = allowedPaths(request);
  const matches = picomatch(inside, { dot: true });
  return (path) => inside.includes(path) || matches(path);
}

function allowedPaths({ allowSecrets = [], places }: RunRequest): string[] {
  return allowSecrets.map(
    (path) => relativeInside(places.workspace, resolve(places.cwd, path)) ?? path,
  );
}

function refuseSecrets({ isStrict }: RunRequest, { withheld }: FileGuard): void {
  const [first] = withheld;
  if (isStrict !== true || first === undefined) return;
  throw recordErrors.SECRET_FOUND(
    `${first.path} holds what looks like a secret (${first.rules.join(", ")}); ` +
      `${withheld.length} in all. Nothing was run.`,
    { details: { withheld } },
  );
}

/** `{in}` names a folder in which every input lies under its logical path. */
function linkInputs(spool: Spool, inputs: readonly SelectedFile[]): void {
  for (const { full, path } of inputs) {
    const link = spool.path("in", path);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(full, link);
  }
}

/** A folder on the workspace's file system that we may write to, for taking its time. */
function tickFolder(workspace: string, spool: Spool): string {
  if (statSync(workspace).dev === statSync(spool.folder).dev) return spool.folder;
  try {
    accessSync(workspace, constants.W_OK);
    return workspace;
  } catch {
    return spool.folder; // Nothing can change there, so any time will do.
  }
}

function argumentWarnings({ argv, places }: RunRequest): Context["warnings"] {
  const own = argv.filter((argument) => argument.includes(`${places.workspace}/`));
  if (own.length === 0) return [];
  return [
    {
      code: "ABSOLUTE_PATH",
      message:
        "An argument names the workspace by its absolute path: the run has another input key in " +
        "any other folder. Use a relative path, {in} or {out}.",
    },
  ];
}

/** How many paths a warning names. */
const namedPathsMax = 5;

function inputWarnings({ skippedInputs }: Captured, redactor: RunRedactor): Context["warnings"] {
  if (skippedInputs.length === 0) return [];
  const named = skippedInputs.slice(0, namedPathsMax).map((path) => redactor.name(path));
  const more = skippedInputs.length > namedPathsMax ? ", …" : "";
  return [
    {
      code: "INPUT_NOT_CAPTURED",
      message:
        `${skippedInputs.length} entries below the inputs were not captured, because they are ` +
        `links out of their folder, not readable or no files: ${named.join(", ")}${more}.`,
    },
  ];
}

/** How many paths are listed of those left out. */
const listedPathsMax = 20;

function leftOutReport(
  { leftOut }: CodeTree,
  redactor: RunRedactor,
): NonNullable<Context["not_captured"]["code"]> {
  const count = (reason: string): number =>
    leftOut.filter((entry) => entry.reason === reason).length;
  return {
    binary: count("binary"),
    large: count("large"),
    ignored: count("ignored"),
    special: count("special"),
    over_budget: count("over_budget"),
    withheld: count("withheld"),
    not_portable: count("not_portable"),
    unreadable: count("unreadable"),
    earlier_output: count("earlier_output"),
    paths: leftOut
      .slice(0, listedPathsMax)
      .map(({ path, reason }) => ({ path: redactor.name(path), reason })),
  };
}
