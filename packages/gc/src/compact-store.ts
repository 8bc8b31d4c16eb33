import { openStoredBundle } from "@reseal/bundle";
import { type Digest, parseDigest } from "@reseal/hash";
import type { BlobEncoding, FormChange, Stores } from "@reseal/store";
import type { CompactionProgress } from "./apply-compaction.ts";
import {
  type BlobCompaction,
  ratioOf,
  type StoreCompactionReport,
  summed,
} from "./compaction-report.ts";
import { gcErrors } from "./errors.ts";
import { runsOf, storeFamilyOf } from "./store-runs.ts";

/** Options of {@link compactStore}. */
export interface StoreCompactionOptions {
  /** `zstd` compresses; `identity` brings blobs back to their own bytes. */
  readonly encoding: BlobEncoding;
  readonly dryRun: boolean;
  readonly nowMs: number;
  /** Leave every blob alone that a run younger than this has. */
  readonly ageMinMs: number;
  /** Leave smaller blobs alone. */
  readonly sizeMin: number;
  /** Only blobs of runs of these families; all unless said otherwise. */
  readonly only?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: CompactionProgress) => void) | undefined;
}

/** Blobs smaller than this save nothing: a file takes a block of the disk anyway. */
export const storeSizeMin = 4096;

/**
 * Compress the cold blobs of a store: those of sealed runs that no young run has. Manifests stay
 * as they are, so that `sha256sum` tells a seal. No digest and no size changes, and every reader
 * gets the same bytes; each blob is read back from its new form before the old one goes.
 * @throws `GC_COMPACTION_UNSUPPORTED` for a store that knows only one form
 */
export async function compactStore(
  stores: Pick<Stores, "location" | "tenant" | "blobs" | "catalog" | "readOnly">,
  options: StoreCompactionOptions,
): Promise<StoreCompactionReport> {
  const { encoding, dryRun, signal, onProgress } = options;
  if (stores.blobs.changeForm === undefined)
    throw gcErrors.COMPACTION_UNSUPPORTED(`${stores.location} keeps blobs in one form only.`, {
      details: { location: stores.location },
    });
  const blobs = await coldBlobs(stores, options);
  const digests = [...blobs.keys()].sort();
  const changes = await stores.blobs.changeForm(digests, encoding, {
    signal,
    dryRun,
    onProgress: ({ items, bytes }) =>
      onProgress?.({ files: items, filesTotal: digests.length, bytes }),
  });
  const results = changes.map((change) => resultOf(change, encoding));
  return summed({ location: stores.location, source: "store", dry_run: dryRun }, results);
}

function resultOf(change: FormChange, encoding: BlobEncoding): BlobCompaction {
  const { digest, size, status, storedSize, storedSizeBefore, error } = change;
  const done = encoding === "zstd" ? "compacted" : "restored";
  // Bringing back is told as compacting was: from the bytes to their compressed form.
  const compacted = encoding === "zstd" ? storedSize : storedSizeBefore;
  return {
    digest,
    status: status === "changed" ? done : status === "unchanged" ? "left" : status,
    original_size: size,
    compacted_size: compacted,
    compression_ratio: ratioOf(size, compacted),
    ...(status === "unchanged" && { reason: `it is stored so already` }),
    ...(status === "not_smaller" && { reason: "it would not be smaller by an eighth" }),
    ...(error !== undefined && { reason: error.message }),
  };
}

/** The blobs of the wanted runs that no run has which is too young. */
async function coldBlobs(
  stores: Pick<Stores, "location" | "tenant" | "blobs" | "catalog">,
  { only, nowMs, ageMinMs, sizeMin, signal }: StoreCompactionOptions,
): Promise<ReadonlyMap<Digest, number>> {
  const wanted = new Map<Digest, number>();
  const young = new Set<Digest>();
  const seals = new Set<Digest>();
  for await (const row of runsOf(stores, signal)) {
    const seal = parseDigest(row.seal);
    seals.add(seal);
    const isYoung = nowMs - Date.parse(row.created_at) < ageMinMs;
    const isWanted = only === undefined || only.includes(storeFamilyOf(row));
    if (!isYoung && !isWanted) continue;
    signal?.throwIfAborted();
    const { manifest } = await openStoredBundle(stores, seal);
    for (const file of manifest.context.files) {
      const digest = parseDigest(file.digest);
      if (isYoung) young.add(digest);
      else if (file.size >= sizeMin) wanted.set(digest, file.size);
    }
  }
  for (const digest of [...young, ...seals]) wanted.delete(digest);
  return wanted;
}
