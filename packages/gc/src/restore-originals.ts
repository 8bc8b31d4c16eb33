import { existsSync } from "node:fs";
import { join } from "node:path";
import { isResealError } from "@reseal/errors";
import { type Digest, digestSource } from "@reseal/hash";
import { decodeDictionary, readDictionaryHeader } from "@reseal/store";
import { batchesOf, type CompactionRunOptions, counter, sorted } from "./apply-compaction.ts";
import { appendAudit } from "./audit.ts";
import {
  type CompactionReport,
  type CompactionResult,
  ratioOf,
  reportOf,
} from "./compaction-report.ts";
import type { EntryFile, ScannedEntry } from "./entry.ts";
import { isCompactPath } from "./plan-compaction.ts";
import type { Pool, PoolPlaces } from "./pool.ts";
import { isDictionaryFile, transientBytes } from "./pool-file.ts";
import { PoolWriter } from "./pool-writer.ts";
import { logicalPath } from "./run-key.ts";
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
  files: readonly CompactFile[],
  { signal, onProgress }: CompactionRunOptions = {},
): Promise<CompactionReport> {
  const results: CompactionResult[] = [];
  const count = counter(files.length, onProgress);
  for (const compact of files) {
    signal?.throwIfAborted();
    results.push(await restoreOne(places.folder, compact, undefined));
    count(compact.file.size);
  }
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
  for (const batch of batchesOf(files)) results.push(...(await restoreBatch(pool, batch, count)));
  return reportOf(pool.places.folder, false, sorted(results));
}

async function restoreBatch(
  pool: Pool,
  files: readonly CompactFile[],
  count: (bytes: number) => void,
): Promise<readonly CompactionResult[]> {
  const results: CompactionResult[] = [];
  const done: { readonly compact: CompactFile; readonly result: CompactionResult }[] = [];
  const writer = new PoolWriter(pool.places);
  for (const compact of files) {
    pool.signal?.throwIfAborted();
    const result = await restoreOne(pool.places.folder, compact, writer);
    if (result.status === "restored") done.push({ compact, result });
    else results.push(result);
    count(compact.file.size);
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

async function restoreOne(
  folder: string,
  { entry, file }: CompactFile,
  writer: PoolWriter | undefined,
): Promise<CompactionResult> {
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
