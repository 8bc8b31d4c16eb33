import { renameSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import type { Digest } from "@reseal/hash";
import {
  type BlobEncoding,
  type ChangeFormOptions,
  errnoOf,
  type FormChange,
  takeLock,
  writeFailure,
} from "@reseal/store";
import type { PreparedForm } from "./blob-encoder.ts";
import { raise } from "./blobs-in-lanes.ts";
import { encodedFile, formOfBlob, regularStats } from "./encoded-blob.ts";
import type { BatchPlace } from "./fs-batch.ts";
import type { FlatProblem } from "./lane-work.ts";
import { type BlobPath, blobPath } from "./layout.ts";
import { makeTemporaryFolder, removeTemporaryFolder } from "./temporary-folder.ts";

/** Blobs that become durable together. */
const groupBlobs = 2000;
const groupBytes = 512 * 1024 * 1024;
const lockTimeoutMs = 60_000;

interface SizedBlob {
  readonly digest: Digest;
  /** About; the work is divided by it. */
  readonly size: number;
}

/** Change the form of blobs; `BlobStore.changeForm`. */
export async function changeForm(
  place: BatchPlace,
  digests: readonly Digest[],
  encoding: BlobEncoding,
  { signal, onProgress, dryRun = false }: ChangeFormOptions,
): Promise<readonly FormChange[]> {
  const changes: FormChange[] = [];
  let bytes = 0;
  for (const group of groupsOf(place.root, digests)) {
    const folder = dryRun ? undefined : makeTemporaryFolder(place.temporary);
    try {
      const prepared = await prepare(place, group, encoding, folder, {
        signal,
        onProgress: (done) =>
          onProgress?.({ items: changes.length + done.items, bytes: bytes + done.bytes }),
      });
      if (!dryRun) await publish(place, encoding, prepared, signal);
      changes.push(...group.map((blob) => changeOf(place.root, blob, prepared.get(blob.digest))));
      bytes += group.reduce((sum, { size }) => sum + size, 0);
    } finally {
      if (folder !== undefined) removeTemporaryFolder(folder);
    }
  }
  return changes;
}

type Prepared = ReadonlyMap<Digest, PreparedForm | FlatProblem>;

/** Write the new forms, in several threads where that pays. */
async function prepare(
  { root, lanes }: BatchPlace,
  blobs: readonly SizedBlob[],
  encoding: BlobEncoding,
  folder: string | undefined,
  options: ChangeFormOptions,
): Promise<Prepared> {
  const prepared = new Map<Digest, PreparedForm | FlatProblem>();
  await lanes.spread(
    blobs,
    {
      sizeOf: ({ size }) => size,
      taskOf: (part, lane) => ({
        kind: "form",
        root,
        temporary: folder === undefined ? undefined : join(folder, String(lane)),
        encoding,
        digests: part.map(({ digest }) => digest),
      }),
      take: ({ forms }) => {
        for (const form of forms) prepared.set(form.digest, form);
      },
    },
    options,
  );
  return prepared;
}

function changeOf(
  root: string,
  { digest }: SizedBlob,
  prepared: PreparedForm | FlatProblem | undefined,
): FormChange {
  if (prepared !== undefined && "status" in prepared) {
    const { size, encoding, storedSize, storedSizeBefore, status } = prepared;
    return { digest, size, encoding, storedSize, storedSizeBefore, status };
  }
  const form = formOfBlob(blobPath(root, digest));
  const { size = 0, encoding = "identity", storedSize = 0 } = form ?? {};
  const problem = prepared ?? { digest, code: "", message: `Blob ${digest} is lost.`, details: {} };
  const { error } = raise(problem);
  const storedSizeBefore = storedSize;
  return { digest, size, encoding, storedSize, storedSizeBefore, status: "failed", error };
}

interface Replacement extends PreparedForm {
  readonly path: BlobPath;
}

/** Put new forms in their places, and take the old ones away once that is durable. */
async function publish(
  { root, temporary, sync }: BatchPlace,
  encoding: BlobEncoding,
  prepared: Prepared,
  signal: AbortSignal | undefined,
): Promise<void> {
  const replacements: Replacement[] = [];
  for (const form of prepared.values())
    if ("status" in form && form.old !== undefined)
      replacements.push({ ...form, path: blobPath(root, form.digest) });
  if (replacements.length === 0) return;
  const written = replacements.filter((one) => one.temporary !== undefined);
  await sync.files(written.map((one) => one.temporary ?? ""));
  signal?.throwIfAborted();
  // Nobody takes one form away while somebody else takes the other.
  using _lock = await takeLock(join(temporary, "forms.lock"), { timeoutMs: lockTimeoutMs, signal });
  const targetOf = ({ path }: Replacement): string =>
    encoding === "zstd" ? encodedFile(path) : path.file;
  for (const one of written) rename(one.temporary ?? "", targetOf(one));
  await sync.folders([...new Set(written.map(({ path }) => `${root}/${path.prefix}`))]);
  for (const one of replacements) {
    // Not there: it was deleted meanwhile, and this is not to stay either.
    if (one.old !== undefined && regularStats(targetOf(one)) !== undefined) remove(one.old);
  }
}

function rename(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    throw writeFailure(error, to);
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw writeFailure(error, path);
  }
}

/** Parts of the work, so that a full disk or a crash undoes no more than one of them. */
function* groupsOf(root: string, digests: readonly Digest[]): Generator<readonly SizedBlob[]> {
  let group: SizedBlob[] = [];
  let bytes = 0;
  for (const digest of new Set(digests)) {
    const size = formOfBlob(blobPath(root, digest))?.size ?? 0;
    group.push({ digest, size });
    bytes += size;
    if (group.length < groupBlobs && bytes < groupBytes) continue;
    yield group;
    group = [];
    bytes = 0;
  }
  if (group.length > 0) yield group;
}
