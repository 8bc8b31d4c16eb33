import { lstatSync } from "node:fs";
import { bundlePaths, type DraftFile, type SealedBundle, sealBundle } from "@reseal/bundle";
import { compareUtf8, type Digest } from "@reseal/hash";
import type { Context, Environment, Results } from "@reseal/schema";
import type { BlobBatch, Stores } from "@reseal/store";
import { nameWarnings } from "./captured-names.ts";
import { eventLines } from "./events.ts";
import type { FileGuard } from "./file-guard.ts";
import type { GitState } from "./git.ts";
import { type CollectedMetrics, collectMetrics } from "./metrics.ts";
import { captureOutputs, type Outputs } from "./outputs.ts";
import type { RunPlan } from "./plan.ts";
import { provisionOf } from "./provision.ts";
import type { RunRedactor } from "./run-redactor.ts";
import { outputMatcher, relativeInside } from "./select-files.ts";
import type { Spool } from "./spool.ts";

/** How a run ended, as its recorder or, after a crash, its finder saw it. */
export interface RunEnd {
  readonly status: Context["status"];
  readonly exit?: Results["exit"] | undefined;
  /** Milliseconds since the epoch; absent when nobody saw the end. */
  readonly endedMs?: number | undefined;
  readonly error?: Context["error"] | undefined;
  readonly warnings?: Context["warnings"] | undefined;
}

/** What sealing a run takes besides its plan and its end. */
export interface FinishOptions {
  readonly guard: FileGuard;
  readonly redactor: RunRedactor;
  readonly environment?: Environment | undefined;
  readonly git?: GitState | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What an executor of this process left besides. */
  readonly extras?: ((batch: BlobBatch) => Promise<FinishExtras>) | undefined;
}

/** What {@link finishRun} seals besides what the spool holds of every run. */
export interface FinishExtras {
  readonly files: readonly DraftFile[];
  readonly values?: Results["values"] | undefined;
  /** Digest of the calibration state that the run left behind; its file is among the files. */
  readonly calibration?: Results["calibration"] | undefined;
  readonly passFail?: Context["pass_fail"] | undefined;
}

/** A sealed run and what the terminal wants to tell about it. */
export interface FinishedRun extends SealedBundle {
  readonly outputs: Outputs;
}

