import { digestBytes } from "@reseal/hash";
import type { SealRecord } from "../catalog.ts";

/** A record for tests: plausible, different for each number, changed where you say so. */
export function sealRecord(number: number, changes: Partial<SealRecord> = {}): SealRecord {
  return {
    run_id: runId(number),
    artifact_id: digestBytes(`artifact ${number}`),
    seal: digestBytes(`seal ${number}`),
    input_key: digestBytes(`input ${number}`),
    result_key: digestBytes(`result ${number}`),
    env_key: digestBytes("environment"),
    type: "run",
    status: "finished",
    exit_code: 0,
    signal: null,
    pass_fail: null,
    name: `run ${number}`,
    project: null,
    family: null,
    tags: [],
    title: null,
    created_at: new Date(Date.UTC(2026, 0, 1) + number * 1000).toISOString(),
    started_at: null,
    ended_at: null,
    duration_ms: null,
    tenant: "default",
    user: null,
    host: null,
    seed: null,
    command: null,
    files: 1,
    bytes: 100,
    parents: [],
    workspace: null,
    output_paths: [],
    metrics: [],
    manifest_size: 4096 + number,
    ...changes,
  };
}

/** A UUID, version 4, made of a number. */
function runId(number: number): string {
  const hex = digestBytes(`run ${number}`).slice("sha256:".length);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
}
