import { type Digest, parseDigest } from "@reseal/hash";
import type { Manifest } from "@reseal/schema";
import type { MetricValue, RunRow, SealRecord } from "@reseal/store";

/** What the catalog keeps of a manifest. Rebuilding the catalog is this, for every seal. */
export function sealRecordOf(
  manifest: Manifest,
  { seal, size, tenant }: { seal: Digest; size: number; tenant: string },
): SealRecord {
  const { content, context } = manifest;
  return {
    ...runRowOf(manifest, seal, tenant),
    workspace: context.workspace?.id ?? null,
    output_paths: context.files
      .filter((file) => file.role === "output" && file.origin === "workspace")
      .map((file) => file.path.slice("outputs/".length)),
    metrics: [
      ...metricValues(content.results.metrics ?? {}, false),
      ...metricValues(context.context_metrics, true),
    ],
    manifest_size: size,
  };
}

/** What lists show of a sealed run. */
export function runRowOf(manifest: Manifest, seal: Digest, tenant: string): RunRow {
  const { content, context } = manifest;
  const { exit } = content.results;
  return {
    run_id: context.run_id,
    artifact_id: parseDigest(context.artifact_id),
    seal,
    input_key: parseDigest(context.input_key),
    result_key: context.result_key === null ? null : parseDigest(context.result_key),
    env_key: context.env_key === null ? null : parseDigest(context.env_key),
    type: content.type,
    status: context.status,
    exit_code: exit !== undefined && "code" in exit ? exit.code : null,
    signal: exit !== undefined && "signal" in exit ? exit.signal : null,
    pass_fail: context.pass_fail ?? null,
    name: context.name ?? null,
    project: context.project ?? null,
    family: context.family ?? null,
    tags: context.tags,
    title: context.title ?? null,
    created_at: context.created_at,
    started_at: context.started_at ?? null,
    ended_at: context.ended_at ?? null,
    duration_ms: context.duration_ms ?? null,
    tenant,
    user: context.user ?? null,
    host: context.host ?? null,
    seed: content.inputs.seed ?? null,
    command: content.inputs.command ?? null,
    files: context.files.length,
    bytes: context.files.reduce((sum, file) => sum + file.size, 0),
    parents: context.parents.map((parent) => ({
      artifact_id: parseDigest(parent.artifact_id),
      relationship: parent.relationship,
      ...(parent.seal !== undefined && { seal: parseDigest(parent.seal) }),
      ...(parent.run_id !== undefined && { run_id: parent.run_id }),
    })),
  };
}

function metricValues(
  map: Readonly<Record<string, number | string>>,
  context: boolean,
): MetricValue[] {
  return Object.entries(map).map(([name, value]) => ({ name, value, context }));
}
