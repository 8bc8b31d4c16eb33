import { existsSync } from "node:fs";
import { join } from "node:path";
import { isResealError } from "@reseal/errors";
import { type Digest, digestSource } from "@reseal/hash";
import { decodeDictionary, readDictionaryHeader } from "@reseal/store";
import { type CompactionResult, ratioOf } from "./compaction-report.ts";
import type { EntryFile, ScannedEntry } from "./entry.ts";
import { isDictionaryFile, transientBytes } from "./pool-file.ts";
import { PoolWriter } from "./pool-writer.ts";
import { logicalPath } from "./run-key.ts";

/** One compacted file for one thread. */
export interface RestoreTask {
  /** Absolute, of the pool. */
  readonly folder: string;
  /** The compacted file, with no more of its entry than a result needs. */
  readonly compact: {
    readonly entry: Pick<ScannedEntry, "id" | "family">;
    readonly file: EntryFile;
  };
  /** Which temporary file is written; without it nothing is. */
  readonly writer: number | undefined;
}

/**
 * Bring back the original of one compacted file beside it, or with no writer only decode it. What
 * is wrong with the file is a result.
 * @throws `GC_WRITE_FAILED` and what else is wrong with more than one file
 */
export async function restoreOne(task: RestoreTask): Promise<CompactionResult> {
  const { folder, compact } = task;
  const { entry, file } = compact;
  const writer = task.writer === undefined ? undefined : new PoolWriter({ folder }, task.writer);
  const from = join(folder, file.path);
  const base = {
    entry_id: entry.id,
    family: entry.family,
    kind: "jsonl",
    original_path: logicalPath(file.path),
    original_size: file.size,
    original_digest: file.digest,
    compacted_path: file.path,
    compacted_size: file.size,
    compacted_digest: file.digest,
    compression_ratio: 1,
  } as const;
  try {
    if (!isDictionaryFile(from))
      return { ...base, status: "left", reason: "it is not in the dictionary form" };
    const { digest, size } = (await readDictionaryHeader(transientBytes(from))).original;
    const facts = {
      ...base,
      original_size: size,
      original_digest: digest,
      compression_ratio: ratioOf(size, file.size),
    };
    const to = join(folder, facts.original_path);
    if (existsSync(to)) {
      const isSame = (await digestOf(to)) === digest;
      const reason = `${facts.original_path} is there and is another file`;
      return isSame ? { ...facts, status: "restored" } : { ...facts, status: "failed", reason };
    }
    const decoded = decodeDictionary(transientBytes(from), { isTransient: true });
    if (writer === undefined) for await (const _ of decoded);
    else {
      await writer.write(decoded);
      writer.publish(to, from);
    }
    return { ...facts, status: "restored" };
  } catch (error) {
    writer?.discard();
    if (!isResealError(error) || !damaged.has(error.code)) throw error;
    return { ...base, status: "failed", reason: error.message };
  }
}

const damaged: ReadonlySet<string> = new Set([
  "STORE_ENCODING_INVALID",
  "GC_FILE_NOT_FOUND",
  "GC_READ_FAILED",
]);

async function digestOf(path: string): Promise<Digest> {
  return (await digestSource(transientBytes(path))).digest;
}
