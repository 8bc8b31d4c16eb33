import type { Digest } from "@reseal/hash";
import type { PoolEntry } from "@reseal/schema";
import type { FileStamp } from "./file-task.ts";

/** How a run ended. `unknown` never counts as a pass. */
export type PassFail = "pass" | "fail" | "unknown";

/** What a plan has to know of an entry, whether it comes from a pool or from the store. */
export interface PlanEntry {
  /** Unique within a plan. */
  readonly id: string;
  readonly family: string;
  /** What people know it by, for example a run id or the time in a file's name. */
  readonly run_id: string;
  /** ISO 8601 UTC. */
  readonly timestamp: string;
  readonly pass_fail: PassFail;
  readonly is_pinned: boolean;
  readonly total_bytes: number;
  readonly file_count: number;
  readonly tags?: readonly string[] | undefined;
  /** Why something else needs it, for example `cited`, `promoted`, `leased`. Never deleted then. */
  readonly protections?: readonly string[] | undefined;
  /** Stands for the content of its files: a plan is stale when it changes. */
  readonly checksum?: string | undefined;
  /** Its files, when a reader of the plan should see them. */
  readonly paths?: readonly string[] | undefined;
  /** Ids of entries that it derives from: they stay as long as it does. */
  readonly parents?: readonly string[] | undefined;
}

/** One file of an entry, as it was when it was read. */
export interface EntryFile {
  /** Relative to the pool, separated by `/`. */
  readonly path: string;
  readonly size: number;
  readonly digest: Digest;
  /** Its stat record when it was read, where a later change would be seen in it. */
  readonly stamp?: FileStamp | undefined;
  /** It is only moved when nobody has used it since, in milliseconds since the epoch. */
  readonly unusedSinceMs?: number | undefined;
}

/** An entry of a pool with its files. `paths` and `files` have the same order. */
export interface ScannedEntry extends PoolEntry {
  readonly files: readonly EntryFile[];
  /**
   * Files that are another form of one in `files` (a compacted one beside its original): not
   * counted, but moved with the entry.
   */
  readonly siblings: readonly EntryFile[];
  /** The sealed run that it is; absent for loose files. */
  readonly seal?: Digest | undefined;
  /** Why something else needs it. */
  readonly protections?: readonly string[] | undefined;
  /** Ids of entries that it derives from. */
  readonly parents?: readonly string[] | undefined;
}

/** An entry of a pool, as a plan sees it. */
export function planEntryOf(entry: ScannedEntry): PlanEntry {
  return {
    id: entry.id,
    family: entry.family,
    run_id: entry.run_id,
    timestamp: entry.timestamp,
    pass_fail: entry.pass_fail,
    is_pinned: entry.is_pinned,
    total_bytes: entry.total_bytes,
    file_count: entry.paths.length,
    tags: entry.tags,
    checksum: entry.checksum_sha256,
    // Those of a sealed run are in its manifest.
    ...(entry.seal === undefined && { paths: entry.paths }),
    protections: entry.protections,
    parents: entry.parents,
  };
}
