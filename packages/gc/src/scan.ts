import { existsSync, lstatSync } from "node:fs";
import type { PoolManifest } from "@reseal/schema";
import type { ArtifactsConfig } from "./artifacts-config.ts";
import { buildEntries, type FoundFile } from "./build-entries.ts";
import type { EntryFile, ScannedEntry } from "./entry.ts";
import { fullEntryId } from "./entry-id.ts";
import { hashFiles } from "./hash-files.ts";
import { configHash, manifestOf } from "./manifest-of.ts";
import { familyMatcher } from "./match-family.ts";
import { pinsInForce, readPins } from "./pins.ts";
import type { Pool, PoolPlaces } from "./pool.ts";
import { readManifest, writeManifest } from "./pool-manifest.ts";
import { runKeyOf } from "./run-key.ts";
import { type FileStamp, PoolCache } from "./stat-cache.ts";
import { walkPool } from "./walk-pool.ts";

/** How to scan. */
export interface ScanOptions {
  readonly nowMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Read every file, also those whose stat record has not changed. */
  readonly readAll?: boolean | undefined;
  readonly onProgress?: ((done: ScanProgress) => void) | undefined;
}

/** How far a scan is. */
export interface ScanProgress {
  readonly phase: "listing" | "reading";
  readonly files: number;
  readonly bytes: number;
}

/** What a scan found. */
export interface Scan {
  /** Newest first. */
  readonly entries: readonly ScannedEntry[];
  readonly manifest: PoolManifest;
  /** Files of a family, and those of them that were read. */
  readonly files: number;
  readonly filesRead: number;
  /** Files of no family. */
  readonly otherFiles: number;
  /** Symbolic links, which are not followed. */
  readonly links: number;
  /** Files that could not be read or changed meanwhile: their entries are not listed. */
  readonly unreadable: readonly string[];
  /** For sealed runs: what their deletion really frees, and the files that it takes. */
  readonly store?: StoreScan | undefined;
}

/** What a scan of a store can tell of its blobs. */
export interface StoreScan {
  /**
   * Files of a run that no other needs. Those that somebody has used within a day stay for now,
   * unless it is urgent: a run that is being recorded may need them.
   */
  filesOf(entry: ScannedEntry, isUrgent: boolean): Promise<readonly EntryFile[]>;
  /** Blobs that no run needs once these entries are gone, by files that can go. */
  unreferenced(ids: ReadonlySet<string>, isDryRun: boolean): Promise<readonly EntryFile[]>;
  /** How many blobs of an entry other runs have as well, and the ids of the entries among them. */
  sharedWith(entry: ScannedEntry): Promise<Shared>;
  /** Bytes and blobs that the deletion of entries frees, each shared one once. */
  freedBy(ids: ReadonlySet<string>): Promise<{ readonly bytes: number; readonly files: number }>;
}

/** What stays of an entry when it goes, because others have it as well. */
export interface Shared {
  readonly files: number;
  readonly entries: readonly string[];
}

interface ScanResult extends Scan {
  readonly known: readonly (FoundFile & { readonly stamp: FileStamp })[];
}

/**
 * Scan a pool without changing it: nothing is written, also no manifest.
 * @throws `GC_TOO_MANY_FILES`, `GC_PINS_CORRUPT`, `GC_READ_FAILED`
 */
export async function scanPool(
  places: PoolPlaces,
  config: ArtifactsConfig,
  options: ScanOptions,
): Promise<Scan> {
  const { known: _, ...scan } = await scanFiles(places, config, options);
  return scan;
}

/** Scan a pool and write its manifest, the old one kept as the backup. */
export async function updatePool(pool: Pool, options: Omit<ScanOptions, "nowMs">): Promise<Scan> {
  if (pool.source !== undefined)
    return pool.source.scan({ signal: pool.signal, ...options, nowMs: pool.clock.now() });
  const tickMs = lstatSync(pool.places.lock, { throwIfNoEntry: false })?.ctimeMs ?? 0;
  const { known, ...scan } = await scanFiles(pool.places, pool.config, {
    signal: pool.signal,
    ...options,
    nowMs: pool.clock.now(),
  });
  new PoolCache(pool.places.cache).save(
    known.map(({ path, stamp, digest }) => [path, stamp, digest] as const),
    tickMs,
  );
  writeManifest(pool.places, scan.manifest);
  return scan;
}

