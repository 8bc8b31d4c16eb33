import { rmSync } from "node:fs";
import { join } from "node:path";
import { isResealError } from "@reseal/errors";
import type { Digest } from "@reseal/hash";
import type { ArtifactsConfig } from "./artifacts-config.ts";
import { appendAudit } from "./audit.ts";
import { compactJsonl } from "./compact-jsonl.ts";
import { compactMarkdown } from "./compact-markdown.ts";
import {
  type CompactionReport,
  type CompactionResult,
  leftResult,
  reportOf,
  resultOf,
} from "./compaction-report.ts";
import type { CompactionFile, CompactionPlan } from "./plan-compaction.ts";
import type { Pool, PoolPlaces } from "./pool.ts";
import { PoolWriter } from "./pool-writer.ts";
import { moveToTrash } from "./trash.ts";

/** How far a compaction is. */
export interface CompactionProgress {
  readonly files: number;
  readonly filesTotal: number;
  readonly bytes: number;
}

/** Options of a compaction. */
export interface CompactionRunOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: CompactionProgress) => void) | undefined;
}

/** Find out what a compaction would come to. Files are really encoded, and nothing is written. */
export async function measureCompaction(
  places: PoolPlaces,
  config: ArtifactsConfig,
  plan: CompactionPlan,
  { signal, onProgress }: CompactionRunOptions = {},
): Promise<CompactionReport> {
  const results: CompactionResult[] = plan.left.map(leftResult);
  const count = counter(plan.files.length, onProgress);
  for (const planned of plan.files) {
    signal?.throwIfAborted();
    results.push(await compactOne(places.folder, config, planned, undefined));
    count(planned.file.size);
  }
  return reportOf(places.folder, true, sorted(results));
}

/**
 * Compact the files of a plan, entry by entry.
 *
 * A compacted file is written, read back, and made durable under its name before the original goes
 * to the trash; cleaned-up Markdown takes the place of the original after that is in the trash.
 * Interrupted anywhere, every original is whole in its place or in the trash, and doing it again
 * goes on. A file that changed meanwhile is left as it is.
 */
export async function applyCompaction(
  pool: Pool,
  plan: CompactionPlan,
  { onProgress }: CompactionRunOptions = {},
): Promise<CompactionReport> {
  const results: CompactionResult[] = plan.left.map(leftResult);
  const count = counter(plan.files.length, onProgress);
  for (const files of byEntry(plan.files)) {
    pool.signal?.throwIfAborted();
    results.push(...(await compactEntry(pool, files, count)));
  }
  return reportOf(pool.places.folder, false, sorted(results));
}

async function compactEntry(
  pool: Pool,
  files: readonly CompactionFile[],
  count: (bytes: number) => void,
): Promise<readonly CompactionResult[]> {
  const { places, config } = pool;
  const results: CompactionResult[] = [];
  const done: Done[] = [];
  try {
    for (const planned of files) {
      pool.signal?.throwIfAborted();
      const writer = new PoolWriter(places, done.length);
      const result = await compactOne(places.folder, config, planned, writer);
      if (result.status === "compacted") done.push({ planned, result, writer });
      else results.push(result);
      count(planned.file.size);
    }
    results.push(...(await replaceOriginals(pool, done)));
  } finally {
    for (const { writer } of done) writer.discard();
  }
  return results;
}

interface Done {
  readonly planned: CompactionFile;
  readonly result: CompactionResult;
  readonly writer: PoolWriter;
}

/** Move the originals of one entry to the trash, and put what replaces them in their place. */
async function replaceOriginals(pool: Pool, done: readonly Done[]): Promise<CompactionResult[]> {
  const [first] = done;
  if (first === undefined) return [];
  const { folder } = pool.places;
  const { entry } = first.planned;
  const replacedBy = new Map<string, Digest>();
  for (const { planned, result } of done)
    if (planned.kind === "markdown" && result.compacted_digest !== undefined)
      replacedBy.set(planned.file.path, result.compacted_digest);
  const move = {
    entryId: entry.id,
    family: entry.family,
    runId: entry.run_id,
    files: done.map(({ planned }) => planned.file),
    replacedBy,
  };
  const [outcome] = await moveToTrash(pool, "compact", [move]);
  if (outcome?.problem !== undefined) {
    // The originals are where they were; a compacted file of one that changed is of no use.
    const reason = outcome.problem.message;
    for (const { planned, result } of done)
      if (planned.kind === "jsonl")
        rmSync(join(folder, result.compacted_path ?? ""), { force: true });
    return done.map(({ planned }) => ({ ...resultOf(planned, "failed"), reason }));
  }
  for (const { planned, writer } of done) {
    const path = join(folder, planned.file.path);
    if (planned.kind === "markdown") writer.publish(path, path);
  }
  await appendAudit(pool, "compact", {
    entry_id: entry.id,
    family: entry.family,
    run_id: entry.run_id,
    trash: outcome?.item?.folder ?? null,
    files: done.map(({ result }) => ({
      path: result.original_path,
      digest: result.original_digest,
      size: result.original_size,
      compacted_path: result.compacted_path ?? null,
      compacted_digest: result.compacted_digest ?? null,
      compacted_size: result.compacted_size,
    })),
  });
  return done.map(({ result }) => result);
}

async function compactOne(
  folder: string,
  config: ArtifactsConfig,
  planned: CompactionFile,
  writer: PoolWriter | undefined,
): Promise<CompactionResult> {
  try {
    return planned.kind === "jsonl"
      ? await compactJsonl(folder, planned, config.jsonl.dictThreshold, writer)
      : await compactMarkdown(folder, planned, config.markdown, writer);
  } catch (error) {
    // What is wrong with one file leaves the others alone; a disk that takes nothing does not.
    if (!isResealError(error) || !fileFailures.has(error.code)) throw error;
    return { ...resultOf(planned, "failed"), reason: error.message };
  }
}

const fileFailures: ReadonlySet<string> = new Set([
  "GC_FILE_CHANGED",
  "GC_FILE_NOT_FOUND",
  "GC_READ_FAILED",
  "STORE_FILE_CHANGED",
]);

function byEntry(files: readonly CompactionFile[]): Iterable<readonly CompactionFile[]> {
  const groups = new Map<string, CompactionFile[]>();
  for (const planned of files)
    groups.set(planned.entry.id, [...(groups.get(planned.entry.id) ?? []), planned]);
  return groups.values();
}

/** By path, so that a report does not depend on the order of the work. */
export function sorted(results: readonly CompactionResult[]): CompactionResult[] {
  return results.toSorted((a, b) => (a.original_path < b.original_path ? -1 : 1));
}

/** Tells how far the work is, file by file. */
export function counter(
  filesTotal: number,
  onProgress: CompactionRunOptions["onProgress"],
): (bytes: number) => void {
  let files = 0;
  let bytes = 0;
  return (more) => {
    files += 1;
    bytes += more;
    onProgress?.({ files, filesTotal, bytes });
  };
}
