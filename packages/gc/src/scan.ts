import { existsSync, lstatSync } from "node:fs";
import type { Digest } from "@reseal/hash";
import type { PoolManifest } from "@reseal/schema";
import { isTrustedFileSystem } from "@reseal/store";
import type { ArtifactsConfig } from "./artifacts-config.ts";
import { buildEntries, type FoundFile } from "./build-entries.ts";
import type { EntryFile, ScannedEntry } from "./entry.ts";
import { fullEntryId } from "./entry-id.ts";
import { isSettled, type Tick } from "./file-task.ts";
import { FileThreads } from "./file-threads.ts";
import {
  fingerprintOf,
  isUnchanged,
  type ManifestFacts,
  readKnownScan,
  writeKnownScan,
} from "./known-scan.ts";
import { configHash, manifestOf } from "./manifest-of.ts";
import { familyMatcher } from "./match-family.ts";
import { type Pin, pinsDigest, pinsInForce, readPins } from "./pins.ts";
import type { Pool, PoolPlaces } from "./pool.ts";
import { readManifest, writeManifest } from "./pool-manifest.ts";
import { runKeyOf } from "./run-key.ts";
import { PoolCache } from "./stat-cache.ts";
import { type ListOptions, type PoolListing, type WalkedPool, walkPool } from "./walk-pool.ts";

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

/** What a scan came to, without the entries. */
export interface ScanSummary
  extends Pick<Scan, "files" | "filesRead" | "otherFiles" | "links" | "unreadable"> {
  readonly manifest: ManifestFacts;
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
  freedBy(ids: ReadonlySet<string>): { readonly bytes: number; readonly files: number };
}

/** What stays of an entry when it goes, because others have it as well. */
export interface Shared {
  readonly files: number;
  readonly entries: readonly string[];
}

interface ScanResult extends Scan {
  readonly walked: WalkedPool;
  readonly cache: PoolCache;
  readonly known: readonly FoundFile[];
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
  await using threads = new FileThreads(config.parallelWorkers);
  const {
    known: _,
    walked: _walked,
    cache: _cache,
    ...scan
  } = await scanFiles(places, config, threads, options);
  return scan;
}

/** Options of {@link updatePool}. */
export interface UpdateOptions extends Omit<ScanOptions, "nowMs"> {
  /** `false` where the caller writes the manifest once more when it is done; default `true`. */
  readonly writesManifest?: boolean | undefined;
}

/** Scan a pool and write its manifest, the old one kept as the backup. */
export async function updatePool(pool: Pool, options: UpdateOptions): Promise<Scan> {
  const nowMs = pool.clock.now();
  if (pool.source !== undefined)
    return pool.source.scan({ signal: pool.signal, ...options, nowMs });
  return updateManifest(pool, { signal: pool.signal, ...options, nowMs });
}

/**
 * Scan a pool when only the manifest is wanted: where nothing has changed since it was written, no
 * file is read and none of its entries is made again.
 */
export async function refreshManifest(
  pool: Pool,
  options: Omit<ScanOptions, "nowMs">,
): Promise<ScanSummary> {
  const { places, config, clock, signal, threads } = pool;
  const nowMs = clock.now();
  const known =
    options.readAll === true || pool.source !== undefined ? undefined : readKnownScan(places);
  if (known?.fingerprint === undefined || known.scanner.config_hash !== configHash(config))
    return updatePool(pool, options);
  const { files, fingerprint } = known;
  threads.expect(files);
  const listing = listOptions(config, threads, { signal, ...options, nowMs });
  const isSame =
    (await isUnchanged(places, fingerprint, listing)) && pinsState(places, nowMs) === known.pins;
  if (!isSame) return updatePool(pool, options);
  const manifest = { ...known, scanned_at: new Date(nowMs).toISOString() };
  writeKnownScan(places, manifest);
  const { otherFiles, links } = fingerprint;
  return { files, otherFiles, links, filesRead: 0, unreadable: [], manifest };
}

/** What is known of a manifest; read only where somebody else has written it. @throws as reading it */
export async function manifestFacts(places: PoolPlaces): Promise<ManifestFacts | undefined> {
  return readKnownScan(places) ?? readManifest(places);
}

async function updateManifest(
  { places, config, threads }: Pool,
  options: ScanOptions & UpdateOptions,
): Promise<Scan> {
  // The lock was made just now.
  const { ctimeMs: tickMs = 0, dev } = lstatSync(places.lock, { throwIfNoEntry: false }) ?? {};
  const tick =
    dev !== undefined && isTrustedFileSystem(places.folder) ? { timeMs: tickMs, dev } : undefined;
  const { known, walked, cache, ...scan } = await scanFiles(places, config, threads, {
    ...options,
    tick,
  });
  const saved = cache.save(known, tickMs);
  if (options.writesManifest === false) return scan;
  writeManifest(places, scan.manifest);
  const { scanned_at, scanner, summary, families } = scan.manifest;
  const isSure =
    scan.unreadable.length === 0 && known.every((file) => isSettled(file, tickMs)) && saved;
  const fingerprint = isSure ? fingerprintOf(places, walked, { cache: saved, tickMs }) : undefined;
  writeKnownScan(places, {
    scanned_at,
    scanner,
    summary,
    families,
    files: scan.files,
    pins: pinsState(places, options.nowMs),
    ...(fingerprint && { fingerprint }),
  });
  return scan;
}

