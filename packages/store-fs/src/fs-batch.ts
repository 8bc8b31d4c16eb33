import { strict as assert } from "node:assert";
import { renameSync } from "node:fs";
import { dirname } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type Digest, digestBytes } from "@reseal/hash";
import {
  abortableSource,
  type BatchFile,
  type BlobBatch,
  type BlobInfo,
  type ByteSource,
  type KeepOptions,
  type OperationOptions,
  type PutFileResult,
  type PutFilesOptions,
  type PutOptions,
  storeErrors,
  writeFailure,
} from "@reseal/store";
import { BatchSync } from "./batch-sync.ts";
import { findBlob, missingNames, type Presence, presentBlobs } from "./blob-presence.ts";
import {
  assertExpected,
  FileStager,
  pieceBytes,
  type StagedFile,
  type StagingPlace,
} from "./file-stager.ts";
import type { FsSync } from "./fs-sync.ts";
import type { Lanes } from "./lanes.ts";
import { assertFolder, type BlobPath, blobPath } from "./layout.ts";
import { NamedFolders } from "./named-folders.ts";
import { stageInLanes } from "./stage-in-lanes.ts";
import { type TemporaryFile, TemporaryFiles } from "./temporary-file.ts";
import { makeTemporaryFolder, removeTemporaryFolder } from "./temporary-folder.ts";

/** The folders that a batch works in. */
export interface BatchPlace {
  readonly root: string;
  readonly temporary: string;
  readonly sync: FsSync;
  readonly lanes: Lanes;
  /** Whether blobs may be compressed, as far as this process knows. */
  readonly isMixed: boolean;
}

/** What a source gives is collected up to this size before it is written. */
const heldBytesMax = 256 * 1024;
/** Work done at once before others have their turn. */
const turnBytes = 4 * 1024 * 1024;
const turnCost = 32 * 1024;
type StagedBlob = BlobPath & { readonly size: number; readonly temporary: string };

/** Blobs that are written to a folder of their own and renamed into the store together. */
export class FsBatch implements BlobBatch {
  readonly #place: BatchPlace;
  readonly #signal: AbortSignal | undefined;
  /** Blobs that this batch brings, by their hexadecimal digits. */
  readonly #staged = new Map<string, StagedBlob>();
  /** Blobs that were there. */
  readonly #found = new Map<string, BlobPath & { readonly size: number }>();
  readonly #unsettledFolders = new Set<string>();
  #state: "open" | "committing" | "ended" = "open";
  /** Folder of this batch, made when something has to be written. */
  #folder: string | undefined;
  /** Each writer in the folder has one of its own below it. */
  #writers = 0;
  #temporary: TemporaryFiles | undefined;
  #stager: FileStager | undefined;
  #turnLeft = turnBytes;
  readonly #sync: BatchSync;
  readonly #named: NamedFolders;

  constructor(place: BatchPlace, signal: AbortSignal | undefined) {
    this.#place = place;
    this.#signal = signal;
    this.#sync = new BatchSync(place.sync);
    this.#named = new NamedFolders(place.root);
  }

  async put(source: ByteSource | Uint8Array, options: PutOptions = {}): Promise<BlobInfo> {
    const signal = this.#begin(options.signal);
    if (!(source instanceof Uint8Array)) {
      return this.#putSource(abortableSource(source, signal), options.expected);
    }
    if (source.byteLength > pieceBytes) {
      return this.#putSource(abortableSource(slices(source), signal), options.expected);
    }
    await this.#takeTurn(source.byteLength);
    return this.#putBytes(source, options.expected);
  }

