import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import { isResealError } from "@reseal/errors";
import type { Digest } from "@reseal/hash";
import { type Clock, type Journal, takeLock } from "@reseal/store";
import type { ArtifactsConfig } from "./artifacts-config.ts";
import { gcErrors } from "./errors.ts";
import { FileThreads } from "./file-threads.ts";
import type { Pin } from "./pins.ts";
import { sweepWriters } from "./pool-writer.ts";
import type { Scan, ScanOptions } from "./scan.ts";
import { finishMoves } from "./trash.ts";
import type { TrashItem } from "./trash-journal.ts";

/** A folder of loose runs, and where its state is. All state is `.manifest*` and `.trash/`. */
export interface PoolPlaces {
  /** Absolute. */
  readonly folder: string;
  readonly manifest: string;
  readonly backup: string;
  /** Digests of files by their stat record, so that unchanged ones are not read again. */
  readonly cache: string;
  /** What the last scan found in short, so that one that finds nothing new is done at once. */
  readonly known: string;
  readonly pins: string;
  readonly lock: string;
  readonly trash: string;
  /** Folder of the audit and trash journals: that of the trash, or of a store's journal. */
  readonly journal: string;
}

/**
 * Where the state of a pool is.
 * @param folder Absolute.
 * @param cwd What places in the configuration are relative to.
 * @throws `GC_POOL_NOT_FOUND`
 */
export function poolPlaces(folder: string, config: ArtifactsConfig, cwd: string): PoolPlaces {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw gcErrors.POOL_NOT_FOUND(`There is no folder ${folder}.`, { details: { folder } });
  const place = (configured: string | undefined, name: string): string =>
    configured === undefined ? join(folder, name) : resolve(cwd, configured);
  return {
    folder,
    manifest: place(config.manifestFile, ".manifest.json"),
    backup: place(config.backupFile, ".manifest.backup.json"),
    cache: join(folder, ".manifest.cache"),
    known: join(folder, ".manifest.known.json"),
    pins: join(folder, ".manifest.pins.json"),
    lock: join(folder, ".manifest.lock"),
    trash: place(config.trashFolder, ".trash"),
    journal: place(config.trashFolder, ".trash"),
  };
}

/** A pool that this process may change: it holds the lock until it is disposed. */
export interface Pool extends AsyncDisposable {
  readonly places: PoolPlaces;
  readonly config: ArtifactsConfig;
  /** Streams `audit` and `trash`, in the trash folder. */
  readonly journal: Journal;
  readonly clock: Clock;
  /** Who acts, for the audit log. */
  readonly actor: string;
  readonly signal: AbortSignal | undefined;
  /** What looks at files and reads them. */
  readonly threads: FileThreads;
  /** For a pool whose entries are the sealed runs of a store. */
  readonly source?: PoolSource | undefined;
}

/** What takes the place of files and manifest where entries are sealed runs. */
export interface PoolSource {
  scan(options: ScanOptions): Promise<Scan>;
  readPins(): Promise<Pin[]>;
  writePins(pins: readonly Pin[]): Promise<void>;
  /** Run what takes files away while nobody can seal a run that needs them. */
  exclusively(action: () => Promise<void>): Promise<void>;
  /** Take the rows of items out of the index. @returns why some must stay, by their numbers */
  forget(items: readonly TrashItem[]): Promise<ReadonlyMap<number, string>>;
  /** Blobs that an item in the trash needs and that are not in the store: they go back first. */
  missing(item: TrashItem): Promise<ReadonlySet<Digest>>;
  /** Put the row of an item that is back into the index. */
  remember(item: TrashItem): Promise<void>;
}

/** What a pool is opened with. */
export interface OpenPoolOptions {
  /** Opens a journal in a folder, and makes the folder. */
  readonly openJournal: (folder: string) => Promise<Journal>;
  readonly clock: Clock;
  readonly actor: string;
  readonly signal?: AbortSignal | undefined;
  readonly lockTimeoutMs?: number | undefined;
  readonly source?: PoolSource | undefined;
  /** Told of what a dead process had left half-done and is now put right. */
  readonly onNotice?: ((message: string) => void) | undefined;
}

/**
 * Open a pool to change it: take its lock, put back what a dead process had begun to move, and
 * remove what it had begun to write.
 * @throws `GC_BUSY`, `GC_WRITE_FAILED`
 */
export async function openPool(
  places: PoolPlaces,
  config: ArtifactsConfig,
  options: OpenPoolOptions,
): Promise<Pool> {
  const { clock, actor, signal, onNotice } = options;
  const lock = await lockPool(places, options);
  const threads = new FileThreads(config.parallelWorkers);
  try {
    const journal = await options.openJournal(places.journal);
    const pool: Pool = {
      places,
      config,
      journal,
      clock,
      actor,
      signal,
      threads,
      source: options.source,
      async [Symbol.asyncDispose]() {
        await threads[Symbol.asyncDispose]();
        await journal[Symbol.asyncDispose]();
        lock[Symbol.dispose]();
      },
    };
    if (pool.source === undefined) sweepWriters(places);
    const count = await finishMoves(pool);
    if (count > 0) onNotice?.(`${count} unfinished moves of a dead process were put back.`);
    return pool;
  } catch (error) {
    await threads[Symbol.asyncDispose]();
    lock[Symbol.dispose]();
    throw error;
  }
}

/** Longest time for which a process on another host counts that nobody can ask. */
const foreignAgeMaxMs = 24 * 3600 * 1000;

async function lockPool(
  { lock, folder }: PoolPlaces,
  { lockTimeoutMs: timeoutMs = 10_000, signal }: OpenPoolOptions,
): Promise<Disposable> {
  try {
    return await takeLock(lock, { timeoutMs, signal, foreignAgeMaxMs, isRequired: true });
  } catch (error) {
    if (!isResealError(error)) throw error;
    const { details = {} } = error;
    if (error.code === "STORE_BUSY")
      throw gcErrors.BUSY(`Process ${details.pid} on ${details.host} is changing ${folder}.`, {
        details,
      });
    throw gcErrors.WRITE_FAILED(`No lock can be made at ${lock}.`, { cause: error, details });
  }
}
