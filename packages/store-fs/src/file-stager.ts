import { existsSync } from "node:fs";
import { type Digest, digestBytes } from "@reseal/hash";
import {
  type BatchFile,
  type BlobInfo,
  type FileInspector,
  type PartReader,
  type PutFileResult,
  readPart,
  storeErrors,
} from "@reseal/store";
import { findBlob } from "./blob-presence.ts";
import { type BlobPath, blobPath } from "./layout.ts";
import { SourceFile } from "./source-file.ts";
import { NamedFiles, TemporaryFiles } from "./temporary-file.ts";

/** Up to this size a file is one buffer and one write; beyond it, pieces of this size. */
export const pieceBytes: number = 1024 * 1024;

/** What staging a file came to; only the batch may tell anybody that it is stored. */
export type StagedFile =
  | (BlobInfo & {
      readonly status: "stored";
      /** Where the bytes lie; absent when the store has the blob, or for a copy. */
      readonly temporary?: string | undefined;
      /** The same bytes were staged by the same stager before. */
      readonly isCopy?: boolean | undefined;
      readonly isUnsettled?: boolean | undefined;
    })
  | Exclude<PutFileResult, { status: "stored" }>;

/** A file with its number in the caller's list, and the blob it may turn out to be. */
export type StagingFile = Pick<BatchFile, "path" | "expected" | "inspectAs" | "readAs">;

/** Where a stager works. */
export interface StagingPlace {
  /** The folder of the blobs. */
  readonly root: string;
  /** A folder that nobody else writes to; it is made on the first file. */
  readonly temporary: string;
  /** A folder for small blobs under their names, which others write to as well; it is there. */
  readonly named?: string | undefined;
  /** Whether blobs of the store may be compressed. */
  readonly isMixed: boolean;
}

/** Throws when the work is to end. */
export type Checkpoint = () => void;

/**
 * Reads, inspects, hashes and writes local files, one after the other. Every lane of a batch has
 * its own, in whichever thread it runs.
 */
export class FileStager {
  readonly #root: string;
  readonly #isMixed: boolean;
  readonly #files: TemporaryFiles;
  readonly #named: NamedFiles | undefined;
  readonly #inspector: FileInspector | undefined;
  readonly #reader: PartReader | undefined;
  /** What this stager has written, so that copies of a file are written once. */
  readonly #written = new Set<string>();
  readonly #empty = new Map<string, boolean>();
  #small: Uint8Array | undefined;
  #large: readonly [Uint8Array, Uint8Array] | undefined;

  constructor(
    place: StagingPlace,
    inspector?: FileInspector | undefined,
    reader?: PartReader | undefined,
  ) {
    this.#root = place.root;
    this.#isMixed = place.isMixed;
    this.#files = new TemporaryFiles(place.temporary);
    this.#named = place.named === undefined ? undefined : new NamedFiles(place.named);
    this.#inspector = inspector;
    this.#reader = reader;
  }

  /** Told which files are staged next. */
  expect(files: readonly StagingFile[]): void {
    const parts = files.flatMap(({ readAs }) => (readAs === undefined ? [] : [readAs]));
    if (parts.length > 0) this.#reader?.expect?.(parts);
  }

  /**
   * Stage one file. A small one is done when this returns: a promise would cost more than it.
   * @throws what is wrong with the store; what is wrong with the file is a result.
   */
  stage(file: StagingFile, checkpoint: Checkpoint): StagedFile | Promise<StagedFile> {
    try {
      if (file.readAs !== undefined) return this.#stageWhole(readPart(this.#reader, file), file);
      const source = new SourceFile(file.path);
      if (source.size > pieceBytes) return this.#stageLarge(source, file, checkpoint);
      try {
        this.#small ??= Buffer.allocUnsafeSlow(pieceBytes + 1);
        return this.#stageWhole(source.readWhole(this.#small), file);
      } finally {
        source[Symbol.dispose]();
      }
    } catch (error) {
      return failureOf(error);
    }
  }