/** Whether a manifest may be used as it is: of the same settings, and younger than the interval. */
export function isRecent(manifest: PoolManifest, config: ArtifactsConfig, nowMs: number): boolean {
  const ageMs = nowMs - Date.parse(manifest.scanned_at);
  const isYoung = ageMs >= 0 && ageMs < config.scanIntervalHours * 3_600_000;
  return isYoung && manifest.scanner.config_hash === configHash(config);
}

async function scanFiles(
  places: PoolPlaces,
  config: ArtifactsConfig,
  { nowMs, signal, readAll = false, onProgress }: ScanOptions,
): Promise<ScanResult> {
  const startMs = performance.now();
  const walked = walkPool(places, {
    familyOf: familyMatcher(config.families),
    filesMax: config.maxFilesPerScan,
    signal,
    onProgress: (files) => onProgress?.({ phase: "listing", files, bytes: 0 }),
  });
  const { known, unreadable, filesRead } = await readFiles(places, config, walked.matched, {
    readAll,
    signal,
    onProgress,
  });
  const now = new Date(nowMs).toISOString();
  const manifest = existsSync(places.pins) ? undefined : await manifestOrBackup(places);
  const pins = readPins(places, manifest);
  // An entry of which a file cannot be read is not there: nothing is decided about a part of one.
  const incomplete = new Set(unreadable.map(groupOf));
  const whole = known.filter((file) => incomplete.size === 0 || !incomplete.has(groupOf(file)));
  const entries = await buildEntries(whole, {
    folder: places.folder,
    families: config.families,
    records: walked.records,
    pinOf: pinsInForce(pins, nowMs),
    scannedAt: now,
  });
  return {
    entries,
    manifest: manifestOf(entries, {
      config,
      generatedAt: now,
      scannedAt: now,
      durationMs: performance.now() - startMs,
    }),
    files: walked.matched.length,
    filesRead,
    otherFiles: walked.fileCount - walked.matched.length,
    links: walked.linkCount,
    unreadable: unreadable.map(({ path }) => path),
    known,
  };
}

/** Pins of another program are only in the manifest: a corrupt one must not lose them. */
async function manifestOrBackup(places: PoolPlaces): Promise<PoolManifest | undefined> {
  try {
    return await readManifest(places);
  } catch {
    return readManifest({ ...places, manifest: places.backup }).catch(() => undefined);
  }
}

function groupOf({ family, path }: { readonly family: string; readonly path: string }): string {
  return fullEntryId(family, runKeyOf(path));
}

type KnownFile = ScanResult["known"][number];

async function readFiles(
  { folder, cache: cacheFile }: PoolPlaces,
  config: ArtifactsConfig,
  matched: readonly { readonly path: string; readonly family: string }[],
  { readAll, signal, onProgress }: Pick<ScanOptions, "readAll" | "signal" | "onProgress">,
): Promise<{
  readonly known: readonly KnownFile[];
  readonly unreadable: readonly { readonly path: string; readonly family: string }[];
  readonly filesRead: number;
}> {
  const cache = new PoolCache(cacheFile);
  const known: KnownFile[] = [];
  const rest: { path: string; family: string; size: number }[] = [];
  for (const { path, family } of matched) {
    const stats = lstatSync(`${folder}/${path}`, { throwIfNoEntry: false });
    if (stats === undefined) continue; // Removed meanwhile.
    const { size, mtimeMs, ctimeMs, ino } = stats;
    const digest = readAll ? undefined : cache.get(path, stats);
    if (digest === undefined) rest.push({ path, family, size });
    else
      known.push({ path, family, size, mtimeMs, digest, stamp: { size, mtimeMs, ctimeMs, ino } });
  }
  const facts = await hashFiles(folder, rest, {
    workers: config.parallelWorkers,
    bufferBytes: config.checksumBufferBytes,
    signal,
    onProgress: ({ files, bytes }) =>
      onProgress?.({ phase: "reading", files: known.length + files, bytes }),
  });
  const unreadable: { path: string; family: string }[] = [];
  for (const [index, { path, family }] of rest.entries()) {
    const fact = facts[index];
    if (fact?.problem === "ENOENT") continue;
    if (fact?.digest === undefined) unreadable.push({ path, family });
    else {
      const { digest, problem: _, ...stamp } = fact;
      known.push({ path, family, size: stamp.size, mtimeMs: stamp.mtimeMs, digest, stamp });
    }
  }
  return { known, unreadable, filesRead: rest.length };
}
