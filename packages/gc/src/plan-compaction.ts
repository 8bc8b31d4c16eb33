import type { ArtifactsConfig } from "./artifacts-config.ts";
import type { EntryFile, ScannedEntry } from "./entry.ts";

/** What kind of compaction a file can have. */
export type CompactionKind = "jsonl" | "markdown";

/** A file that compaction is tried on. */
export interface CompactionFile {
  readonly entry: ScannedEntry;
  readonly file: EntryFile;
  readonly kind: CompactionKind;
}

/** A file of a kind that is compacted, and why it is left alone. */
export interface LeftFile extends CompactionFile {
  readonly reason: string;
}

/** Which files compaction is tried on. */
export interface CompactionPlan {
  readonly files: readonly CompactionFile[];
  readonly left: readonly LeftFile[];
}

/** What a plan follows from besides the entries. */
export interface CompactionOptions {
  readonly config: Pick<ArtifactsConfig, "jsonl" | "markdown">;
  /** Only these families; all unless said otherwise. */
  readonly only?: readonly string[] | undefined;
  /** Whether a file belongs to a sealed bundle, whose bytes must not change. */
  readonly isSealed: (path: string) => boolean;
}

/**
 * Decide which files compaction is tried on. Nothing is read; whether a file really becomes
 * smaller is seen when it is tried.
 */
export function planCompaction(
  entries: readonly ScannedEntry[],
  options: CompactionOptions,
): CompactionPlan {
  const files: CompactionFile[] = [];
  const left: LeftFile[] = [];
  for (const entry of entries) {
    if (options.only !== undefined && !options.only.includes(entry.family)) continue;
    for (const file of entry.files) {
      const kind = kindOf(file.path);
      if (kind === undefined) continue;
      const reason = reasonToLeave({ entry, file, kind }, options);
      if (reason === undefined) files.push({ entry, file, kind });
      else left.push({ entry, file, kind, reason });
    }
  }
  return { files, left };
}

function kindOf(path: string): CompactionKind | undefined {
  if (path.endsWith(".jsonl")) return "jsonl";
  return path.endsWith(".md") ? "markdown" : undefined;
}

function reasonToLeave(
  { entry, file, kind }: CompactionFile,
  { config, isSealed }: CompactionOptions,
): string | undefined {
  const { enabled, minSizeKb } = config[kind];
  if (!enabled) return `compaction.${kind}.enabled is false`;
  if (isCompactPath(file.path)) return "it is compacted";
  if (file.size <= minSizeKb * 1024) return `it has no more than ${minSizeKb} KB (min_size_kb)`;
  if (isSealed(file.path)) return "it belongs to a sealed bundle";
  // What is pinned stays to the byte; JSON Lines can be brought back exactly at any time.
  if (kind === "markdown" && entry.is_pinned) return "its entry is pinned";
  return undefined;
}

/** Whether a file has the name of a compacted one. */
export function isCompactPath(path: string): boolean {
  return path.endsWith(".compact.jsonl");
}

/** The name of a compacted file beside its original. */
export function compactPathOf(path: string): string {
  return path.replace(/\.jsonl$/, ".compact.jsonl");
}
