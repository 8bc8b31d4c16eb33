import { hostname } from "node:os";
import {
  type BundleReader,
  bundlePaths,
  type ContextDraft,
  type DraftFile,
  type SealedBundle,
  sealBundle,
} from "@reseal/bundle";
import { canonicalJson, parseDigest } from "@reseal/hash";
import { userName } from "@reseal/record";
import {
  assertValid,
  type Comparison,
  type Environment,
  type Explanation,
  type Replay,
} from "@reseal/schema";
import type { BlobBatch, Stores } from "@reseal/store";
import type { ReplayLog } from "./replay-log.ts";
import { description } from "./replay-plan.ts";
import type { ReplayRequest } from "./replay-request.ts";

/** All that a replay found, ready to be sealed. */
export interface ReplayFindings {
  readonly verdict: Replay["verdict"];
  readonly reason: string;
  readonly original: BundleReader;
  readonly candidate: BundleReader | undefined;
  readonly comparison: Comparison | undefined;
  readonly environment: Environment | undefined;
  readonly explanation: Explanation | undefined;
  readonly seed: number | string | undefined;
  readonly startedMs: number;
  readonly log: ReplayLog;
}

/** A sealed replay and its report. */
export interface SealedReplay {
  readonly replay: SealedBundle;
  readonly report: Replay;
}

/** Seal the `replay` artifact. The candidate, when there is one, lies in the same store. */
export async function sealReplay(
  stores: Stores,
  findings: ReplayFindings,
  request: ReplayRequest,
): Promise<SealedReplay> {
  const { verdict, original, candidate, comparison, seed } = findings;
  const report = await assertValid("replay", reportOf(findings));
  await using batch = await stores.blobs.openBatch();
  const files: DraftFile[] = [await stage(batch, bundlePaths.replay, "replay", report)];
  if (comparison !== undefined) {
    const document = await assertValid("comparison", withoutExecutions(comparison));
    files.push(await stage(batch, bundlePaths.comparison, "comparison", document));
  }
  for (const { path, digest, size, role } of candidate?.manifest.context.files ?? [])
    if (role === "log") files.push({ path, digest: parseDigest(digest), size, role });
  const compared = files.find(({ path }) => path === bundlePaths.comparison);
  const replay = await sealBundle(stores, batch, {
    type: "replay",
    inputs: {
      original: original.manifest.context.artifact_id,
      ...(candidate && { candidate: candidate.manifest.context.artifact_id }),
      ...(seed !== undefined && { seed }),
    },
    results: { verdict, ...(compared && { comparison: compared.digest }) },
    files,
    environment: findings.environment,
    context: contextOf(stores, findings, request),
  });
  return { replay, report };
}

function reportOf(findings: ReplayFindings): Replay {
  const { verdict, original, candidate, comparison, explanation, seed, log } = findings;
  const { context, content } = original.manifest;
  return {
    schema_version: "reseal.replay/v1",
    original_artifact_id: context.artifact_id,
    original_seal: original.seal,
    original_run_id: context.run_id,
    ...(candidate && {
      candidate_artifact_id: candidate.manifest.context.artifact_id,
      candidate_seal: candidate.seal,
      candidate_run_id: candidate.manifest.context.run_id,
    }),
    ...(seed !== undefined && { replay_seed: seed }),
    seed_changed: seed !== content.inputs.seed,
    verdict,
    ...(comparison && { comparison: bundlePaths.comparison }),
    ...(explanation && { explanation }),
    execution_log: [...log.steps],
    checks: [...log.checks],
  };
}

/**
 * A comparison without what names single executions: `content` names its digest, so two replays
 * that found the same have one artifact id. Seals and run ids stand in `replay.json`.
 */
function withoutExecutions(comparison: Comparison): Comparison {
  const { original, candidate, keys } = comparison;
  return {
    ...comparison,
    original: { artifact_id: original.artifact_id },
    candidate: { artifact_id: candidate.artifact_id },
    keys: { ...keys, seal: { original: null, candidate: null, equal: false } },
  };
}

function contextOf(
  stores: Stores,
  { verdict, reason, original, candidate, startedMs, log }: ReplayFindings,
  request: ReplayRequest,
): ContextDraft {
  const endedMs = stores.clock.now();
  const parent = ({ manifest, seal }: BundleReader, relationship: string) => ({
    artifact_id: manifest.context.artifact_id,
    seal,
    run_id: manifest.context.run_id,
    relationship,
  });
  return {
    ...description(original.manifest.context, request),
    run_id: stores.ids.runId(),
    started_at: new Date(startedMs).toISOString(),
    ended_at: new Date(endedMs).toISOString(),
    duration_ms: Math.max(0, endedMs - startedMs),
    status: verdict === "failed" ? "failed" : "finished",
    ...(verdict === "failed" && { error: { type: "ReplayFailed", message: reason } }),
    user: userName(),
    host: hostname(),
    tool: { name: "reseal", version: request.toolVersion },
    provision: candidate?.manifest.context.provision ?? { hardware: {}, software: {} },
    parents: [parent(original, "original"), ...(candidate ? [parent(candidate, "candidate")] : [])],
    context_metrics: {},
    redaction: { counts: {}, withheld: [] },
    not_captured: {},
    warnings: log.checks
      .filter(({ status, policy }) => status !== "ok" && policy !== "ignore")
      .map(({ name, status, message }) => ({
        code: "REPLAY_CHECK",
        message: message ?? `${name} is ${status === "missing" ? "missing" : "not as recorded"}.`,
      })),
  };
}

async function stage(
  batch: BlobBatch,
  path: string,
  role: DraftFile["role"],
  value: unknown,
): Promise<DraftFile> {
  const { digest, size } = await batch.put(Buffer.from(canonicalJson(value), "utf8"));
  return { path, role, digest, size };
}
