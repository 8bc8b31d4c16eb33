import type { Digest } from "@reseal/hash";
import type { OperationOptions } from "./blob-store.ts";
import type { JournalSpan } from "./journal.ts";

/** How a recorded run ended. */
export type RunStatus = "running" | "finished" | "failed" | "killed" | "interrupted" | "incomplete";

/** A parent in the lineage of a sealed run. */
export interface ParentRef {
  readonly artifact_id: Digest;
  readonly seal?: Digest | undefined;
  readonly run_id?: string | undefined;
  /** What the parent was to it, for example `original`, `candidate`, `derived_from`. */
  readonly relationship: string;
}

/** A metric's final value. `context` values (durations, memory) are not part of the result. */
export interface MetricValue {
  readonly name: string;
  /** A number, or one of `"NaN"`, `"Infinity"`, `"-Infinity"`. */
  readonly value: number | string;
  readonly context: boolean;
}

/** One sealed run as lists show it; the keys are those of `reseal show --json`. */
export interface RunRow {
  readonly run_id: string;
  readonly artifact_id: Digest;
  readonly seal: Digest;
  readonly input_key: Digest;
  /** `null` for a run without any result: it can never be called reproduced. */
  readonly result_key: Digest | null;
  readonly env_key: Digest | null;
  readonly type: string;
  readonly status: RunStatus;
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly pass_fail: string | null;
  readonly name: string | null;
  readonly project: string | null;
  readonly family: string | null;
  readonly tags: readonly string[];
  readonly title: string | null;
  /** ISO 8601 UTC. */
  readonly created_at: string;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly duration_ms: number | null;
  readonly tenant: string;
  readonly user: string | null;
  readonly host: string | null;
  readonly seed: number | string | null;
  readonly command: readonly string[] | null;
  /** Files and bytes of the whole bundle. */
  readonly files: number;
  readonly bytes: number;
  readonly parents: readonly ParentRef[];
}

/** The keys of a run, in the order in which every list shows them. */
export const runRowKeys: readonly (keyof RunRow)[] = [
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

/** What the catalog is told about one seal. Everything in it can be read from the manifest again. */
export interface SealRecord extends RunRow {
  /** Opaque id of the folder in which the run was recorded; equal for runs of one folder. */
  readonly workspace: string | null;
  /** Paths, relative to the workspace, that the run created or changed there. */
  readonly output_paths: readonly string[];
  readonly metrics: readonly MetricValue[];
  /** Length of `manifest.json` in bytes. */
  readonly manifest_size: number;
}

/** Comparison of one column or metric with a value. */
export interface RunFilter {
  /** A `RunRow` key, `tag`, `metric.<name>` or `parent`. */
  readonly field: string;
  readonly operator: "=" | "!=" | "<" | "<=" | ">" | ">=" | "~";
  readonly value: string | number;
}

/** One page of a list. All filters must hold. */
export interface RunQuery extends OperationOptions {
  readonly tenant: string;
  readonly filters?: readonly RunFilter[] | undefined;
  /** A `RunRow` key or `metric.<name>`; default `created_at`. Ties fall back to the seal. */
  readonly sort?: string | undefined;
  readonly order?: "asc" | "desc" | undefined;
  /** At most 10,000; default 50. */
  readonly limit?: number | undefined;
  /** The `next` of the page before, with the same query. */
  readonly after?: string | undefined;
}

/** Rows and, when there are more, where the next page starts. */
export interface RunPage {
  readonly items: readonly RunRow[];
  readonly next: string | null;
}

/** Options of {@link Catalog.addSeals}. */
export interface AddSealsOptions extends OperationOptions {
  readonly applied?: JournalSpan | undefined;
}

/** Options of {@link Catalog.removeSeals}. */
export interface RemoveSealsOptions extends OperationOptions {
  readonly tenant: string;
  /** Also those that a seal that stays derives from: for what must not stay, such as a secret. */
  readonly evenParents?: boolean | undefined;
}

/**
 * The index of sealed runs. It holds nothing that cannot be rebuilt from blobs and the journal.
 *
 * Laws, checked by the conformance suite:
 * - **One transaction per call**: readers see all of a call's records or none.
 * - **Durable**: when `addSeals` resolves, a power cut does not take the rows back.
 * - **Idempotent**: adding a (tenant, seal) that is there changes nothing.
 * - **Apart**: a tenant's query never sees another tenant's rows.
 * - **Ordered**: lists have one total order and page through it without loss or repeat.
 */
export interface Catalog extends AsyncDisposable {
  readonly location: string;
  /**
   * Add seals. `applied` is the part of the `seals` stream that these are: the journal offset moves
   * to its end when all before it has been applied, and stays where it is otherwise.
   * @returns how many were not there before.
   */
  addSeals(records: readonly SealRecord[], options?: AddSealsOptions): Promise<number>;
  /**
   * Take seals out, in one transaction that nobody else writes in. One of which a seal that stays
   * is a child is refused: what a run derives from stays as long as it does. A child that names
   * the seal of its parent means that execution; else it means every one of the artifact.
   * @returns those that were taken out, or were not there; the others were refused.
   */
  removeSeals(seals: readonly Digest[], options: RemoveSealsOptions): Promise<readonly Digest[]>;
  /** How much of the `seals` journal stream has been applied, in bytes. */
  journalOffset(options?: OperationOptions): Promise<number>;
  /**
   * All runs a name stands for: a run id, an artifact id or a seal, whole or a prefix of at least
   * four characters, with or without `sha256:`. Ordered by `created_at`, then seal.
   */
  resolve(
    name: string,
    options: OperationOptions & { readonly tenant: string },
  ): Promise<readonly RunRow[]>;
  /** A page of runs. */
  listRuns(query: RunQuery): Promise<RunPage>;
  /** The metrics of one seal, by name. */
  metrics(
    seal: Digest,
    options: OperationOptions & { readonly tenant: string },
  ): Promise<readonly MetricValue[]>;
  /** Runs that name this artifact as a parent. */
  children(
    artifactId: Digest,
    options: OperationOptions & { readonly tenant: string },
  ): Promise<readonly RunRow[]>;
  /** Paths that earlier runs created or changed in a workspace. */
  outputPaths(workspace: string, options?: OperationOptions): Promise<ReadonlySet<string>>;
}
