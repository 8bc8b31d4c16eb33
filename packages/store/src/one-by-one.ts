import { open } from "node:fs/promises";
import { isResealError } from "@reseal/errors";
import type { BlobBatch, BlobInfo, BlobStore, PutOptions } from "./blob-store.ts";
import {
  type BatchFile,
  type BlobProblem,
  type BulkOptions,
  type LocalCopy,
  type PutFileResult,
  type PutFilesOptions,
  readPart,
} from "./bulk.ts";
import { storeErrors } from "./errors.ts";

// Bulk calls in terms of single ones, for stores that have nothing faster.

/** `BlobStore.check` through `get`. */
export async function checkOneByOne(
  store: Pick<BlobStore, "get">,
  blobs: readonly BlobInfo[],
  { signal, onProgress }: BulkOptions = {},
): Promise<readonly BlobProblem[]> {
  const problems: BlobProblem[] = [];
  const count = counter(onProgress);
  for (const { digest, size } of blobs) {
    signal?.throwIfAborted();
    try {
      let length = 0;
      for await (const chunk of await store.get(digest, { signal })) length += chunk.byteLength;
      if (length !== size)
        throw storeErrors.BLOB_CORRUPT(`Blob ${digest} has ${length} bytes, not ${size}.`);
    } catch (error) {
      if (signal?.aborted || !isResealError(error)) throw error;
      problems.push({ digest, error });
    }
    count(size);
  }
  return problems;
}

/** `BlobStore.copyOut` through `get`. */
export async function copyOneByOne(
  store: Pick<BlobStore, "get">,
  copies: readonly LocalCopy[],
  { signal, onProgress }: BulkOptions = {},
): Promise<void> {
  const count = counter(onProgress);
  for (const { digest, size, path, mode } of copies) {
    signal?.throwIfAborted();
    await using file = await open(path, "wx", mode).catch((cause: unknown) => {
      throw storeErrors.COPY_FAILED(`Cannot write ${path}.`, { details: { path }, cause });
    });
    for await (const chunk of await store.get(digest, { signal })) await file.writeFile(chunk);
    count(size);
  }
}

/** `BlobBatch.putFiles` through `putFile`; only for small files, as an inspector sees them whole. */
export async function putOneByOne(
  batch: Pick<BlobBatch, "putFile" | "put">,
  files: readonly BatchFile[],
  { signal, onProgress, inspector, reader }: PutFilesOptions = {},
): Promise<readonly PutFileResult[]> {
  const results: PutFileResult[] = [];
  const count = counter(onProgress);
  for (const file of files) {
    const { path, size, expected, inspectAs } = file;
    signal?.throwIfAborted();
    try {
      const part = file.readAs === undefined ? undefined : readPart(reader?.reader, file);
      const verdict =
        inspector === undefined || inspectAs === undefined
          ? undefined
          : inspector.inspector.whole(part ?? (await readWhole(path)), inspectAs);
      results.push(
        verdict === undefined
          ? { status: "stored", ...(await stored(batch, part ?? path, { expected, signal })) }
          : { status: "refused", size, verdict },
      );
    } catch (error) {
      if (signal?.aborted || !isResealError(error)) throw error;
      results.push({ status: "failed", error });
    }
    count(size);
  }
  return results;
}

function stored(
  batch: Pick<BlobBatch, "putFile" | "put">,
  source: string | Uint8Array,
  options: PutOptions,
): Promise<BlobInfo> {
  return typeof source === "string" ? batch.putFile(source, options) : batch.put(source, options);
}

async function readWhole(path: string): Promise<Uint8Array> {
  await using file = await open(path).catch((cause: NodeJS.ErrnoException) => {
    throw storeErrors.FILE_UNREADABLE(`${path} cannot be read.`, {
      details: { path, errno: cause.code },
      cause,
    });
  });
  return await file.readFile();
}

function counter(onProgress: BulkOptions["onProgress"]): (bytes: number) => void {
  let items = 0;
  let sum = 0;
  return (bytes) => {
    items += 1;
    sum += bytes;
    onProgress?.({ items, bytes: sum });
  };
}
