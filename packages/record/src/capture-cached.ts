import type { BlobBatch, BlobInfo, BulkOptions } from "@reseal/store";
import type { CapturedFile } from "./code-tree.ts";
import type { FileGuard, GuardedFile, GuardedResult } from "./file-guard.ts";
import type { KnownFile, StatCache, StatFacts } from "./stat-cache.ts";

/** A file that may not have changed since it was captured last. */
export interface CacheableFile extends GuardedFile {
  readonly stats: StatFacts;
}

/** What {@link captureCached} works with. */
export interface CacheOptions extends BulkOptions {
  readonly guard: FileGuard;
  readonly batch: BlobBatch;
  readonly cache: StatCache;
  /** A time of the files' file system after which none of them has been read yet. */
  readonly tickMs: number;
}

/**
 * Capture files as `FileGuard.capture` does, but do not read those that the cache knows and whose
 * bytes the store has.
 */
export async function captureCached(
  files: readonly CacheableFile[],
  { guard, batch, cache, tickMs, signal, onProgress }: CacheOptions,
): Promise<GuardedResult[]> {
  const recalled = files.map((file) => recall(file, guard, cache));
  const known: BlobInfo[] = [];
  for (const result of recalled) if (typeof result === "object") known.push(result);
  const missing = new Set(
    (await batch.keep(known, { signal, durableAtMs: cache.savedMs })).map((blob) => blob.digest),
  );
  const isUnknown = (result: Recalled): boolean =>
    result === undefined || (typeof result === "object" && missing.has(result.digest));
  const unknown = files.filter((_, index) => isUnknown(recalled[index]));
  const captured = (await guard.capture(batch, unknown, { signal, onProgress })).values();
  return files.map((file, index) => {
    const result = recalled[index];
    if (result !== undefined && !isUnknown(result)) return result;
    const { value = "withheld" } = captured.next();
    const fact = guard.allows(file.path) ? undefined : factOf(file, value);
    if (fact !== undefined) cache.set(keyOf(file), file.stats, fact, tickMs);
    return value;
  });
}

type Recalled = CapturedFile | "binary" | undefined;

function recall(file: CacheableFile, guard: FileGuard, cache: StatCache): Recalled {
  // What the user allowed for this run was not scanned, so the next run may not rely on it.
  if (guard.allows(file.path)) return undefined;
  const known = cache.get(keyOf(file), file.stats);
  if (known?.kind === "binary") return "binary";
  if (known?.digest === undefined) return undefined;
  const { path, isExecutable, stats } = file;
  return { path, digest: known.digest, size: stats.size, isExecutable };
}

function factOf({ root, stats }: CacheableFile, result: GuardedResult): KnownFile | undefined {
  if (result === "binary") return { kind: "binary" };
  if (result === "withheld" || !("digest" in result) || result.size !== stats.size)
    return undefined;
  return { digest: result.digest, kind: root === "code" ? "text" : "file" };
}

/** Code is looked at by other rules than the rest, so one file may be known as both. */
function keyOf({ root, path, full }: CacheableFile): string {
  return root === "code" ? path : `${root}\0${full}`;
}