  async putFile(path: string, { expected, signal }: PutOptions = {}): Promise<BlobInfo> {
    const either = this.#begin(signal);
    this.#stager ??= new FileStager(this.#stagingPlace());
    const staged = await this.#stager.stage({ path, expected }, () => {
      either?.throwIfAborted();
      this.#assertOpen();
    });
    assert(staged.status !== "refused"); // Nobody was asked.
    if (staged.status === "failed") throw staged.error;
    const { digest, size } = staged;
    await this.#takeTurn(size);
    this.#add(staged);
    return { digest, size };
  }

  async putFiles(
    files: readonly BatchFile[],
    options: PutFilesOptions = {},
  ): Promise<readonly PutFileResult[]> {
    const signal = this.#begin(options.signal);
    const { lanes } = this.#place;
    const named = this.#named.isWorth(files.length) ? this.#stagingPlace().temporary : undefined;
    if (named !== undefined) this.#named.make(named);
    const staged = await stageInLanes(lanes, () => this.#stagingPlace(named), files, {
      ...options,
      signal,
      onProgress: (done) => {
        options.onProgress?.(done);
        this.#sync.written(done.bytes);
      },
    });
    if (named !== undefined) this.#named.add(named);
    return staged.map((file): PutFileResult => {
      if (file.status !== "stored") return file;
      this.#add(file);
      return { status: "stored", digest: file.digest, size: file.size };
    });
  }

  async keep(
    blobs: readonly BlobInfo[],
    { signal, durableAtMs }: KeepOptions = {},
  ): Promise<readonly BlobInfo[]> {
    const either = this.#begin(signal);
    const missing: BlobInfo[] = [];
    for (const blob of blobs) {
      either?.throwIfAborted();
      const path = blobPath(this.#place.root, blob.digest);
      if (!this.#isThere(path, blob.size, durableAtMs)) missing.push(blob);
    }
    if (missing.length > 0) assertFolder(this.#place.root);
    return missing;
  }

  settle(): void {
    if (this.#state !== "open") return;
    this.#sync.begin();
    this.#place.lanes.release();
  }

  async commit({ signal }: OperationOptions = {}): Promise<void> {
    this.#begin(signal);
    this.#state = "committing";
    const { root, sync, isMixed } = this.#place;
    const staged = [...this.#staged.values()];
    const folders = new Set([...this.#unsettledFolders].map((prefix) => `${root}/${prefix}`));
    for (const { prefix } of staged) folders.add(`${root}/${prefix}`);
    // Folders first: a full disk is noticed before anything is visible.
    const missing = this.#named.prepare(staged);
    if (missing.size > 0) folders.add(root);
    await this.#sync.finish();
    this.#signal?.throwIfAborted();
    signal?.throwIfAborted();
    const moved = this.#named.publish(missing);
    const rest = staged.filter(({ temporary }) => !moved.has(dirname(temporary)));
    const present = presentBlobs(root, rest.sort(byHex), isMixed);
    for (const blob of rest) {
      await this.#takeTurn(0);
      if (!present.has(blob)) publish(blob);
    }
    await sync.folders([...folders]);
    // Their sizes were looked at when they were found; no blob changes, but one may be removed.
    // Another process may have compressed it since.
    const [removed] = missingNames(root, [...this.#found.values()], true);
    if (removed !== undefined) throw this.#removed(removed);
    this.#end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
  }

  #begin(signal: AbortSignal | undefined): AbortSignal | undefined {
    this.#assertOpen();
    this.#signal?.throwIfAborted();
    signal?.throwIfAborted();
    if (signal === undefined || this.#signal === undefined) return signal ?? this.#signal;
    return AbortSignal.any([signal, this.#signal]);
  }

  #assertOpen(): void {
    assert(this.#state === "open", "The batch has ended.");
  }

  #end(): void {
    this.#state = "ended";
    if (this.#folder !== undefined) removeTemporaryFolder(this.#folder);
    this.#folder = undefined;
  }

  /** Bytes that are in memory as a whole. */
  #putBytes(bytes: Uint8Array, expected: Digest | undefined): BlobInfo {
    const info = { digest: digestBytes(bytes), size: bytes.byteLength };
    assertExpected(info, expected);
    const path = blobPath(this.#place.root, info.digest);
    if (!this.#isThere(path, info.size)) {
      const temporary = this.#temporaryFiles().write(bytes);
      this.#addStaged(path, info.size, temporary);
    }
    return info;
  }

  /** Bytes that come piece by piece, of unknown number. */
  async #putSource(source: ByteSource, expected: Digest | undefined): Promise<BlobInfo> {
    let held: Uint8Array[] = [];
    let heldBytes = 0;
    let file: TemporaryFile | undefined;
    try {
      for await (const chunk of source) {
        this.#assertOpen();
        const isLarge = chunk.byteLength >= heldBytesMax;
        if (!isLarge) held.push(new Uint8Array(chunk)); // The source may use its buffer again.
        heldBytes += chunk.byteLength;
        if (heldBytes < heldBytesMax) continue;
        file ??= this.#temporaryFiles().open();
        if (held.length > 0) await file.write(Buffer.concat(held));
        if (isLarge) await file.write(chunk);
        held = [];
        heldBytes = 0;
      }
      this.#assertOpen();
      const rest = Buffer.concat(held);
      if (file === undefined) return this.#putBytes(rest, expected);
      await file.write(rest);
      return this.#stage(file, expected);
    } catch (error) {
      file?.discard();
      throw error;
    }
  }

  #stage(file: TemporaryFile, expected: Digest | undefined): BlobInfo {
    const info = file.finish();
    assertExpected(info, expected);
    const path = blobPath(this.#place.root, info.digest);
    if (this.#isThere(path, info.size)) file.discard();
    else this.#addStaged(path, info.size, file.path);
    return info;
  }

  /** Whether this batch or the store has the blob. A blob that is there is never written again. */
  #isThere(path: BlobPath, size: number, durableAtMs?: number): boolean {
    if (this.#staged.has(path.hex) || this.#found.has(path.hex)) return true;
    const found = findBlob(path, size, this.#place.isMixed, durableAtMs);
    if (found !== undefined) this.#addFound(path, size, found);
    return found !== undefined;
  }

  /** Take up what a stager has done. */
  #add({ digest, size, temporary, isCopy, isUnsettled = false }: StoredFile): void {
    if (isCopy === true) return;
    const path = blobPath(this.#place.root, digest);
    if (temporary === undefined) {
      if (!this.#staged.has(path.hex)) this.#addFound(path, size, { isUnsettled });
    } else this.#addStaged(path, size, temporary);
  }

  #addStaged(path: BlobPath, size: number, temporary: string): void {
    this.#sync.add(temporary); // Also a second copy: with its folder it may go into the store.
    if (!this.#staged.has(path.hex)) this.#staged.set(path.hex, { ...path, size, temporary });
  }

  #addFound(path: BlobPath, size: number, { isUnsettled }: Presence): void {
    this.#found.set(path.hex, { ...path, size });
    if (isUnsettled) this.#unsettledFolders.add(path.prefix);
  }

  #temporaryFiles(): TemporaryFiles {
    this.#assertOpen();
    this.#temporary ??= new TemporaryFiles(this.#stagingPlace().temporary);
    return this.#temporary;
  }

  /** A place for one more writer. */
  #stagingPlace(named?: string): StagingPlace {
    this.#assertOpen();
    this.#folder ??= makeTemporaryFolder(this.#place.temporary);
    this.#writers += 1;
    const { root, isMixed } = this.#place;
    return { root, temporary: `${this.#folder}/${this.#writers}`, named, isMixed };
  }

  #removed({ hex }: BlobPath): Error {
    assertFolder(this.#place.root);
    return storeErrors.BLOB_NOT_FOUND(`Blob sha256:${hex} was removed during the batch.`, {
      details: { digest: `sha256:${hex}` },
      hint: "Something collected garbage at the same time. Try again.",
    });
  }

  /** Let others have their turn after some work. */
  async #takeTurn(bytes: number): Promise<void> {
    this.#turnLeft -= bytes + turnCost;
    if (this.#turnLeft > 0) return;
    this.#turnLeft = turnBytes;
    await nextTurn();
  }
}

function publish({ file, temporary }: StagedBlob): void {
  try {
    renameSync(temporary, file);
  } catch (error) {
    throw writeFailure(error, file);
  }
}

function byHex(a: BlobPath, b: BlobPath): number {
  return a.hex < b.hex ? -1 : 1;
}

type StoredFile = Extract<StagedFile, { status: "stored" }>;

async function* slices(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += pieceBytes) {
    yield bytes.subarray(start, start + pieceBytes);
  }
}
