import { strict as assert } from "node:assert";
import { lstatSync, renameSync, type Stats, utimesSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type Digest, digestBytes } from "@reseal/hash";
import {
  abortableSource,
  type BlobBatch,
  type BlobInfo,
  type ByteSource,
  type OperationOptions,
  type PutOptions,
  storeErrors,
} from "@reseal/store";
import { errnoOf, readFailure, writeFailure } from "./fs-errors.ts";
import type { FsSync } from "./fs-sync.ts";
import { assertFolder, type BlobPath, blobPath, makeOneFolder } from "./layout.ts";
import { SourceFile } from "./source-file.ts";
import { type TemporaryFile, TemporaryFiles } from "./temporary-file.ts";

/** The folders that a batch works in. */
export interface BatchPlace {
  readonly root: string;
  readonly temporary: string;
  readonly sync: FsSync;
}

/** Up to this size a blob is one buffer and one write; beyond it, pieces of this size. */
const pieceBytes = 1024 * 1024;
/** What a source gives is collected up to this size before it is written. */
const heldBytesMax = 256 * 1024;
/** Work done at once before others have their turn. */
const turnBytes = 4 * 1024 * 1024;
const turnCost = 32 * 1024;
/** A name younger than this may belong to a batch whose folders are not synced yet. */
const settledAfterMs = 10 * 60_000;
/** A blob that is used again looks new to whoever collects garbage by age; once an hour will do. */
const refreshAfterMs = 3600_000;

type Buffers = readonly [Uint8Array, Uint8Array];

/** Blobs that are written to a folder of their own and renamed into the store together. */
export class FsBatch implements BlobBatch {
  readonly #place: BatchPlace;
  readonly #signal: AbortSignal | undefined;
  /** Blobs that this batch brings, by their hexadecimal digits. */
  readonly #staged = new Map<
    string,
    BlobPath & { readonly size: number; readonly temporary: string }
  >();
  /** Blobs that were there. */
  readonly #found = new Map<string, BlobPath & { readonly size: number }>();
  readonly #unsettledFolders = new Set<string>();
  #state: "open" | "committing" | "ended" = "open";
  #temporary: TemporaryFiles | undefined;
  #turnLeft = turnBytes;
  #small: Uint8Array | undefined;
  #large: Buffers | undefined;

