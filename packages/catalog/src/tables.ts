import type { Generated, Kysely } from "kysely";

/**
 * One row for each (tenant, seal). Digests are 64 hexadecimal digits without `sha256:`, so that a
 * prefix typed by a person is a range of the index. Lists are JSON; what is searched in them has a
 * table of its own.
 */
export interface SealsTable {
  id: Generated<number>;
  tenant: string;
  seal: string;
  run_id: string;
  artifact_id: string;
  input_key: string;
  result_key: string | null;
  env_key: string | null;
  type: string;
  status: string;
  exit_code: number | null;
  signal: string | null;
  pass_fail: string | null;
  name: string | null;
  project: string | null;
  family: string | null;
  tags: string;
  title: string | null;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
  duration_ms: number | null;
  user_name: string | null;
  host: string | null;
  /** JSON: a number, or a string of digits. */
  seed: string | null;
  /** Text that sorts as the seed's number does. */
  seed_order: string | null;
  /** JSON array of strings. */
  command: string | null;
  /** The same, joined by spaces, for people to search in. */
  command_text: string | null;
  files: number;
  bytes: number;
  parents: string;
  workspace: string | null;
  manifest_bytes: number | null;
}

/** Metric names, so that a metric's rows and indexes carry a small number instead. */
export interface MetricNamesTable {
  id: Generated<number>;
  tenant: string;
  name: string;
}

/**
 * Final values. `created_at` and `seal_order` repeat the seal's, because a list of the newest runs
 * with a metric above some value must come out of one index.
 */
export interface SealMetricsTable {
  seal_id: number;
  name_id: number;
  /** `null` is NaN. */
  value: number | null;
  context: number;
  created_at: string;
  /** The first 48 bits of the seal: sorts as the seal does. */
  seal_order: number;
}

export interface SealTagsTable {
  seal_id: number;
  tenant: string;
  tag: string;
  created_at: string;
  seal_order: number;
}

export interface SealParentsTable {
  seal_id: number;
  tenant: string;
  artifact_id: string;
}

export interface WorkspaceOutputsTable {
  workspace: string;
  path: string;
}

export interface CatalogStateTable {
  key: string;
  value: number;
}

/** The catalog's tables, the same in every dialect. */
export interface CatalogTables {
  seals: SealsTable;
  metric_names: MetricNamesTable;
  seal_metrics: SealMetricsTable;
  seal_tags: SealTagsTable;
  seal_parents: SealParentsTable;
  workspace_outputs: WorkspaceOutputsTable;
  catalog_state: CatalogStateTable;
}

export type CatalogDatabase = Kysely<CatalogTables>;
