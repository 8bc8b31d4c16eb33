import type { Digest } from "@reseal/hash";
import type { CompactionTarget } from "./compact-one.ts";
import type { CompactionKind, LeftFile } from "./plan-compaction.ts";

/** What compaction came to for one thing, whatever it is. */
export interface CompactionOutcome {
  /**
   * - `compacted`, `restored`: done, or with a dry run what would be.
   * - `left`: left alone, see `reason`.
   * - `not_smaller`: it was tried, and would not shrink.
   * - `failed`: left as it is, see `reason`.
   */
  readonly status: "compacted" | "restored" | "left" | "not_smaller" | "failed";
  readonly original_size: number;
  readonly compacted_size: number;
  /** Compacted size over original size. */
  readonly compression_ratio: number;
  readonly reason?: string;
}

/** What compaction came to for one file; keys as in `reseal artifacts compact --json`. */
export interface CompactionResult extends CompactionOutcome {
  readonly entry_id: string;
  readonly family: string;
  readonly kind: CompactionKind;
  /** Relative to the pool. */
  readonly original_path: string;
  readonly original_digest: Digest;
  readonly compacted_path?: string;
  readonly compacted_digest?: Digest;
  readonly lines_processed?: number;
  /** Fields of which values have numbers. */
  readonly dict_fields?: readonly string[];
  /** Whether the first record stands in the compacted file as it was. */
  readonly preserved_schema?: boolean;
}

/** What compaction came to for one blob; keys as in `reseal artifacts compact --json`. */
export interface BlobCompaction extends CompactionOutcome {
  readonly digest: Digest;
}

/** What a compaction came to; keys as in `reseal artifacts compact --json`. */
interface Report<Source extends "pool" | "store", Result extends CompactionOutcome> {
  /** The pool or the store, an absolute path. */
  readonly location: string;
  readonly source: Source;
  readonly dry_run: boolean;
  /** Files or blobs that were looked at. */
  readonly files: number;
  /** Those that were, or with a dry run would be, compacted or restored. */
  readonly changed: number;
  readonly failed: number;
  /** Of those that changed. */
  readonly original_bytes: number;
  readonly compacted_bytes: number;
  readonly compression_ratio: number;
  readonly results: readonly Result[];
}

/** What the compaction of a pool came to. */
export type CompactionReport = Report<"pool", CompactionResult>;

/** What the compaction of a store came to. */
export type StoreCompactionReport = Report<"store", BlobCompaction>;

/** What a report says of a file before anything is known of it but its name and size. */
export function resultOf(
  { entry, file, kind }: CompactionTarget,
  status: CompactionResult["status"],
): CompactionResult {
  return {
    entry_id: entry.id,
    family: entry.family,
    kind,
    status,
    original_path: file.path,
    original_size: file.size,
    original_digest: file.digest,
    compacted_size: file.size,
    compression_ratio: 1,
  };
}

/** What a report says of a file that is left alone. */
export function leftResult(left: LeftFile): CompactionResult {
  return { ...resultOf(left, "left"), reason: left.reason };
}

/** Compacted size over original size, with four digits. */
export function ratioOf(original: number, compacted: number): number {
  return original === 0 ? 1 : Math.round((compacted / original) * 10_000) / 10_000;
}

/** Sum up the results of a pool. */
export function reportOf(
  folder: string,
  dryRun: boolean,
  results: readonly CompactionResult[],
): CompactionReport {
  return summed({ location: folder, source: "pool", dry_run: dryRun }, results);
}

/** Sum up results. Only what becomes smaller counts as saved. */
export function summed<Source extends "pool" | "store", Result extends CompactionOutcome>(
  about: Pick<Report<Source, Result>, "location" | "source" | "dry_run">,
  results: readonly Result[],
): Report<Source, Result> {
  const done = results.filter(({ status }) => status === "compacted" || status === "restored");
  const original = done.reduce((sum, result) => sum + result.original_size, 0);
  const compacted = done.reduce((sum, result) => sum + result.compacted_size, 0);
  return {
    ...about,
    files: results.length,
    changed: done.length,
    failed: results.filter(({ status }) => status === "failed").length,
    original_bytes: original,
    compacted_bytes: compacted,
    compression_ratio: ratioOf(original, compacted),
    results: [...results],
  };
}
