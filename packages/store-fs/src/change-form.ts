import { renameSync, unlinkSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { isResealError } from "@reseal/errors";
import type { Digest } from "@reseal/hash";
import {
  abortableSource,
  type BlobEncoding,
  type BlobForm,
  type ByteSource,
  type ChangeFormOptions,
  decodedBlob,
  encodeZstd,
  type FormChange,
  isWorthwhile,
  storeErrors,
  verifiedSource,
} from "@reseal/store";
import { encodedFile, formOfBlob, regularStats } from "./encoded-blob.ts";
import { fileBytes } from "./file-bytes.ts";
import type { BatchPlace } from "./fs-batch.ts";
import { errnoOf, writeFailure } from "./fs-errors.ts";
import { lockJournal } from "./journal-lock.ts";
import { type BlobPath, blobPath } from "./layout.ts";
import { type TemporaryFile, TemporaryFiles } from "./temporary-file.ts";
import { makeTemporaryFolder, removeTemporaryFolder } from "./temporary-folder.ts";

/** Compressing is done by threads of its own; two at once keep two processors busy. */
const concurrency = 2;
/** Blobs that become durable together. */
const groupBlobs = 500;
const groupBytes = 256 * 1024 * 1024;
const lockTimeoutMs = 60_000;

type Place = Pick<BatchPlace, "root" | "temporary" | "sync">;

interface Prepared {
  readonly path: BlobPath;
  readonly change: FormChange;
  /** The new form's file; absent when it is in its place already, or nothing is to be done. */
  readonly temporary?: string | undefined;
  /** The old form's file, that goes when the new one is there. */
  readonly old?: string | undefined;
}

/** Change the form of blobs; `BlobStore.changeForm`. */
export async function changeForm(
  place: Place,
  digests: readonly Digest[],
  encoding: BlobEncoding,
  { signal, onProgress, dryRun = false }: ChangeFormOptions,
): Promise<readonly FormChange[]> {
  const changes: FormChange[] = [];
  let bytes = 0;
  for (const group of groupsOf(place.root, digests)) {
    const folder = dryRun ? undefined : makeTemporaryFolder(place.temporary);
    try {
      const files = folder === undefined ? undefined : new TemporaryFiles(join(folder, "1"));
      const work = { place, encoding, signal, files };
      const prepared = await inOrder(group, async (digest, index) => {
        const one = await prepare(work, digest);
        bytes += one.change.size;
        onProgress?.({ items: changes.length + index + 1, bytes });
        return one;
      });
      if (!dryRun) await publish(place, encoding, prepared, signal);
      changes.push(...prepared.map(({ change }) => change));
    } finally {
      if (folder !== undefined) removeTemporaryFolder(folder);
    }
  }
  return changes;
}

interface Work {
  readonly place: Place;
  readonly encoding: BlobEncoding;
  readonly signal: AbortSignal | undefined;
  /** Where new forms are written; without it nothing is. */
  readonly files: TemporaryFiles | undefined;
}

/** Write a blob's new form to a temporary file, and read it back. */
async function prepare(work: Work, digest: Digest): Promise<Prepared> {
  const path = blobPath(work.place.root, digest);
  let form: BlobForm | undefined;
  try {
    form = formOfBlob(path);
    if (form === undefined)
      throw storeErrors.BLOB_NOT_FOUND(`Blob ${digest} is not in ${work.place.root}.`, {
        details: { digest, location: work.place.root },
      });
    return work.encoding === "zstd"
      ? await prepareEncoded(work, path, plainOf(form))
      : await preparePlain(work, path, plainOf(form));
  } catch (error) {
    if (work.signal?.aborted === true || !isResealError(error)) throw error;
    if (!blobFailures.has(error.code)) throw error;
    const unknown = { digest, size: 0, encoding: "identity", storedSize: 0 } as const;
    const before = form === undefined ? unknown : plainOf(form);
    const storedSizeBefore = before.storedSize;
    return { path, change: { ...before, storedSizeBefore, status: "failed", error } };
  }
}

const blobFailures: ReadonlySet<string> = new Set([
  storeErrors.BLOB_NOT_FOUND.code,
  storeErrors.BLOB_CORRUPT.code,
]);

function plainOf({ digest, size, encoding, storedSize }: BlobForm): BlobForm {
  return { digest, size, encoding, storedSize };
}

async function prepareEncoded(
  { place, signal, files }: Work,
  path: BlobPath,
  form: BlobForm,
): Promise<Prepared> {
  const before = { ...form, storedSizeBefore: form.storedSize };
  if (form.encoding === "zstd") return { path, change: { ...before, status: "unchanged" } };
  const plain = plainBytes(path, form, place.root, signal);
  const { size: storedSize, file } = await write(files, encodeZstd(plain, form.size));
  if (!isWorthwhile(form.size, storedSize)) {
    file?.discard();
    return { path, change: { ...before, status: "not_smaller" } };
  }
  const change = { ...before, encoding: "zstd", storedSize, status: "changed" } as const;
  if (file === undefined) return { path, change };
  // What was written is read again: only what gives back the blob's bytes may take its place.
  const written = abortableSource(fileBytes(file.path), signal);
  await readAll(decodedBlob(written, form, file.path));
  keepTimes(path.file, file.path);
  return { path, change, temporary: file.path, old: path.file };
}

async function preparePlain(
  { place, signal, files }: Work,
  path: BlobPath,
  form: BlobForm,
): Promise<Prepared> {
  const before = { ...form, storedSizeBefore: form.storedSize };
  const old = encodedFile(path);
  if (form.encoding === "identity") {
    const change = { ...before, status: "unchanged" } as const;
    if (regularStats(old) === undefined) return { path, change };
    // An interrupted change left both. Its own bytes stay if they are in order.
    await readAll(plainBytes(path, form, place.root, signal));
    return { path, change, old };
  }
  const frame = abortableSource(fileBytes(old), signal);
  const { size: storedSize, file } = await write(files, decodedBlob(frame, form, place.root));
  const change = { ...before, encoding: "identity", storedSize, status: "changed" } as const;
  if (file === undefined) return { path, change };
  keepTimes(old, file.path);
  return { path, change, temporary: file.path, old };
}

function plainBytes(
  path: BlobPath,
  blob: BlobForm,
  location: string,
  signal: AbortSignal | undefined,
): ByteSource {
  return verifiedSource(abortableSource(fileBytes(path.file), signal), blob, location);
}

async function readAll(source: ByteSource): Promise<void> {
  for await (const _ of source);
}

/** Write a new form to a temporary file, or only count it. */
async function write(
  files: TemporaryFiles | undefined,
  source: ByteSource,
): Promise<{ readonly size: number; readonly file?: TemporaryFile }> {
  if (files === undefined) {
    let size = 0;
    for await (const chunk of source) size += chunk.byteLength;
    return { size };
  }
  const file = files.open();
  try {
    for await (const chunk of source) await file.write(chunk);
    return { size: file.finish().size, file };
  } catch (error) {
    file.discard();
    throw error;
  }
}

/** Whoever collects garbage by age takes a blob for as old as it was. */
function keepTimes(from: string, to: string): void {
  const stats = regularStats(from);
  if (stats !== undefined) utimesSync(to, stats.atimeMs / 1000, stats.mtimeMs / 1000);
}

/** Put new forms in their places, and take the old ones away once that is durable. */
async function publish(
  { root, temporary, sync }: Place,
  encoding: BlobEncoding,
  prepared: readonly Prepared[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const written = prepared.filter((one) => one.temporary !== undefined);
  await sync.files(written.map((one) => one.temporary ?? ""));
  signal?.throwIfAborted();
  // Nobody takes one form away while somebody else takes the other.
  using _lock = await lockJournal(join(temporary, "forms.lock"), lockTimeoutMs, signal);
  for (const { path, temporary: file } of written) {
    const to = encoding === "zstd" ? encodedFile(path) : path.file;
    try {
      renameSync(file ?? "", to);
    } catch (error) {
      throw writeFailure(error, to);
    }
  }
  await sync.folders([...new Set(written.map(({ path }) => `${root}/${path.prefix}`))]);
  for (const { path, old } of prepared) {
    if (old === undefined) continue;
    const isThere = regularStats(encoding === "zstd" ? encodedFile(path) : path.file);
    if (isThere === undefined) continue; // Deleted meanwhile, and nothing of it is to stay.
    try {
      unlinkSync(old);
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw writeFailure(error, old);
    }
  }
}

function* groupsOf(root: string, digests: readonly Digest[]): Generator<readonly Digest[]> {
  let group: Digest[] = [];
  let bytes = 0;
  for (const digest of digests) {
    group.push(digest);
    bytes += regularStats(blobPath(root, digest).file)?.size ?? 0;
    if (group.length < groupBlobs && bytes < groupBytes) continue;
    yield group;
    group = [];
    bytes = 0;
  }
  if (group.length > 0) yield group;
}

/** Some at once; results in the order of the items. After an error none is at work any more. */
async function inOrder<Item, Result>(
  items: readonly Item[],
  act: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const rest = items.entries();
  let failed = false;
  const worker = async (): Promise<void> => {
    for (const [index, item] of rest) {
      if (failed) return;
      try {
        results[index] = await act(item, index);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const workers = Array.from({ length: Math.min(concurrency, items.length) }, worker);
  for (const result of await Promise.allSettled(workers))
    if (result.status === "rejected") throw result.reason;
  return results;
}
