import { hostname } from "node:os";
import { join } from "node:path";
import type { BundleReader, DraftFile } from "@reseal/bundle";
import { parseDigest, portablePathProblem } from "@reseal/hash";
import { nextTick, type RunPlan, userName } from "@reseal/record";
import type { ConfigSnapshot, Context, FileEntry } from "@reseal/schema";
import type { Stores } from "@reseal/store";
import type { ReplayRequest } from "./replay-request.ts";
import type { Scratch } from "./scratch.ts";

/** What {@link planReplay} needs besides the original. */
export interface ReplayPlanOptions {
  readonly scratch: Scratch;
  readonly config: ConfigSnapshot | undefined;
  readonly seed: number | string | undefined;
  readonly request: ReplayRequest;
}

/**
 * The plan of a run that asks exactly what the original asked.
 *
 * Inputs are the original's, with all their keys; only a given seed takes the place of its seed.
 * Call it when the scratch folder is laid out: what changes from now on is an output.
 */
export async function planReplay(
  stores: Pick<Stores, "clock">,
  original: BundleReader,
  { scratch, config, seed, request }: ReplayPlanOptions,
): Promise<RunPlan> {
  const { content, context } = original.manifest;
  const { code: _, data, config: _config, ...inputs } = content.inputs;
  const recorded = captureRules(original);
  const files = context.files.filter(({ path }) => /^(code|inputs)\//.test(path)).map(draftFile);
  return {
    format: "reseal-run-plan/1",
    run_id: scratch.runId,
    type: content.type,
    started_at: new Date(stores.clock.now()).toISOString(),
    workspace: scratch.workspace,
    tick_ms: await nextTick(scratch.spool.folder, scratch.runId),
    inputs: { ...inputs, ...(seed !== undefined && { seed }) },
    config,
    files,
    code: files
      .filter(({ path }) => path.startsWith("code/"))
      .map(({ path, digest, size, isExecutable = false }) => ({
        path: path.slice("code/".length),
        digest,
        size,
        isExecutable,
        changedMs: 0,
      })),
    output_patterns: recorded.outputPatterns.map((pattern) => join(scratch.workspace, pattern)),
    stdout_is_result: content.results.stdout !== undefined,
    context_metrics: [...contextMetrics(original), ...recorded.contextMetrics],
    context: {
      ...description(context, request),
      tool: { name: "reseal", version: request.toolVersion },
      user: userName(),
      host: hostname(),
      parents: [
        {
          artifact_id: context.artifact_id,
          seal: original.seal,
          run_id: context.run_id,
          relationship: "replay_of",
        },
      ],
      warnings: seedWarnings(content.inputs.seed, seed),
      not_captured: {},
      withheld: [],
    },
  };
}

/** What a re-executed run and its replay inherit from the original, unless the caller says else. */
export function description(
  { project, family, name, title, description: text, institution, licence, authors }: Context,
  request: ReplayRequest,
): Pick<Context, "tags" | "authors"> & Partial<Context> {
  const own = request.description ?? {};
  const { parents: _, tags, authors: ownAuthors, ...others } = own;
  const inherited = {
    ...(project !== undefined && { project }),
    ...(family !== undefined && { family }),
    ...(name !== undefined && { name }),
    ...(title !== undefined && { title }),
    ...(text !== undefined && { description: text }),
    ...(institution !== undefined && { institution }),
    ...(licence !== undefined && { licence }),
  };
  return {
    ...inherited,
    ...others,
    tags: [...new Set(tags ?? [])].sort(),
    authors: ownAuthors ?? authors,
  };
}

function draftFile({ path, digest, size, role, media_type, mode }: FileEntry): DraftFile {
  return {
    path,
    digest: parseDigest(digest),
    size,
    role,
    mediaType: media_type,
    isExecutable: mode === "executable",
  };
}

function seedWarnings(
  original: number | string | undefined,
  seed: number | string | undefined,
): Context["warnings"] {
  if (seed === original) return [];
  const before = original === undefined ? "no seed" : `the seed ${original}`;
  return [
    {
      code: "SEED_REPLACED",
      message: `The original had ${before}; this run had ${seed ?? "none"}.`,
    },
  ];
}

/** Exactly the names that were circumstances in the original are circumstances again. */
function contextMetrics({ manifest }: BundleReader): string[] {
  return Object.keys(manifest.context.context_metrics).map(escapeGlob);
}

function escapeGlob(name: string): string {
  return name.replaceAll(/[\\*?[\]{}()!+@|]/g, "\\$&");
}

interface CaptureRules {
  readonly outputPatterns: readonly string[];
  readonly contextMetrics: readonly string[];
}

/** How the original told results from the rest. */
function captureRules({ manifest }: BundleReader): CaptureRules {
  const { capture } = manifest.context;
  return {
    // An imported bundle may say anything; a pattern never leads out of the workspace.
    outputPatterns: (capture?.output_patterns ?? []).filter(
      (pattern) => pattern === "." || portablePathProblem(pattern) === undefined,
    ),
    contextMetrics: capture?.context_metrics ?? [],
  };
}
