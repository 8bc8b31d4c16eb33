import {
  type MetricValue,
  type ParentRef,
  type RunRow,
  type RunStatus,
  runRowKeys,
  type SealRecord,
} from "@reseal/store";
import type { Insertable, Selectable } from "kysely";
import { withAlgorithm, withoutAlgorithm } from "./digests.ts";
import { seedOrder } from "./seed-order.ts";
import type { SealMetricsTable, SealsTable } from "./tables.ts";

type RunColumn = Exclude<keyof RunRow, "user"> | "user_name";

/** The columns that {@link toRunRow} needs. */
export const runColumns: readonly RunColumn[] = runRowKeys.map((key) =>
  key === "user" ? "user_name" : key,
);

/** The same columns where other tables stand in the query too. */
export const qualifiedRunColumns: readonly `seals.${RunColumn}`[] = runColumns.map(
  (column) => `seals.${column}` as const,
);

/** A row of those columns. */
export type StoredRun = Pick<Selectable<SealsTable>, RunColumn>;

/** A stored row as the interface shows it. */
export function toRunRow(row: StoredRun): RunRow {
  return {
    run_id: row.run_id,
    artifact_id: withAlgorithm(row.artifact_id),
    seal: withAlgorithm(row.seal),
    input_key: withAlgorithm(row.input_key),
    result_key: row.result_key === null ? null : withAlgorithm(row.result_key),
    env_key: row.env_key === null ? null : withAlgorithm(row.env_key),
    type: row.type,
    status: row.status as RunStatus,
    exit_code: row.exit_code,
    signal: row.signal,
    pass_fail: row.pass_fail,
    name: row.name,
    project: row.project,
    family: row.family,
    tags: JSON.parse(row.tags) as string[],
    title: row.title,
    created_at: row.created_at,
    started_at: row.started_at,
    ended_at: row.ended_at,
    duration_ms: row.duration_ms,
    tenant: row.tenant,
    user: row.user_name,
    host: row.host,
    seed: row.seed === null ? null : (JSON.parse(row.seed) as number | string),
    command: row.command === null ? null : (JSON.parse(row.command) as string[]),
    files: row.files,
    bytes: row.bytes,
    parents: JSON.parse(row.parents) as ParentRef[],
  };
}

/** A record as the `seals` table holds it. */
export function toSealsRow(record: SealRecord): Omit<Insertable<SealsTable>, "id"> {
  return {
    tenant: record.tenant,
    seal: withoutAlgorithm(record.seal),
    run_id: record.run_id,
    artifact_id: withoutAlgorithm(record.artifact_id),
    input_key: withoutAlgorithm(record.input_key),
    result_key: record.result_key === null ? null : withoutAlgorithm(record.result_key),
    env_key: record.env_key === null ? null : withoutAlgorithm(record.env_key),
    type: record.type,
    status: record.status,
    exit_code: record.exit_code,
    signal: record.signal,
    pass_fail: record.pass_fail,
    name: record.name,
    project: record.project,
    family: record.family,
    tags: JSON.stringify(record.tags),
    title: record.title,
    created_at: record.created_at,
    started_at: record.started_at,
    ended_at: record.ended_at,
    duration_ms: record.duration_ms,
    user_name: record.user,
    host: record.host,
    seed: record.seed === null ? null : JSON.stringify(record.seed),
    seed_order: record.seed === null ? null : seedOrder(record.seed),
    command: record.command === null ? null : JSON.stringify(record.command),
    command_text: record.command === null ? null : record.command.join(" "),
    files: record.files,
    bytes: record.bytes,
    parents: JSON.stringify(record.parents),
    workspace: record.workspace,
    manifest_bytes: record.manifest_size,
  };
}

/** The seal's first 48 bits as a number: sorts as the seal does. */
export function sealOrder(seal: string): number {
  return Number.parseInt(withoutAlgorithm(seal).slice(0, 12), 16);
}

/** A metric's value as a column holds it: NaN, which no index orders, is `null`. */
export function toStoredValue(value: MetricValue["value"]): number | null {
  const number = Number(value);
  return Number.isNaN(number) ? null : number;
}

/** A stored metric as the interface shows it. */
export function toMetric(
  row: Pick<Selectable<SealMetricsTable>, "value" | "context"> & { readonly name: string },
): MetricValue {
  const value = row.value ?? Number.NaN;
  return {
    name: row.name,
    value: Number.isFinite(value) ? value : String(value),
    context: row.context === 1,
  };
}