/** Capture what a run left behind and seal it, whatever way it ended. The spool is removed. */
export async function finishRun(
  stores: Stores,
  spool: Spool,
  plan: RunPlan,
  end: RunEnd,
  options: FinishOptions,
): Promise<FinishedRun> {
  const { guard, redactor, environment, git, signal } = options;
  const { isStore, before, folders } = surroundings(stores, plan);
  await using batch = await stores.blobs.openBatch({ signal });
  const outputs = await captureOutputs({
    workspace: plan.workspace,
    outputFolder: spool.path("out"),
    tickMs: plan.tick_ms,
    before,
    folders,
    matches: matcherOf(plan),
    excludes: isStore,
    guard,
    batch,
    signal,
  });
  const metricText = spool.readText("run", "metrics.jsonl");
  const metrics = collectMetrics(metricText.text, plan.context_metrics, (name) =>
    redactor.json(name),
  );
  const eventText = spool.readText("run", "events.jsonl");
  const warnings = [
    ...plan.context.warnings,
    ...(end.warnings ?? []),
    ...metrics.problems.map((where) => ({
      code: "METRIC_LINE_INVALID",
      message: `${where} is not {"name": …, "value": …} and was left out.`,
    })),
    ...cutWarnings({ "metrics.jsonl": metricText, "events.jsonl": eventText }),
  ];
  const log = await stageLogs(batch, spool);
  const extras = await options.extras?.(batch);
  const events = await eventLines(plan, end, eventText.text, redactor, outputs.files);
  warnings.push(...events.warnings);
  const files: DraftFile[] = [
    ...plan.files,
    ...outputs.files.map((file) => ({
      ...file,
      path: `outputs/${file.path}`,
      role: "output" as const,
    })),
    ...(await stageSeries(batch, metrics)),
    ...log.files,
    ...(extras?.files ?? []),
    await stageText(batch, bundlePaths.events, "events", events.text),
  ];
  const results: Results = {
    ...(end.exit && { exit: end.exit }),
    ...(extras?.values && { values: extras.values }),
    ...(Object.keys(metrics.final).length > 0 && { metrics: metrics.final }),
    ...(plan.stdout_is_result && { stdout: log.stdout }),
    ...(extras?.calibration && { calibration: extras.calibration }),
  };
  if (outputs.files.length === 0 && saysNothing(results))
    warnings.push({
      code: "NO_RESULT",
      message:
        "The run left no output, metric or result, so no replay can confirm it. " +
        "Write files, use {out}, or take what it prints with --stdout.",
    });
  const shown = (path: string): string => redactor.name(path);
  warnings.push(...nameWarnings(outputs.refusedNames, shown), ...withheldWarnings(guard));
  const { withheld: _, ...described } = plan.context;
  const sealed = await sealBundle(
    stores,
    batch,
    {
      type: plan.type,
      inputs: plan.inputs,
      results,
      files,
      config: plan.config,
      environment,
      context: {
        ...described,
        run_id: plan.run_id,
        started_at: plan.started_at,
        ...endTimes(plan, end),
        status: end.status,
        ...(extras?.passFail && { pass_fail: extras.passFail }),
        ...(end.error && { error: end.error }),
        ...(plan.workspace_id && {
          workspace: { id: plan.workspace_id, ...(git && { git: redactor.json(git) }) },
        }),
        provision: provisionOf(environment),
        context_metrics: metrics.context,
        capture: captureRules(plan),
        redaction: { counts: redactor.counts, withheld: [...guard.withheld] },
        not_captured: notCaptured(plan, outputs, redactor),
        warnings,
      },
    },
    { signal },
  );
  spool.remove();
  return { ...sealed, outputs };
}

/** What lay in the workspace before the run. */
function surroundings(
  stores: Stores,
  plan: RunPlan,
): {
  isStore: (path: string) => boolean;
  before: Map<string, Digest>;
  folders: Set<string>;
} {
  const known = plan.files.flatMap(({ path, digest }) => {
    const [, inside] = /^(?:code|inputs)\/(.+)$/s.exec(path) ?? [];
    return inside === undefined ? [] : [[inside, digest] as const];
  });
  const { external = [], working_directory } = plan.inputs;
  const paths = [...known.map(([path]) => path), ...external.map(({ name }) => name)];
  if (working_directory !== undefined) paths.push(`${working_directory}/.`);
  return {
    isStore: storeFilter(stores, plan.workspace),
    before: new Map(known),
    folders: new Set(plan.folders ?? paths.flatMap(foldersAbove)),
  };
}

/** `a/`, `a/b/` of `a/b/c`. */
function foldersAbove(path: string): string[] {
  const segments = path.split("/").slice(0, -1);
  return segments.map((_, index) => `${segments.slice(0, index + 1).join("/")}/`);
}

function cutWarnings(
  texts: Readonly<Record<string, { readonly isWhole: boolean }>>,
): Context["warnings"] {
  return Object.entries(texts)
    .filter(([, { isWhole }]) => !isWhole)
    .map(([name]) => ({
      code: "CHILD_FILE_TOO_LONG",
      message: `Only the beginning of ${name} was taken: it is longer than 128 MiB.`,
    }));
}

/** Nothing but, at most, that the command ended well: `keysOf` gives such a run no result key. */
function saysNothing({ exit, ...others }: Results): boolean {
  const isSuccess = exit === undefined || ("code" in exit && exit.code === 0);
  return isSuccess && Object.keys(others).length === 0;
}

