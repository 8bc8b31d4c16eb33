import { batchesOf, type CompactionRunOptions, counter, sorted } from "./apply-compaction.ts";
import type { ArtifactsConfig } from "./artifacts-config.ts";
import { appendAudit } from "./audit.ts";
import { CompactionLanes } from "./compaction-lanes.ts";
import { type CompactionReport, type CompactionResult, reportOf } from "./compaction-report.ts";
import type { EntryFile, ScannedEntry } from "./entry.ts";
import { isCompactPath } from "./plan-compaction.ts";
import type { Pool, PoolPlaces } from "./pool.ts";
import { moveToTrash } from "./trash.ts";

interface CompactFile {
  readonly entry: ScannedEntry;
  readonly file: EntryFile;
}

/** Compacted JSON Lines of some entries, also those that lie beside their original. */
export function compactFilesOf(
  entries: readonly ScannedEntry[],
  only?: readonly string[] | undefined,
): readonly CompactFile[] {
  return entries
    .filter(({ family }) => only === undefined || only.includes(family))
    .flatMap((entry) =>
      [...entry.files, ...entry.siblings]
        .filter(({ path }) => isCompactPath(path))
        .map((file) => ({ entry, file })),
    );
}

/** Find out what bringing originals back would come to: every file is decoded, none is written. */
export async function measureRestore(
  places: PoolPlaces,
  config: ArtifactsConfig,
  files: readonly CompactFile[],
  { signal, onProgress }: CompactionRunOptions = {},
): Promise<CompactionReport> {
  const count = counter(files.length, onProgress);
  await using lanes = new CompactionLanes(places.folder, config, files);
  const results = await lanes.restore(files, {
    isDryRun: true,
    signal,
    onDone: ({ file }) => count(file.size),
  });
  return reportOf(places.folder, true, sorted(results));
}

/**
 * Bring back the originals of compacted files, to the byte. Each is written, checked and durable
 * before its compacted form goes to the trash; nothing is overwritten.
 */
export async function applyRestore(
  pool: Pool,
  files: readonly CompactFile[],
  { onProgress }: CompactionRunOptions = {},
): Promise<CompactionReport> {
  const results: CompactionResult[] = [];
  const count = counter(files.length, onProgress);
  await using lanes = new CompactionLanes(pool.places.folder, pool.config, files);
  for (const batch of batchesOf(files)) {
    pool.signal?.throwIfAborted();
    results.push(...(await restoreBatch(pool, lanes, batch, count)));
  }
  return reportOf(pool.places.folder, false, sorted(results));
}

async function restoreBatch(
  pool: Pool,
  lanes: CompactionLanes,
  files: readonly CompactFile[],
  count: (bytes: number) => void,
): Promise<readonly CompactionResult[]> {
  const results: CompactionResult[] = [];
  const done: { readonly compact: CompactFile; readonly result: CompactionResult }[] = [];
  const tried = await lanes.restore(files, {
    isDryRun: false,
    signal: pool.signal,
    onDone: ({ file }) => count(file.size),
  });
  for (const [index, compact] of files.entries()) {
    const result = tried[index];
    if (result?.status === "restored") done.push({ compact, result });
    else if (result !== undefined) results.push(result);
  }
  const moves = [...Map.groupBy(done, ({ compact }) => compact.entry.id).values()].map((group) => ({
    entryId: group[0]?.compact.entry.id ?? "",
    family: group[0]?.compact.entry.family ?? "",
    runId: group[0]?.compact.entry.run_id ?? "",
    files: group.map(({ compact }) => compact.file),
  }));
  const outcomes = moves.length === 0 ? [] : await moveToTrash(pool, "compact", moves);
  const problems = new Map(outcomes.map(({ move, problem }) => [move.entryId, problem]));
  const restored = done.filter(({ compact }) => problems.get(compact.entry.id) === undefined);
  for (const { compact, result } of done) {
    const problem = problems.get(compact.entry.id);
    results.push(
      problem === undefined ? result : { ...result, status: "failed", reason: problem.message },
    );
  }
  if (restored.length > 0)
    await appendAudit(pool, "restore_original", {
      files: restored.map(({ compact, result }) => ({
        entry_id: compact.entry.id,
        family: compact.entry.family,
        path: result.original_path,
        digest: result.original_digest,
        compacted_path: compact.file.path,
        compacted_digest: compact.file.digest,
      })),
    });
  return results;
}
