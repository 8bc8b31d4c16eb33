import type { DraftFile } from "@reseal/bundle";
import type { ConfigSnapshot, Context, Inputs } from "@reseal/schema";
import type { CodeFile } from "./code-tree.ts";

/** The circumstances that a caller may state; all go to `context` and change no artifact id. */
export type Description = Partial<
  Pick<
    Context,
    | "project"
    | "family"
    | "name"
    | "notes"
    | "title"
    | "description"
    | "institution"
    | "licence"
    | "url"
    | "doi"
    | "version"
    | "request_id"
  >
> & {
  readonly tags?: readonly string[] | undefined;
  readonly authors?: Context["authors"] | undefined;
  readonly parents?: Context["parents"] | undefined;
};

/**
 * All that is known of a run before its child starts, redacted, as it lies in the spool.
 *
 * It is what a later process needs to seal the run if this one dies. Version 1.
 */
export interface RunPlan {
  readonly format: "reseal-run-plan/1";
  readonly run_id: string;
  readonly type: string;
  readonly started_at: string;
  /** Absolute folder in which outputs are looked for. */
  readonly workspace: string;
  /** `undefined` for a run outside of any workspace, as a replay in a scratch folder is. */
  readonly workspace_id?: string | undefined;
  /** Time of the workspace's file system just before the child started, see `nextTick`. */
  readonly tick_ms: number;
  readonly inputs: Omit<Inputs, "code" | "data" | "config">;
  readonly config?: ConfigSnapshot | undefined;
  /** `code/` and `inputs/` of the bundle; their blobs are in the store. */
  readonly files: readonly DraftFile[];
  readonly code: readonly CodeFile[];
  /**
   * Folders of the workspace at the start, as `CodeTree` lists them; without it those in which
   * code and inputs lie.
   */
  readonly folders?: readonly string[] | undefined;
  /** Absolute patterns of `--out`; empty means all that was created or changed. */
  readonly output_patterns: readonly string[];
  readonly stdout_is_result: boolean;
  readonly context_metrics: readonly string[];
  /** Paths and globs, relative to the workspace, that may hold what looks like a secret. */
  readonly allow_secrets?: readonly string[] | undefined;
  /** The parts of `context` that are known before the start. */
  readonly context: Pick<
    Context,
    "tool" | "tags" | "authors" | "parents" | "user" | "host" | "warnings" | "not_captured"
  > & { readonly withheld: Context["redaction"]["withheld"] } & Omit<
      Description,
      "tags" | "authors" | "parents"
    >;
}
