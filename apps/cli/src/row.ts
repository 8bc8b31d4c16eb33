import type { RunRow, SealRecord } from "@reseal/store";

/** A run as every `--json` shows it. */
export function rowData(run: RunRow | SealRecord): RunRow {
  return {
    run_id: run.run_id,
    artifact_id: run.artifact_id,
    seal: run.seal,
    input_key: run.input_key,
    result_key: run.result_key,
    env_key: run.env_key,
    type: run.type,
    status: run.status,
    exit_code: run.exit_code,
    signal: run.signal,
    pass_fail: run.pass_fail,
    name: run.name,
    project: run.project,
    family: run.family,
    tags: run.tags,
    title: run.title,
    created_at: run.created_at,
    started_at: run.started_at,
    ended_at: run.ended_at,
    duration_ms: run.duration_ms,
    tenant: run.tenant,
    user: run.user,
    host: run.host,
    seed: run.seed,
    command: run.command,
    files: run.files,
    bytes: run.bytes,
    parents: run.parents,
  };
}
