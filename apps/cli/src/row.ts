import type { RunRow, SealRecord } from "@reseal/store";

/** The keys of a run, in the order in which every `--json` shows them. */
export const rowKeys: readonly (keyof RunRow)[] = [
  "run_id",
  "artifact_id",
  "seal",
  "input_key",
  "result_key",
  "env_key",
  "type",
  "status",
  "exit_code",
  "signal",
  "pass_fail",
  "name",
  "project",
  "family",
  "tags",
  "title",
  "created_at",
  "started_at",
  "ended_at",
  "duration_ms",
  "tenant",
  "user",
  "host",
  "seed",
  "command",
  "files",
  "bytes",
  "parents",
];

/** A run as every `--json` shows it. */
export function rowData(run: RunRow | SealRecord): RunRow {
  const entries = rowKeys.map((key) => [key, run[key]] as const);
  return Object.fromEntries(entries) as unknown as RunRow;
}