/** Without a file of pins, they are those of the manifest. */
function pinsState(places: PoolPlaces, nowMs: number): string {
  return existsSync(places.pins) ? pinsDigest(readPins(places, undefined), nowMs) : "manifest";
}

/** Whether a manifest may be used as it is: of the same settings, and younger than the interval. */
export function isRecent(
  manifest: Pick<PoolManifest, "scanned_at" | "scanner">,
  config: ArtifactsConfig,
  nowMs: number,
): boolean {
  const ageMs = nowMs - Date.parse(manifest.scanned_at);
  const isYoung = ageMs >= 0 && ageMs < config.scanIntervalHours * 3_600_000;
  return isYoung && manifest.scanner.config_hash === configHash(config);
}

async function scanFiles(
  places: PoolPlaces,
  config: ArtifactsConfig,
  threads: FileThreads,
  options: ScanOptions & { readonly tick?: Tick | undefined },
): Promise<ScanResult> {
  const startMs = performance.now();
  const cache = new PoolCache(places.cache);
  const walked = await walkPool(places, {
    familyOf: familyMatcher(config.families),
    isAllRead: options.readAll === true || cache.files === 0,
    ...listOptions(config, threads, options),
  });
  const { nowMs } = options;
  const reading = { cache, folder: places.folder, config, threads };
  const { known, unreadable, filesRead } = await readFiles(reading, walked, options);
  const now = new Date(nowMs).toISOString();
  const pins = await pinsOf(places);
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
    ...countsOf(walked.listing, walked.families.filter((family) => family !== undefined).length),
    filesRead,
    unreadable: unreadable.map(({ path }) => path).sort(),
    walked,
    cache,
    known,
  };
}

function listOptions(
  { maxFilesPerScan }: ArtifactsConfig,
  threads: FileThreads,
  { signal, onProgress }: ScanOptions,
): ListOptions {
  return {
    filesMax: maxFilesPerScan,
    threads,
    signal,
    onProgress: (files) => onProgress?.({ phase: "listing", files, bytes: 0 }),
  };
}

function countsOf(
  { paths, linkCount }: PoolListing,
  files: number,
): Pick<Scan, "files" | "otherFiles" | "links"> {
  return { files, otherFiles: paths.length - files, links: linkCount };
}

/** Without a file of pins, those of a manifest count, which need not be read to know of none. */
async function pinsOf(places: PoolPlaces): Promise<Pin[]> {
  if (existsSync(places.pins)) return readPins(places, undefined);
  if (readKnownScan(places)?.summary.pinned_count === 0) return [];
  return readPins(places, await manifestOrBackup(places));
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

type PathAndFamily = Pick<FoundFile, "path" | "family">;

/** Digests from the cache where a stat record says that they hold, else from the files. */
async function readFiles(
  {
    cache,
    folder,
    config,
    threads,
  }: {
    readonly cache: PoolCache;
    readonly folder: string;
    readonly config: ArtifactsConfig;
    readonly threads: FileThreads;
  },
  { paths, families, table }: WalkedPool,
  { readAll = false, tick, signal, onProgress }: ScanOptions & { readonly tick?: Tick | undefined },
): Promise<{
  readonly known: readonly FoundFile[];
  readonly unreadable: readonly PathAndFamily[];
  readonly filesRead: number;
}> {
  const digests = new Array<Digest | undefined>(paths.length);
  const rest: number[] = [];
  for (const [index, path] of paths.entries()) {
    if (families[index] === undefined || table.problem(index) === "gone") continue;
    const digest = readAll ? undefined : cache.get(path, table, index);
    if (digest === undefined) rest.push(index);
    else digests[index] = digest;
  }
  const isUntouched = rest.length === paths.length && table.done.files === 0;
  const fresh = isUntouched ? table : table.part(rest);
  const cached = paths.length - rest.length;
  await threads.read({
    folder,
    paths: fresh === table ? paths : rest.map((index) => paths[index] ?? ""),
    bytes: fresh.bytes,
    tick,
    bufferBytes: config.checksumBufferBytes,
    signal,
    onProgress: ({ files, bytes }) =>
      onProgress?.({ phase: "reading", files: cached + files, bytes }),
    table: fresh,
  });
  const unreadable: PathAndFamily[] = [];
  for (const [place, index] of rest.entries()) {
    const problem = fresh.problem(place);
    if (problem === undefined) {
      digests[index] = fresh.digest(place);
      if (fresh !== table) table.setStamp(index, fresh.stamp(place));
    } else if (problem !== "gone")
      unreadable.push({ path: paths[index] ?? "", family: families[index] ?? "" });
  }
  const known: FoundFile[] = [];
  for (const [index, path] of paths.entries()) {
    const [family, digest] = [families[index], digests[index]];
    if (family === undefined || digest === undefined) continue;
    const { size, mtimeMs, ctimeMs, ino } = table.stamp(index);
    known.push({ path, family, digest, size, mtimeMs, ctimeMs, ino });
  }
  return { known, unreadable, filesRead: rest.length };
}
