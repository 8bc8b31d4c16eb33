import { type RunRow, runRowKeys, type SealRecord } from "@reseal/store";

/** A run as every `--json` shows it. */
export function rowData(run: RunRow | SealRecord): RunRow {
  const entries = runRowKeys.map((key) => [key, run[key]] as const);
  return Object.fromEntries(entries) as unknown as RunRow;
}
