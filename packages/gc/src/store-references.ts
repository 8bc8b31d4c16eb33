import { lstatSync } from "node:fs";
import { join } from "node:path";
import { openStoredBundle } from "@reseal/bundle";
import { isResealError } from "@reseal/errors";
import type { Digest } from "@reseal/hash";
import type { Manifest } from "@reseal/schema";
import type { BlobInfo, Stores } from "@reseal/store";
import { BlobReferences } from "./blob-references.ts";
import type { EntryFile, ScannedEntry } from "./entry.ts";
import { gcErrors } from "./errors.ts";
import type { StoreScan } from "./scan.ts";
import { oldestRecording } from "./store-leases.ts";

const dayMs = 86_400_000;

/**
 * Which blobs the sealed runs of a store need, and how many runs need each.
 *
 * A blob that was used within the last day, or since the oldest run that is being recorded began,
 * counts as needed: whoever is at work may be about to seal a run that has it.
 */
export class References {
  readonly #stores: Stores;
  readonly #unusedSinceMs: number;
  readonly #references = new BlobReferences();

  constructor(stores: Stores, nowMs: number) {
    this.#stores = stores;
    this.#unusedSinceMs = Math.min(nowMs - dayMs, oldestRecording(stores) - 1000);
  }

  /**
   * Count what a seal needs.
   * @returns its manifest; `undefined` when that is not there.
   * @throws what reading throws, also for a damaged one: then nobody knows what is needed.
   */
  async add(seal: Digest): Promise<Manifest | undefined> {
    const opened = await this.#open(seal);
    if (opened === undefined) return undefined;
    this.#references.add(seal, blobsOf(opened.own, opened.manifest));
    return opened.manifest;
  }

  scanOf(entries: readonly ScannedEntry[]): StoreScan {
    function* sealsOf(ids: ReadonlySet<string>): Generator<Digest> {
      for (const { id, seal } of entries) if (seal !== undefined && ids.has(id)) yield seal;
    }
    return {
      filesOf: ({ seal }, isUrgent) =>
        seal === undefined ? Promise.resolve([]) : this.#filesOf(seal, isUrgent),
      unreferenced: (ids, isDryRun) => this.#unreferenced(sealsOf(ids), isDryRun),
      sharedWith: async ({ seal }) => {
        const idOf = new Map(entries.map((entry) => [entry.seal, entry.id]));
        const { files, runs } = this.#references.sharedWith(seal);
        return { files, entries: runs.flatMap((other) => idOf.get(other) ?? []).sort() };
      },
      freedBy: (ids) => this.#references.freedBy(sealsOf(ids)),
    };
  }

  async #filesOf(seal: Digest, isUrgent: boolean): Promise<EntryFile[]> {
    const files: EntryFile[] = [];
    for (const blob of await this.#neededOnlyBy(seal)) {
      const file = this.#fileOf(blob);
      // The manifest goes whatever its age: while it is there, the run is.
      const isAnyway = blob.digest === seal || isUrgent;
      if (!isAnyway && !this.#isUnused(file.path)) continue;
      await this.#bringToOwnBytes(blob.digest);
      files.push(isAnyway ? file : { ...file, unusedSinceMs: this.#unusedSinceMs });
    }
    return files;
  }

  /** Blobs of a seal that nobody else needs; its manifest is the first. */
  async #neededOnlyBy(seal: Digest): Promise<BlobInfo[]> {
    const opened = await this.#open(seal);
    if (opened === undefined) return [];
    return blobsOf(opened.own, opened.manifest).filter(
      ({ digest }) => !this.#references.isShared(digest),
    );
  }

  /** Blobs that no run needs once these seals are gone, and that nobody has used lately. */
  async #unreferenced(gone: Iterable<Digest>, isDryRun: boolean): Promise<EntryFile[]> {
    const isNeeded = this.#references.neededWithout(gone);
    const files: EntryFile[] = [];
    for await (const blob of this.#stores.blobs.list()) {
      if (isNeeded(blob.digest)) continue;
      const file = this.#fileOf(blob);
      if (!this.#isUnused(file.path)) continue;
      if (!isDryRun) await this.#bringToOwnBytes(blob.digest);
      files.push({ ...file, unusedSinceMs: this.#unusedSinceMs });
    }
    return files;
  }

  async #open(seal: Digest): Promise<Opened | undefined> {
    try {
      const { manifest, manifestBytes } = await openStoredBundle(this.#stores, seal);
      return { manifest, own: { digest: seal, size: manifestBytes.byteLength } };
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  /** A blob as a file of the store. */
  #fileOf({ digest, size }: BlobInfo): EntryFile {
    const hex = digest.slice("sha256:".length);
    return { path: `artifacts/${hex.slice(0, 2)}/${hex}`, size, digest };
  }

  /** Only a file with its own bytes can be moved and checked. */
  async #bringToOwnBytes(digest: Digest): Promise<void> {
    const { blobs } = this.#stores;
    if (blobs.localFile?.(digest) === undefined) await blobs.changeForm?.([digest], "identity");
    if (blobs.localFile?.(digest) !== undefined) return;
    throw gcErrors.STORE_UNSUPPORTED(`${blobs.location} does not keep blobs as local files.`);
  }

  #isUnused(path: string): boolean {
    const full = join(this.#stores.local, path);
    const stats =
      lstatSync(full, { throwIfNoEntry: false }) ??
      lstatSync(`${full}.zst`, { throwIfNoEntry: false });
    return stats !== undefined && stats.mtimeMs <= this.#unusedSinceMs;
  }
}

interface Opened {
  readonly manifest: Manifest;
  /** The blob that the manifest is. */
  readonly own: BlobInfo;
}

/** The blobs of a sealed run, its manifest among them. */
export function blobsOf(own: BlobInfo, { context }: Manifest): BlobInfo[] {
  const blobs = new Map<Digest, BlobInfo>([[own.digest, own]]);
  for (const file of context.files) {
    const digest = file.digest as Digest; // As its schema, which has been checked, wants it.
    blobs.set(digest, { digest, size: file.size });
  }
  return [...blobs.values()];
}

/** Whether an error says that a manifest is not there. */
export function isAbsent(error: unknown): boolean {
  if (isResealError(error)) return error.code === "STORE_BLOB_NOT_FOUND";
  throw gcErrors.READ_FAILED("A manifest cannot be read.", { cause: error });
}
