import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  type Stats,
} from "node:fs";
import { digestFromHex } from "@reseal/hash";
import {
  type BlobForm,
  errnoOf,
  readFailure,
  storeErrors,
  zstdContentSize,
  zstdHeaderBytes,
} from "@reseal/store";
import type { BlobPath } from "./layout.ts";

/** What the file of a compressed blob has behind its digits. */
export const encodedSuffix = ".zst";
const readFlags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);

/** The file of a blob when it is compressed. */
export function encodedFile(path: Pick<BlobPath, "file">): string {
  return path.file + encodedSuffix;
}

/** A blob's file, in whichever form it is there, opened. */
export interface OpenedBlob {
  readonly file: number;
  readonly path: string;
  readonly isEncoded: boolean;
}

/**
 * Open a blob as it lies; `undefined` when it is there in no form.
 *
 * Its own bytes are looked for first, then the compressed ones, and its own again: somebody may
 * bring it back to them at just this time.
 */
export function openEitherForm({ file: plain }: Pick<BlobPath, "file">): OpenedBlob | undefined {
  for (const path of [plain, plain + encodedSuffix, plain]) {
    try {
      return { file: openSync(path, readFlags), path, isEncoded: path !== plain };
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw readFailure(error, path);
    }
  }
  return undefined;
}

/** How a blob is stored, and the facts of its file; `undefined` when it is there in no form. */
export function formOfBlob(
  path: Pick<BlobPath, "file" | "hex">,
): (BlobForm & { readonly stats: Stats; readonly path: string }) | undefined {
  const digest = digestFromHex(path.hex);
  for (const file of [path.file, encodedFile(path), path.file]) {
    const stats = regularStats(file);
    if (stats === undefined) continue;
    const storedSize = stats.size;
    if (file === path.file)
      return { digest, size: storedSize, encoding: "identity", storedSize, stats, path: file };
    const size = encodedSizeOf(file, storedSize);
    if (size !== undefined)
      return { digest, size, encoding: "zstd", storedSize, stats, path: file };
  }
  return undefined;
}

/** The facts of a file; `undefined` when it is not there. */
export function regularStats(path: string): Stats | undefined {
  let stats: Stats | undefined;
  try {
    stats = lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw readFailure(error, path);
  }
  if (stats === undefined || stats.isFile()) return stats;
  throw storeErrors.READ_FAILED(`${path} is not a regular file.`, { details: { path } });
}

/**
 * Length of a compressed blob's bytes, as its frame says; `undefined` when it is gone. Where there
 * is no frame of ours it is the length of the file: whoever reads the blob learns that it is
 * damaged, and whoever only lists blobs goes on.
 */
function encodedSizeOf(path: string, storedSize: number): number | undefined {
  try {
    const file = openSync(path, readFlags);
    try {
      return contentSize(file) ?? storedSize;
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw readFailure(error, path);
  }
}

/** Length of an open blob's bytes, likewise. */
export function sizeOfOpen({ file, isEncoded }: OpenedBlob): number {
  const { size } = fstatSync(file);
  return isEncoded ? (contentSize(file) ?? size) : size;
}

function contentSize(file: number): number | undefined {
  const header = Buffer.alloc(zstdHeaderBytes);
  const length = readSync(file, header, 0, header.byteLength, 0);
  return zstdContentSize(header.subarray(0, length));
}
