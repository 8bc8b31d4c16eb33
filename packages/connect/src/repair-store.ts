import { chmodSync, existsSync, lstatSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { openStoredBundle, runRowOf } from "@reseal/bundle";
import { openSqliteCatalog } from "@reseal/catalog";
import { isResealError } from "@reseal/errors";
import { type Digest, digestFromHex } from "@reseal/hash";
import {
  type BlobStore,
  type Journal,
  type JournalRecord,
  type RunRow,
  storeErrors,
} from "@reseal/store";
import {
  fsyncFolder,
  makeFolder,
  openFsBlobStore,
  openFsJournal,
  salvageJournal,
} from "@reseal/store-fs";
import { type BlobSource, openBlobSource, openStrayFiles } from "./blob-sources.ts";
import { allRows, readSeals, sealKey } from "./check-seals.ts";
import { type CheckOptions, checkStore, type StoreReport } from "./check-store.ts";
import { rebuildCatalog } from "./rebuild-catalog.ts";
import { type LostBlob, planRepair, type RepairAction } from "./repair-plan.ts";
import { existingStoreFolder, type StoreFolder } from "./store-folder.ts";

/** Options of {@link openRepair}. */
export interface RepairOptions extends CheckOptions {
  /** Folders of stores, backups or exported bundles that lost blobs may be taken from. */
  readonly sources?: readonly string[] | undefined;
  /** Milliseconds since the epoch, for the name of the quarantine. */
  readonly now?: number | undefined;
  /**
   * Name every seal in the journal whose manifest is there and whose run nobody knows. Without it
   * that is done only where the journal is damaged or gone: else it may be what a crash left.
   */
  readonly adopt?: boolean | undefined;
}

/** What a repair would do, or did. */
export interface RepairReport {
  readonly location: string;
  readonly actions: readonly RepairAction[];
  /** What no source could give back. */
  readonly lost: readonly LostBlob[];
  /** Where files were moved, relative to the store. */
  readonly quarantine: string | null;
  /** The store before, or, when something was done, after it. */
  readonly check: StoreReport;
}

/** A repair that was planned and not carried out yet. */
export interface Repair extends AsyncDisposable {
  readonly planned: RepairReport;
  /**
   * Carry the plan out, and whatever shows up on the way: a manifest that came back names blobs.
   *
   * Each step is looked at again before it is taken, so that a repair that was interrupted, or
   * that somebody else did meanwhile, can be done again.
   */
  apply(): Promise<RepairReport>;
}

/**
 * Read a whole store and plan how to put right what is wrong with it. Nothing is changed before
 * `apply`.
 * @throws `CONNECT_STORE_NOT_FOUND`, `CONNECT_SOURCE_INVALID`
 */
export async function openRepair(location: string, options: RepairOptions = {}): Promise<Repair> {
  const folder = existingStoreFolder(location);
  const sources: BlobSource[] = [];
  const close = async (): Promise<void> => {
    for (const source of sources) await source[Symbol.asyncDispose]();
  };
  try {
    for (const path of options.sources ?? []) sources.push(await openBlobSource(path));
    const check = await checkStore(location, { readPart: 1, ...options });
    const strays = check.findings
      .filter(({ code, path }) => code === "stray" && isFile(join(folder.root, path)))
      .map(({ path }) => join(folder.root, path));
    sources.push(await openStrayFiles(folder.artifacts, strays));
    const plan = await planRepair(check, sources, options);
    const planned = { location: folder.root, ...plan, quarantine: null, check };
    return {
      planned,
      apply: () => new Repairer(folder, sources, options).run(planned),
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A plan whose steps bring new findings to light does so a few times at most. */
const roundsMax = 5;

class Repairer {
  readonly #folder: StoreFolder;
  readonly #sources: readonly BlobSource[];
  readonly #options: RepairOptions;
  readonly #quarantine: string;
  readonly #done: RepairAction[] = [];
  /** Blobs that a source was to give and could not. */
  readonly #failed = new Map<Digest, LostBlob>();
  #hasQuarantine = false;

  constructor(folder: StoreFolder, sources: readonly BlobSource[], options: RepairOptions) {
    this.#folder = folder;
    this.#sources = sources;
    this.#options = options;
    const stamp = new Date(options.now ?? Date.now()).toISOString().replaceAll(/[:.]/g, "-");
    this.#quarantine = `trash/quarantine/${stamp}`;
  }

  async run(planned: RepairReport): Promise<RepairReport> {
    let { actions, lost, check } = planned;
    for (let round = 0; round < roundsMax && actions.length > 0; round += 1) {
      await this.#applyAll(actions);
      // What was written is verified; reading everything again would tell nothing new.
      check = await checkStore(this.#folder.root, { ...this.#options, readPart: 0 });
      const next = await planRepair(check, this.#sources, {
        adopt:
          this.#options.adopt === true || this.#done.some(({ action }) => action === "salvage"),
      });
      actions = next.actions.filter(
        (step) => !(step.action === "refill" && this.#failed.has(step.digest)),
      );
      lost = [
        ...next.lost,
        ...[...this.#failed.values()].filter(({ path }) => !existsSync(join(check.location, path))),
      ];
    }
    return {
      location: this.#folder.root,
      actions: this.#done,
      lost,
      quarantine: this.#hasQuarantine ? this.#quarantine : null,
      check,
    };
  }

  async #applyAll(actions: readonly RepairAction[]): Promise<void> {
    const { signal } = this.#options;
    const folder = this.#folder;
    for (const step of actions) if (step.action === "make") await this.#make(step);
    await using blobs = await openFsBlobStore(folder.artifacts, { temporary: folder.tmp });
    await using journal = await openFsJournal(folder.journal);
    for (const step of actions) {
      signal?.throwIfAborted();
      if (step.action === "quarantine") await this.#moveAway(step, blobs);
      else if (step.action === "refill") await this.#refill(step, blobs);
      else if (step.action === "protect") this.#protect(step);
      else if (step.action === "salvage") await this.#salvage(step, blobs, journal);
      else if (step.action === "relist") {
        if (await this.#relist(step.seals, blobs, journal)) this.#done.push(step);
      } else if (step.action === "rebuild") await this.#rebuild(step);
    }
  }

  async #make(step: RepairAction): Promise<void> {
    await makeFolder(join(this.#folder.root, step.path), 0o755, () => undefined);
    this.#done.push(step);
  }

  /** Move a file away, unless it is in order by now. */
  async #moveAway(
    step: Extract<RepairAction, { action: "quarantine" }>,
    blobs: BlobStore,
  ): Promise<void> {
    const from = join(this.#folder.root, step.path);
    const stats = lstatSync(from, { throwIfNoEntry: false });
    if (stats === undefined) return;
    const hex = /^artifacts\/([0-9a-f]{2})\/(\1[0-9a-f]{62})$/.exec(step.path)?.[2];
    if (hex !== undefined && stats.isFile()) {
      const problems = await blobs.check([{ digest: digestFromHex(hex), size: stats.size }]);
      const isCorrupt = problems.some(({ error }) => error.code === "STORE_BLOB_CORRUPT");
      if (problems.length === 0) return;
      if (!isCorrupt) throw problems[0]?.error;
    }
    const to = this.#keepAs(step.path);
    // Durable before the blob is gone from where it was: nothing may be lost between the two.
    await makeFolder(dirname(to), 0o755, () => undefined);
    renameSync(from, to);
    await fsyncFolder(dirname(to), () => undefined);
    await fsyncFolder(dirname(from), () => undefined);
    this.#done.push(step);
  }

  async #refill(
    step: Extract<RepairAction, { action: "refill" }>,
    blobs: BlobStore,
  ): Promise<void> {
    const { digest, path } = step;
    let reason = "No source has it any more.";
    for (const source of this.#sources) {
      try {
        const bytes = await source.open(digest);
        if (bytes === undefined) continue;
        await blobs.put(bytes, { expected: digest, signal: this.#options.signal });
        this.#done.push({ ...step, from: source.location });
        return;
      } catch (error) {
        this.#options.signal?.throwIfAborted();
        const { code, message } = error as Error & { code?: string };
        // A full disk or a broken one is no fault of the source.
        if (code === storeErrors.WRITE_FAILED.code) throw error;
        reason = `${source.location}: ${message}`;
      }
    }
    this.#failed.set(digest, { path, digest, message: reason });
  }

  #protect(step: RepairAction): void {
    const path = join(this.#folder.root, step.path);
    if (!isFile(path)) return; // It was moved away before.
    chmodSync(path, 0o444);
    this.#done.push(step);
  }

  async #salvage(
    step: Extract<RepairAction, { action: "salvage" }>,
    blobs: BlobStore,
    journal: Journal,
  ): Promise<void> {
    const keepAs = this.#keepAs(step.path);
    const { signal } = this.#options;
    const damaged = await salvageJournal(this.#folder.journal, step.stream, { keepAs, signal });
    if (damaged === 0) return;
    this.#done.push(step);
    // The damaged lines named seals that the catalog may still know; a rebuild would forget them.
    if (step.stream === "seals") await this.#relist([], blobs, journal);
  }

  /** Name in the journal what the catalog and the plan know of and the journal does not. */
  async #relist(seals: readonly Digest[], blobs: BlobStore, journal: Journal): Promise<boolean> {
    const { seals: named } = await readSeals(journal);
    const records = [
      ...(await this.#rowsOfCatalog()),
      ...(await Promise.all(seals.map((seal) => recordOf(blobs, seal)))),
    ];
    const added = new Map<string, JournalRecord>();
    for (const record of records) {
      if (record === undefined) continue;
      const { seal, tenant, run_id, artifact_id, created_at } = record;
      const key = sealKey(tenant, seal);
      if (!named.has(key)) added.set(key, { seal, tenant, run_id, artifact_id, created_at });
    }
    await journal.append("seals", [...added.values()]);
    return added.size > 0;
  }

  async #rowsOfCatalog(): Promise<RunRow[]> {
    if (!existsSync(this.#folder.catalog)) return [];
    const rows: RunRow[] = [];
    try {
      await using catalog = await openSqliteCatalog(this.#folder.catalog, { readOnly: true });
      for (const tenant of await catalog.tenants())
        for await (const row of allRows(catalog, tenant)) rows.push(row);
    } catch (error) {
      // A damaged catalog tells nothing; the manifests do.
      if (!isResealError(error) || !error.code.startsWith("CATALOG_")) throw error;
      if (error.code === "CATALOG_BUSY") throw error;
    }
    return rows;
  }

  async #rebuild(step: RepairAction): Promise<void> {
    await rebuildCatalog(this.#folder.root, { signal: this.#options.signal });
    this.#done.push(step);
  }

  /** A free path in the quarantine, with the original path below it. */
  #keepAs(path: string): string {
    this.#hasQuarantine = true;
    const wanted = join(this.#folder.root, this.#quarantine, path);
    let free = wanted;
    for (let count = 1; existsSync(free); count += 1) free = `${wanted}.${count}`;
    return free;
  }
}

async function recordOf(blobs: BlobStore, seal: Digest): Promise<RunRow | undefined> {
  try {
    const { manifest } = await openStoredBundle({ blobs, location: blobs.location }, seal);
    return runRowOf(manifest, seal, manifest.context.tenant);
  } catch (error) {
    if (isResealError(error)) return undefined; // It is one of the findings.
    throw error;
  }
}

function isFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