  #stageWhole(bytes: Uint8Array, { expected, inspectAs }: StagingFile): StagedFile {
    const size = bytes.byteLength;
    if (inspectAs !== undefined) {
      const verdict = this.#inspector?.whole(bytes, inspectAs);
      if (verdict !== undefined) return { status: "refused", size, verdict };
    }
    const digest = digestBytes(bytes);
    assertExpected({ digest, size }, expected);
    if (this.#written.has(digest)) return { status: "stored", digest, size, isCopy: true };
    const path = blobPath(this.#root, digest);
    const found = this.#isEmpty(path) ? undefined : findBlob(path, size, this.#isMixed);
    if (found !== undefined) return { status: "stored", digest, size, ...found };
    const temporary = this.#named?.write(path, bytes) ?? this.#writeUnnamed(bytes);
    this.#written.add(digest);
    const isCopy = temporary === undefined;
    return { status: "stored", digest, size, temporary, isCopy };
  }

  /**
   * Whether the store had no such folder when it was first asked for, so that a look at each blob is
   * saved. What another process brings since is seen when the batch is committed.
   */
  #isEmpty({ prefix }: BlobPath): boolean {
    const known = this.#empty.get(prefix);
    if (known !== undefined) return known;
    const isEmpty = !existsSync(`${this.#root}/${prefix}`);
    this.#empty.set(prefix, isEmpty);
    return isEmpty;
  }

  #writeUnnamed(bytes: Uint8Array): string | undefined {
    return this.#named === undefined ? this.#files.write(bytes) : undefined;
  }

  async #stageLarge(
    source: SourceFile,
    { expected, inspectAs }: StagingFile,
    checkpoint: Checkpoint,
  ): Promise<StagedFile> {
    const buffers = this.#large ?? [
      Buffer.allocUnsafeSlow(pieceBytes),
      Buffer.allocUnsafeSlow(pieceBytes),
    ];
    this.#large = undefined; // Another call at the same time takes its own.
    using _ = source;
    const file = this.#files.open();
    try {
      let inspecting: ReturnType<FileInspector["pieces"]> | undefined;
      let isFirst = true;
      for await (const piece of source.readPieces(buffers)) {
        checkpoint();
        if (isFirst && inspectAs !== undefined)
          inspecting = this.#inspector?.pieces(piece, inspectAs);
        isFirst = false;
        const writing = file.write(piece);
        // While another thread writes.
        try {
          inspecting?.push(piece);
        } finally {
          await writing;
        }
      }
      const verdict = inspecting?.end();
      const info = file.finish();
      if (verdict !== undefined) {
        file.discard();
        return { status: "refused", size: info.size, verdict };
      }
      assertExpected(info, expected);
      const isCopy = this.#written.has(info.digest);
      const found = isCopy
        ? {}
        : findBlob(blobPath(this.#root, info.digest), info.size, this.#isMixed);
      if (found === undefined) {
        this.#written.add(info.digest);
        return { status: "stored", ...info, temporary: file.path };
      }
      file.discard();
      return { status: "stored", ...info, isCopy, ...found };
    } catch (error) {
      file.discard();
      return failureOf(error);
    } finally {
      this.#large = buffers;
    }
  }
}

/** @throws `STORE_DIGEST_MISMATCH` */
export function assertExpected({ digest, size }: BlobInfo, expected: Digest | undefined): void {
  if (expected === undefined || expected === digest) return;
  throw storeErrors.DIGEST_MISMATCH(`Expected ${expected}, got ${digest}.`, {
    details: { expected, actual: digest, size },
  });
}

const failures: ReadonlySet<string> = new Set([
  storeErrors.FILE_UNREADABLE.code,
  storeErrors.FILE_CHANGED.code,
  storeErrors.DIGEST_MISMATCH.code,
]);

/** An error that is the file's own is its result; any other is thrown on. */
function failureOf(error: unknown): StagedFile {
  if (error instanceof Error && "code" in error && failures.has(String(error.code)))
    return { status: "failed", error: error as ReturnType<typeof storeErrors.FILE_CHANGED> };
  throw error;
}
