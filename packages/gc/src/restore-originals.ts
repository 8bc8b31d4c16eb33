import { existsSync } from "node:fs";
import { join } from "node:path";
import { isResealError } from "@reseal/errors";
import { type Digest, digestSource } from "@reseal/hash";
import { decodeDictionary, readDictionaryHeader } from "@reseal/store";
import { type CompactionRunOptions, counter, sorted } from "./apply-compaction.ts";
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
import { isDictionaryFile, storedBytes } from "./pool-file.ts";
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
  for (const compact of files) {
    pool.signal?.throwIfAborted();
    results.push(await restoreAndMove(pool, compact));
    count(compact.file.size);
  }
  return reportOf(pool.places.folder, false, sorted(results));
}

async function restoreAndMove(pool: Pool, compact: CompactFile): Promise<CompactionResult> {
  const { entry, file } = compact;
  const writer = new PoolWriter(pool.places);
  const result = await restoreOne(pool.places.folder, compact, writer);
  if (result.status !== "restored") return result;
  const move = { entryId: entry.id, family: entry.family, runId: entry.run_id, files: [file] };
  const [outcome] = await moveToTrash(pool, "compact", [move]);
  if (outcome?.problem !== undefined)
    return { ...result, status: "failed", reason: outcome.problem.message };
  await appendAudit(pool, "restore_original", {
    entry_id: entry.id,
    family: entry.family,
    run_id: entry.run_id,
    path: result.original_path,
    digest: result.original_digest,
    compacted_path: file.path,
    compacted_digest: file.digest,
  });
  return result;
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
    const { digest, size } = (await readDictionaryHeader(storedBytes(from))).original;
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
    const decoded = decodeDictionary(storedBytes(from));
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
  return (await digestSource(storedBytes(path))).digest;
}
