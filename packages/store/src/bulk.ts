import type { ResealError } from "@reseal/errors";
import type { Digest } from "@reseal/hash";
import type { BlobInfo, OperationOptions } from "./blob-store.ts";
import { storeErrors } from "./errors.ts";

/** Options of a call that works on many blobs or files at once. */
export interface BulkOptions extends OperationOptions {
  /** Told now and then how much is done: items and bytes since the beginning. */
  readonly onProgress?: ((done: BulkProgress) => void) | undefined;
}

/** How far a call has come. */
export interface BulkProgress {
  readonly items: number;
  readonly bytes: number;
}

/** A local file that a batch takes with `putFiles`. */
export interface BatchFile {
  /** Absolute. */
  readonly path: string;
  /** About how many bytes it has, by which the work is divided. */
  readonly size: number;
  /** Refuse other bytes, with `STORE_DIGEST_MISMATCH`. */
  readonly expected?: Digest | undefined;
  /** What the inspector is told of the file; without it the file is not inspected. */
  readonly inspectAs?: string | undefined;
  /** What the part reader is asked for, in place of a file at `path`; copied between threads. */
  readonly readAs?: unknown;
}

/** Options of `putFiles`. */
export interface PutFilesOptions extends BulkOptions {
  readonly inspector?: InspectorSource | undefined;
  /** Reads what has `readAs`. */
  readonly reader?: PartReaderSource | undefined;
}

/** Gives bytes that are no file of their own: those of an archive's entry, for example. */
export interface PartReader {
  /** Told which parts are asked for next: reading them together may cost less. Never throws. */
  expect?(parts: readonly unknown[]): void;
  /** All bytes of a part, good until the next call. What it throws fails this part alone. */
  read(readAs: unknown): Uint8Array;
}

/** A part reader, and how another thread makes the like of it, as in {@link InspectorSource}. */
export interface PartReaderSource {
  readonly reader: PartReader;
  /** URL of a module that exports `createPartReader`. */
  readonly module: string;
  /** Anything that `structuredClone` copies. */
  readonly data: unknown;
}

/** What a part reader's module exports. */
export interface PartReaderModule {
  createPartReader(data: unknown): PartReader;
}

/**
 * An inspector, and how another thread makes the like of it: a module that exports
 * `createInspector`, and what that is called with. The data is copied between threads and never
 * written to a disk.
 */
export interface InspectorSource {
  readonly inspector: FileInspector;
  /** URL of the module. */
  readonly module: string;
  /** Anything that `structuredClone` copies. */
  readonly data: unknown;
}

/** Looks at bytes before they are staged, and may refuse them. It never changes them. */
export interface FileInspector {
  /**
   * Look at a whole file. Whatever it returns but `undefined` refuses the file, and is copied
   * between threads.
   */
  whole(bytes: Uint8Array, inspectAs: string): unknown;
  /** Look at a file that comes in pieces of 64 KiB at least; the first decides what it is. */
  pieces(first: Uint8Array, inspectAs: string): PieceInspector;
}

/** Looks at one large file. */
export interface PieceInspector {
  push(piece: Uint8Array): void;
  /** The same as `FileInspector.whole` returns. */
  end(): unknown;
}

/** What an inspector's module exports. */
export interface InspectorModule {
  createInspector(data: unknown): FileInspector;
}

/** What became of one file of `putFiles`. */
export type PutFileResult =
  | ({ readonly status: "stored" } & BlobInfo)
  /** The inspector refused it; nothing of it is staged. */
  | { readonly status: "refused"; readonly size: number; readonly verdict: unknown }
  /** `STORE_FILE_UNREADABLE`, `STORE_FILE_CHANGED` or `STORE_DIGEST_MISMATCH`. */
  | { readonly status: "failed"; readonly error: ResealError };

/** A blob that is not in order. */
export interface BlobProblem {
  readonly digest: Digest;
  /** `STORE_BLOB_NOT_FOUND`, `STORE_BLOB_CORRUPT` or `STORE_READ_FAILED`. */
  readonly error: ResealError;
}

/** A blob that becomes a local file. */
export interface LocalCopy extends BlobInfo {
  /** Absolute; its folder is there, and nothing of this name is in it. */
  readonly path: string;
  /** Permission bits of the new file. */
  readonly mode: number;
}

/** Make the inspector that an {@link InspectorSource} names, in another thread. */
export async function loadInspector({
  module,
  data,
}: Pick<InspectorSource, "module" | "data">): Promise<FileInspector> {
  const loaded = (await import(module)) as InspectorModule;
  return loaded.createInspector(data);
}

/** Make the reader that a {@link PartReaderSource} names, in another thread. */
export async function loadPartReader({
  module,
  data,
}: Pick<PartReaderSource, "module" | "data">): Promise<PartReader> {
  const loaded = (await import(module)) as PartReaderModule;
  return loaded.createPartReader(data);
}

/**
 * The bytes of a file that has `readAs`.
 * @throws `STORE_FILE_UNREADABLE` with what the reader threw as its cause.
 */
export function readPart(
  reader: PartReader | undefined,
  { path, readAs }: Pick<BatchFile, "path" | "readAs">,
): Uint8Array {
  try {
    if (reader === undefined) throw new TypeError("The call has no reader for parts.");
    return reader.read(readAs);
  } catch (cause) {
    const { message, code } = cause as Error & { readonly code?: unknown };
    throw storeErrors.FILE_UNREADABLE(message, { details: { path, code }, cause });
  }
}