  constructor(place: BatchPlace, signal: AbortSignal | undefined) {
    this.#place = place;
    this.#signal = signal;
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

  async putFile(path: string, options: PutOptions = {}): Promise<BlobInfo> {
    const signal = this.#begin(options.signal);
    using file = new SourceFile(path);
    if (file.size > pieceBytes) return await this.#putLargeFile(file, options.expected, signal);
    await this.#takeTurn(file.size);
    this.#small ??= Buffer.allocUnsafeSlow(pieceBytes + 1);
    return this.#putBytes(file.readWhole(this.#small), options.expected);
  }

  async commit({ signal }: OperationOptions = {}): Promise<void> {
    this.#begin(signal);
    this.#state = "committing";
    const { root, sync } = this.#place;
    const staged = [...this.#staged.values()];
    const folders = new Set([...this.#unsettledFolders].map((prefix) => `${root}/${prefix}`));
    // Folders first: a full disk is noticed before anything is visible.
    for (const { prefix } of staged) {
      const folder = `${root}/${prefix}`;
      if (folders.has(folder)) continue;
      if (makeOneFolder(folder, 0o755)) folders.add(root);
      folders.add(folder);
    }
    await sync.files(staged.map(({ temporary }) => temporary));
    this.#signal?.throwIfAborted();
    signal?.throwIfAborted();
    for (const blob of staged) {
      await this.#takeTurn(0);
      this.#publish(blob);
    }
    await sync.folders([...folders]);
    for (const blob of this.#found.values()) this.#assertStillThere(blob);
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
    this.#temporary?.remove();
    this.#temporary = undefined;
  }

  /** Bytes that are in memory as a whole. */
  #putBytes(bytes: Uint8Array, expected: Digest | undefined): BlobInfo {
    const info = { digest: digestBytes(bytes), size: bytes.byteLength };
    assertExpected(info, expected);
    const path = blobPath(this.#place.root, info.digest);
    if (!this.#isThere(path, info.size)) {
      const temporary = this.#temporaryFiles().write(bytes);
      this.#staged.set(path.hex, { ...path, size: info.size, temporary });
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

  async #putLargeFile(
    source: SourceFile,
    expected: Digest | undefined,
    signal: AbortSignal | undefined,
  ): Promise<BlobInfo> {
    const buffers = this.#large ?? [
      Buffer.allocUnsafeSlow(pieceBytes),
      Buffer.allocUnsafeSlow(pieceBytes),
    ];
    this.#large = undefined; // Another call at the same time takes its own.
    const file = this.#temporaryFiles().open();
    try {
      for await (const piece of source.readPieces(buffers)) {
        signal?.throwIfAborted();
        this.#assertOpen();
        await file.write(piece);
      }
      return this.#stage(file, expected);
    } catch (error) {
      file.discard();
      throw error;
    } finally {
      this.#large = buffers;
    }
  }

  #stage(file: TemporaryFile, expected: Digest | undefined): BlobInfo {
    const info = file.finish();
    assertExpected(info, expected);
    const path = blobPath(this.#place.root, info.digest);
    if (this.#isThere(path, info.size)) file.discard();
    else this.#staged.set(path.hex, { ...path, size: info.size, temporary: file.path });
    return info;
  }

  /** Whether this batch or the store has the blob. A blob that is there is never written again. */
  #isThere(path: BlobPath, size: number): boolean {
    if (this.#staged.has(path.hex) || this.#found.has(path.hex)) return true;
    const stats = blobStats(path, size);
    if (stats === undefined) return false;
    this.#found.set(path.hex, { ...path, size });
    const now = Date.now();
    if (now - stats.ctimeMs < settledAfterMs) this.#unsettledFolders.add(path.prefix);
    if (now - stats.mtimeMs > refreshAfterMs) refresh(path.file, now);
    return true;
  }

  #temporaryFiles(): TemporaryFiles {
    this.#assertOpen();
    this.#temporary ??= new TemporaryFiles(this.#place.temporary);
    return this.#temporary;
  }

  #publish({
    file,
    hex,
    prefix,
    size,
    temporary,
  }: BlobPath & { size: number; temporary: string }): void {
    // Another process may have brought it meanwhile.
    if (blobStats({ file, hex, prefix }, size) !== undefined) return;
    try {
      renameSync(temporary, file);
    } catch (error) {
      throw writeFailure(error, file);
    }
  }

  #assertStillThere(blob: BlobPath & { readonly size: number }): void {
    if (blobStats(blob, blob.size) !== undefined) return;
    assertFolder(this.#place.root);
    throw storeErrors.BLOB_NOT_FOUND(`Blob sha256:${blob.hex} was removed during the batch.`, {
      details: { digest: `sha256:${blob.hex}` },
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

/** A blob's facts; `undefined` when it is not there, an error when it is not what it should be. */
function blobStats(path: BlobPath, size: number): Stats | undefined {
  let stats: Stats | undefined;
  try {
    stats = lstatSync(path.file, { throwIfNoEntry: false });
  } catch (error) {
    throw readFailure(error, path.file);
  }
  if (stats === undefined || (stats.isFile() && stats.size === size)) return stats;
  const digest = `sha256:${path.hex}`;
  throw storeErrors.BLOB_CORRUPT(`Blob ${digest} is there, but not with ${size} bytes.`, {
    details: { digest, size, actual_size: stats.size, path: path.file },
  });
}

function refresh(file: string, now: number): void {
  try {
    utimesSync(file, now / 1000, now / 1000);
  } catch (error) {
    const errno = errnoOf(error);
    // In a shared store the blob may be somebody else's; then they keep it.
    if (errno !== "EPERM" && errno !== "EACCES" && errno !== "ENOENT") {
      throw writeFailure(error, file);
    }
  }
}

function assertExpected({ digest, size }: BlobInfo, expected: Digest | undefined): void {
  if (expected === undefined || expected === digest) return;
  throw storeErrors.DIGEST_MISMATCH(`Expected ${expected}, got ${digest}.`, {
    details: { expected, actual: digest, size },
  });
}

async function* slices(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += pieceBytes) {
    yield bytes.subarray(start, start + pieceBytes);
  }
}
