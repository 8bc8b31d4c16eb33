import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Digest } from "@reseal/hash";
import type { ArtifactsConfig } from "./artifacts-config.ts";
import { appendAudit } from "./audit.ts";
import { CompactionLanes } from "./compaction-lanes.ts";
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
import { moveToTrash, type TrashMove } from "./trash.ts";

/** Files that go to the trash together, unless one entry has more. */
const batchFiles = 500;

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
  const results = plan.left.map(leftResult);
  const count = counter(plan.files.length, onProgress);
  await using lanes = new CompactionLanes(places.folder, config, plan.files);
  const tried = await lanes.compact(plan.files, {
    isDryRun: true,
    signal,
    onDone: ({ file }) => count(file.size),
  });
  return reportOf(places.folder, true, sorted([...results, ...tried]));
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
  await using lanes = new CompactionLanes(pool.places.folder, pool.config, plan.files);
  for (const files of batchesOf(plan.files)) {
    pool.signal?.throwIfAborted();
    results.push(...(await compactBatch(pool, lanes, files, count)));
  }
  return reportOf(pool.places.folder, false, sorted(results));
}

async function compactBatch(
  pool: Pool,
  lanes: CompactionLanes,
  files: readonly CompactionFile[],
  count: (bytes: number) => void,
): Promise<readonly CompactionResult[]> {
  const writers = files.map((_, index) => new PoolWriter(pool.places, index));
  try {
    const results = await lanes.compact(files, {
      isDryRun: false,
      signal: pool.signal,
      onDone: ({ file }) => count(file.size),
    });
    const done = files.flatMap((planned, index): Done[] => {
      const [result, writer] = [results[index], writers[index]];
      return result?.status === "compacted" && writer ? [{ planned, result, writer }] : [];
    });
    const others = results.filter(({ status }) => status !== "compacted");
    return [...others, ...(await replaceOriginals(pool, done))];
  } finally {
    for (const writer of writers) writer.discard();
  }
}

interface Done {
  readonly planned: CompactionFile;
  readonly result: CompactionResult;
  readonly writer: PoolWriter;
}

/** Move originals to the trash, entry by entry, and put what replaces them in their place. */
async function replaceOriginals(pool: Pool, done: readonly Done[]): Promise<CompactionResult[]> {
  if (done.length === 0) return [];
  const byEntry = Map.groupBy(done, ({ planned }) => planned.entry.id);
  const moves = [...byEntry.values()].map(moveOf);
  const outcomes = await moveToTrash(pool, "compact", moves);
  const problems = new Map(outcomes.map(({ move, problem }) => [move.entryId, problem]));
  const folders = new Map(outcomes.map(({ move, item }) => [move.entryId, item?.folder ?? null]));
  const results: CompactionResult[] = [];
  const replaced: Done[] = [];
  for (const one of done) {
    const { planned, result, writer } = one;
    const problem = problems.get(planned.entry.id);
    const path = join(pool.places.folder, planned.file.path);
    if (problem !== undefined) {
      // The original is where it was; a compacted file of one that changed is of no use.
      if (planned.kind === "jsonl")
        rmSync(join(pool.places.folder, result.compacted_path ?? ""), { force: true });
      results.push({ ...resultOf(planned, "failed"), reason: problem.message });
      continue;
    }
    if (planned.kind === "markdown") writer.publish(path, path);
    replaced.push(one);
    results.push(result);
  }
  if (replaced.length > 0)
    await appendAudit(pool, "compact", { files: replaced.map((one) => actOf(one, folders)) });
  return results;
}

function moveOf(done: readonly Done[]): TrashMove {
  const [first] = done;
  const replacedBy = new Map<string, Digest>();
  for (const { planned, result } of done)
    if (planned.kind === "markdown" && result.compacted_digest !== undefined)
      replacedBy.set(planned.file.path, result.compacted_digest);
  return {
    entryId: first?.planned.entry.id ?? "",
    family: first?.planned.entry.family ?? "",
    runId: first?.planned.entry.run_id ?? "",
    files: done.map(({ planned }) => planned.file),
    replacedBy,
  };
}

/** What the audit log says of one file. */
function actOf(
  { planned, result }: Done,
  folders: ReadonlyMap<string, string | null>,
): Readonly<Record<string, unknown>> {
  return {
    entry_id: planned.entry.id,
    family: planned.entry.family,
    trash: folders.get(planned.entry.id) ?? null,
    path: result.original_path,
    digest: result.original_digest,
    size: result.original_size,
    compacted_path: result.compacted_path ?? null,
    compacted_digest: result.compacted_digest ?? null,
    compacted_size: result.compacted_size,
  };
}

/** Some entries at once, whole: the trash and the audit log are written once for all of them. */
export function* batchesOf<Item extends Pick<CompactionFile, "entry">>(
  files: readonly Item[],
): Generator<readonly Item[]> {
  let batch: Item[] = [];
  for (const group of Map.groupBy(files, ({ entry }) => entry.id).values()) {
    if (batch.length > 0 && batch.length + group.length > batchFiles) {
      yield batch;
      batch = [];
    }
    batch.push(...group);
  }
  if (batch.length > 0) yield batch;
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
