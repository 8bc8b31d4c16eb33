import { isResealError } from "@reseal/errors";
import type { ArtifactsConfig } from "./artifacts-config.ts";
import { compactJsonl } from "./compact-jsonl.ts";
import { compactMarkdown } from "./compact-markdown.ts";
import { type CompactionResult, resultOf } from "./compaction-report.ts";
import type { CompactionFile } from "./plan-compaction.ts";
import { PoolWriter } from "./pool-writer.ts";

/** A file to be compacted, with no more of its entry than a result needs. */
export type CompactionTarget = Pick<CompactionFile, "file" | "kind"> & {
  readonly entry: Pick<CompactionFile["entry"], "id" | "family">;
};

/** One file for one thread. */
export interface CompactionTask {
  /** Absolute, of the pool. */
  readonly folder: string;
  readonly config: Pick<ArtifactsConfig, "jsonl" | "markdown">;
  readonly target: CompactionTarget;
  /** Which temporary file is written; without it nothing is. */
  readonly writer: number | undefined;
}

/**
 * Compact one file, or with no writer only try it. What is wrong with the file is a result.
 * @throws `GC_WRITE_FAILED` and what else is wrong with more than one file
 */
export async function compactOne(task: CompactionTask): Promise<CompactionResult> {
  const { folder, config, target } = task;
  const writer = task.writer === undefined ? undefined : new PoolWriter({ folder }, task.writer);
  try {
    return target.kind === "jsonl"
      ? await compactJsonl(folder, target, config.jsonl.dictThreshold, writer)
      : await compactMarkdown(folder, target, config.markdown, writer);
  } catch (error) {
    writer?.discard();
    // What is wrong with one file leaves the others alone; a disk that takes nothing does not.
    if (!isResealError(error) || !fileFailures.has(error.code)) throw error;
    return { ...resultOf(target, "failed"), reason: error.message };
  }
}

const fileFailures: ReadonlySet<string> = new Set([
  "GC_FILE_CHANGED",
  "GC_FILE_NOT_FOUND",
  "GC_READ_FAILED",
  "STORE_FILE_CHANGED",
]);