function captureRules(plan: RunPlan): NonNullable<Context["capture"]> {
  const patterns = plan.output_patterns.map(
    (pattern) => relativeInside(plan.workspace, pattern) ?? ".",
  );
  return {
    ...(patterns.length > 0 && { output_patterns: patterns }),
    context_metrics: [...plan.context_metrics],
  };
}

function matcherOf(plan: RunPlan): ((path: string) => boolean) | undefined {
  if (plan.output_patterns.length === 0) return undefined;
  return outputMatcher(plan.output_patterns, { workspace: plan.workspace, cwd: plan.workspace });
}

/** A store that lies in the workspace under another name than `.reseal` is not an output. */
export function storeFilter(
  stores: Pick<Stores, "location">,
  workspace: string,
): (path: string) => boolean {
  const inside = relativeInside(workspace, stores.location);
  if (inside === undefined) return () => false;
  return (path) => path === inside || path.startsWith(`${inside}/`);
}

async function stageText(
  batch: BlobBatch,
  path: string,
  role: DraftFile["role"],
  text: string,
): Promise<DraftFile> {
  const { digest, size } = await batch.put(Buffer.from(text, "utf8"));
  return { path, role, digest, size };
}

async function stageLogs(
  batch: BlobBatch,
  spool: Spool,
): Promise<{ files: DraftFile[]; stdout: DraftFile["digest"] }> {
  const stage = async (path: string): Promise<DraftFile> => {
    const { digest, size } = await batch.putFile(spool.path(path));
    return { path, role: "log", digest, size, mediaType: "text/plain" };
  };
  const stdout = await stage(bundlePaths.stdout);
  return { files: [stdout, await stage(bundlePaths.stderr)], stdout: stdout.digest };
}

async function stageSeries(
  batch: BlobBatch,
  { series }: CollectedMetrics,
): Promise<readonly DraftFile[]> {
  const files: DraftFile[] = [];
  for (const { name, path, csv } of series)
    files.push({ ...(await stageText(batch, `metrics/${path}`, "metrics", csv)), metric: name });
  return files;
}

function endTimes(
  { started_at }: RunPlan,
  { endedMs }: RunEnd,
): Pick<Context, "ended_at" | "duration_ms"> {
  if (endedMs === undefined) return {};
  return {
    ended_at: new Date(endedMs).toISOString(),
    duration_ms: Math.max(0, endedMs - Date.parse(started_at)),
  };
}

/** Each withheld file is said at once. */
export function withheldWarnings(guard: FileGuard): Context["warnings"] {
  return guard.withheld.map(({ path, rules }) => ({
    code: "SECRET_WITHHELD",
    message: `${path} was not stored: it holds what looks like a secret (${rules.join(", ")}).`,
  }));
}

/** How many paths a manifest lists of those that were not taken. */
const listedPathsMax = 1000;

function notCaptured(
  plan: RunPlan,
  { notCaptured: left }: Outputs,
  redactor: RunRedactor,
): Context["not_captured"] {
  const { code } = plan.context.not_captured;
  if (left.length === 0) return code ? { code } : {};
  const paths = [...left]
    .sort((a, b) => compareUtf8(a.path, b.path))
    .slice(0, listedPathsMax)
    .map(({ path, reason }) => ({
      path: redactor.name(path),
      reason: reason.replaceAll(/[^a-z]+/g, "_"),
    }));
  const more = left.length - paths.length;
  return { ...(code && { code }), outputs: { paths, ...(more > 0 && { more }) } };
}

/** When a log was last written to: the best that is known of the end of a crashed run. */
export function lastWriteMs(spool: Spool): number | undefined {
  const times = [bundlePaths.stdout, bundlePaths.stderr].map(
    (path) => lstatSync(spool.path(path), { throwIfNoEntry: false })?.mtimeMs ?? 0,
  );
  const last = Math.max(...times);
  return last > 0 ? Math.round(last) : undefined;
}
