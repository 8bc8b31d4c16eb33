import { canonicalDigest, digestHex } from "@reseal/hash";
import type { PoolEntry, PoolManifest } from "@reseal/schema";
import type { ArtifactsConfig } from "./artifacts-config.ts";
import type { ScannedEntry } from "./entry.ts";

/** Version of the rules by which files become entries. */
const scannerVersion = "1";

/** What a manifest says besides its entries. */
export interface ManifestFacts {
  readonly config: ArtifactsConfig;
  readonly generatedAt: string;
  readonly scannedAt: string;
  readonly durationMs: number;
}

/** Stands for what entries follow from besides the files: a manifest of other settings is not reused. */
export function configHash({ families }: ArtifactsConfig): string {
  const facts = families.map(({ name, patterns, status = null }) => ({ name, patterns, status }));
  return digestHex(
    canonicalDigest({ scannerVersion, facts: JSON.parse(JSON.stringify(facts)) }),
  ).slice(0, 12);
}

/** The manifest of some entries, newest first. */
export function manifestOf(entries: readonly ScannedEntry[], facts: ManifestFacts): PoolManifest {
  const { config, generatedAt, scannedAt, durationMs } = facts;
  const counts: Record<string, number> = {};
  for (const { name } of config.families) counts[name] = 0;
  for (const { family } of entries) counts[family] = (counts[family] ?? 0) + 1;
  const countOf = (isCounted: (entry: PoolEntry) => boolean): number =>
    entries.filter(isCounted).length;
  return {
    version: "1.0",
    generated_at: generatedAt,
    scanned_at: scannedAt,
    scanner: {
      version: scannerVersion,
      config_hash: configHash(config),
      scan_paths: ["."],
      patterns: Object.fromEntries(
        config.families.map(({ name, patterns }) => [name, [...patterns]]),
      ),
      worker_count: config.parallelWorkers,
      scan_duration: Math.round(durationMs * 1e6),
    },
    entries: entries.map(toPoolEntry),
    families: counts,
    summary: {
      total_entries: entries.length,
      total_bytes: entries.reduce((sum, { total_bytes }) => sum + total_bytes, 0),
      total_files: entries.reduce((sum, { paths }) => sum + paths.length, 0),
      family_counts: counts,
      pinned_count: countOf(({ is_pinned }) => is_pinned),
      pass_count: countOf(({ pass_fail }) => pass_fail === "pass"),
      fail_count: countOf(({ pass_fail }) => pass_fail === "fail"),
      oldest_entry: entries.at(-1)?.timestamp ?? null,
      newest_entry: entries[0]?.timestamp ?? null,
    },
  };
}

function toPoolEntry({
  files: _files,
  siblings: _siblings,
  seal: _seal,
  protections: _protections,
  parents: _parents,
  ...entry
}: ScannedEntry): PoolEntry {
  return entry;
}
