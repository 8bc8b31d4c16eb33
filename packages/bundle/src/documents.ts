import { canonicalJson } from "@reseal/hash";
import type { Content, FileRole, Metrics, Provenance, RunIndex } from "@reseal/schema";
import type { BundleDraft, DraftFile } from "./draft.ts";
import type { Keys } from "./identity.ts";
import { bundlePaths, bundleTrees } from "./paths.ts";

/** A JSON file of the bundle that sealing writes itself. */
export interface BundleDocument {
  readonly path: string;
  readonly role: FileRole;
  readonly text: string;
}

/** What the documents are made from. */
export interface DocumentSource {
  readonly draft: BundleDraft;
  readonly content: Content;
  readonly keys: Keys;
  readonly createdAt: string;
  readonly tenant: string;
  /** All files staged before the documents. */
  readonly files: readonly DraftFile[];
}

/** `environment.json`, `metrics.json`, `provenance.json` and, last, `run.json` with its pointers. */
export function buildDocuments(source: DocumentSource): BundleDocument[] {
  const { draft } = source;
  const documents: BundleDocument[] = [];
  const add = (path: string, role: FileRole, value: unknown): void => {
    documents.push({ path, role, text: canonicalJson(value) });
  };
  if (draft.environment) add(bundlePaths.environment, "environment", draft.environment);
  const metrics = metricsDocument(source);
  if (metrics !== undefined) add(bundlePaths.metrics, "metrics", metrics);
  add(bundlePaths.provenance, "provenance", provenanceDocument(source));
  const present = new Set<string>();
  const wanted = new Set(Object.values(pointerPaths));
  for (const files of [source.files, documents])
    for (const { path } of files) if (wanted.has(path)) present.add(path);
  add(bundlePaths.runIndex, "run_index", runDocument(source, present));
  return documents;
}

function metricsDocument({ draft, files }: DocumentSource): Metrics | undefined {
  const series = files.flatMap(({ path, metric }) =>
    metric === undefined ? [] : [{ name: metric, path }],
  );
  const final = draft.results.metrics ?? {};
  const context = draft.context.context_metrics;
  if (series.length + Object.keys(final).length + Object.keys(context).length === 0)
    return undefined;
  return { schema_version: "reseal.metrics/v1", final, series, context };
}

function provenanceDocument({ draft, content, createdAt }: DocumentSource): Provenance {
  const { context } = draft;
  const { command } = content.inputs;
  return {
    schema_version: "reseal.provenance/v1",
    run_id: context.run_id,
    created_at: createdAt,
    creator: {
      ...(context.user !== undefined && { user: context.user }),
      ...(context.institution !== undefined && { organization: context.institution }),
      machine: context.host ?? "unknown",
    },
    parents: context.parents,
    ...(context.supersedes !== undefined && { supersedes: context.supersedes }),
    ...(command !== undefined && { command }),
    ...(context.workspace !== undefined && { workspace: context.workspace }),
    tags: context.tags,
    ...(context.notes !== undefined && { notes: context.notes }),
  };
}

const statusWords = {
  finished: { run: "finished", result: "success" },
  failed: { run: "failed", result: "failed" },
  killed: { run: "failed", result: "failed" },
  incomplete: { run: "failed", result: "failed" },
  interrupted: { run: "canceled", result: "canceled" },
  running: { run: "running", result: undefined },
} as const;

function runDocument(
  { draft, content, keys, createdAt, tenant }: DocumentSource,
  present: ReadonlySet<string>,
): RunIndex {
  const { context } = draft;
  const words = statusWords[context.status];
  const { exit, metrics, values } = content.results;
  return {
    schema_version: "reseal.run/v1",
    run_id: context.run_id,
    ...(context.request_id !== undefined && { request_id: context.request_id }),
    context: { tenant, ...(context.user !== undefined && { user: context.user }) },
    artifact_id: keys.artifactId,
    type: content.type,
    status: words.run,
    reseal_status: context.status,
    started_at: context.started_at ?? createdAt,
    ...(context.ended_at !== undefined && { finished_at: context.ended_at }),
    ...(content.inputs.config !== undefined && { config_hash: content.inputs.config }),
    paths: pointers(present),
    versions: {
      reseal: context.tool.version,
      ...(context.workspace?.git && { git_commit: context.workspace.git.commit }),
      providers: context.provision.software,
    },
    ...(words.result && {
      result: {
        status: words.result,
        ...(exit && "code" in exit && { exit_code: exit.code }),
        ...(exit && "signal" in exit && { signal: exit.signal }),
        ...(metrics && { metrics }),
        ...(values && { values }),
      },
    }),
    ...(context.error && { error: { ...context.error, source: "process" as const } }),
    ...(context.warnings.length > 0 && { warnings: context.warnings }),
  };
}

const pointerPaths: Readonly<Record<keyof RunIndex["paths"], string>> = {
  config_snapshot: bundlePaths.config,
  events: bundlePaths.events,
  evidence: "evidence.json",
  tool_calls: "tool_calls.json",
  eval_scorecard: "eval/scorecard.json",
  eval_gate: "eval/gate.json",
  environment: bundlePaths.environment,
  provenance: bundlePaths.provenance,
  metrics: bundlePaths.metrics,
  traces: "observability/traces.jsonl",
  timeline: "observability/timeline.json",
  observability_metrics: "observability/metrics.json",
  code_tree: bundleTrees[0].file,
  inputs_tree: bundleTrees[1].file,
  outputs_tree: bundleTrees[2].file,
  stdout: bundlePaths.stdout,
  stderr: bundlePaths.stderr,
  replay: bundlePaths.replay,
  comparison: bundlePaths.comparison,
  debug: "debug/",
};

function pointers(present: ReadonlySet<string>): RunIndex["paths"] {
  return Object.fromEntries(Object.entries(pointerPaths).filter(([, path]) => present.has(path)));
}
