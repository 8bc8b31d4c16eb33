import { isResealError, type ResealError } from "@reseal/errors";
import { type Digest, parseDigest } from "@reseal/hash";
import type { FileEntry } from "@reseal/schema";
import {
  type BatchFile,
  type BlobBatch,
  type BlobInfo,
  type BlobProblem,
  type BulkOptions,
  type ByteSource,
  collectBytes,
  type OperationOptions,
  storeErrors,
} from "@reseal/store";
import { bundleErrors } from "./errors.ts";
import type { BundleReader } from "./reader.ts";
import { createPartReader, partOf, partReaderModule } from "./zip/lane-reader.ts";
import { smallBytesMax } from "./zip/limits.ts";
import type { ZipArchive } from "./zip/open-zip.ts";

/** A reader that stages the files that are read from it, so that reading once is enough. */
export interface StagingReader extends BundleReader {
  /** Throw what went wrong with the batch, as against the bundle. */
  throwFailure(): void;
}

/**
 * Stage what is read from a bundle in an archive. Nothing of it is visible before the batch is
 * committed.
 *
 * Most files are staged by `blobs.check`, many at once; the others as they are opened.
 */
export function stagingReader(
  reader: BundleReader,
  archive: ZipArchive,
  batch: BlobBatch,
): StagingReader {
  const failures: unknown[] = [];
  const failed = (error: unknown): never => {
    if (!isOfBundle(error)) failures.push(error);
    throw error;
  };
  const open = async (entry: FileEntry, options?: OperationOptions): Promise<ByteSource> => {
    const expected = parseDigest(entry.digest);
    if (entry.size > smallBytesMax) {
      await batch.put(await reader.open(entry, options), { expected, ...options }).catch(failed);
      return await reader.open(entry, options);
    }
    const bytes = await collectBytes(await reader.open(entry, options));
    await batch.put(bytes, { expected, ...options }).catch(failed);
    return once(bytes);
  };
  const check = async (
    blobs: readonly BlobInfo[],
    options: BulkOptions = {},
  ): Promise<readonly BlobProblem[]> => {
    const wanted = new Set(blobs.map(keyOf));
    const entries = reader.manifest.context.files.filter((entry) => wanted.has(keyOf(entry)));
    return await stageAll({ reader, archive, batch, entries }, options).catch(failed);
  };
  const blobs = { check, copyOut: () => Promise.reject(new TypeError("Nothing is stored yet.")) };
  return {
    ...reader,
    blobs,
    open,
    throwFailure() {
      if (failures.length > 0) throw failures[0];
    },
  };
}

interface Staging {
  readonly reader: BundleReader;
  readonly archive: ZipArchive;
  readonly batch: BlobBatch;
  readonly entries: readonly FileEntry[];
}

/** @returns what is wrong with files; what is wrong with the batch is thrown. */
async function stageAll(
  { reader, archive, batch, entries }: Staging,
  options: BulkOptions,
): Promise<BlobProblem[]> {
  const problems: BlobProblem[] = [];
  const parts: (BatchFile & { readonly dataOffset: number })[] = [];
  for (const entry of entries) {
    const expected = parseDigest(entry.digest);
    const found = archive.find(entry.path);
    if (found?.size === entry.size && archive.isPart(found)) {
      const { path, compressedSize, dataOffset } = found;
      const size = Math.max(found.size, compressedSize);
      parts.push({ path, size, expected, readAs: partOf(found), dataOffset });
      continue;
    }
    try {
      await batch.put(await reader.open(entry, options), { expected, signal: options.signal });
    } catch (error) {
      if (!isOfBundle(error)) throw error;
      problems.push({ digest: expected, error });
    }
  }
  parts.sort((a, b) => a.dataOffset - b.dataOffset);
  const results = await batch.putFiles(parts, {
    ...options,
    reader: {
      reader: createPartReader(archive.location),
      module: partReaderModule,
      data: archive.location,
    },
  });
  for (const [index, result] of results.entries()) {
    const digest = parts[index]?.expected;
    if (result.status === "failed" && digest !== undefined)
      problems.push({ digest, error: problemOf(result.error, digest) });
  }
  return problems;
}

/** What was thrown where a part was read, in another thread perhaps. */
function problemOf(error: ResealError, digest: Digest): ResealError {
  const isCorrupt =
    error.code === storeErrors.DIGEST_MISMATCH.code ||
    error.details.code === bundleErrors.ZIP_CORRUPT.code;
  return isCorrupt ? bundleErrors.CORRUPT(error.message, { details: { digest } }) : error;
}

function isOfBundle(error: unknown): error is ResealError {
  return isResealError(error) && error.code.startsWith("BUNDLE_");
}

function keyOf({ digest, size }: { readonly digest: string; readonly size: number }): string {
  return `${digest} ${size}`;
}

async function* once(bytes: Uint8Array): ByteSource {
  yield bytes;
}
