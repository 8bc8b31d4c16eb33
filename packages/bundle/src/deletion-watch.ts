import type { Digest } from "@reseal/hash";
import { type Stores, storeErrors } from "@reseal/store";

type WatchedStores = Pick<Stores, "blobs" | "journal">;

/** What tells whether blobs were deleted since it began. */
export interface DeletionWatch {
  /**
   * Make sure that blobs are still there, in the guard of an append to the journal of seals: nobody
   * deletes then. It costs a look at the journal when nothing was deleted.
   * @throws `STORE_BLOB_NOT_FOUND` for one that is gone.
   */
  assertThere(digests: Iterable<Digest>): Promise<void>;
}

/**
 * Watch what is deleted, from before one finds blobs in a store until one relies on them.
 *
 * Whoever deletes does so while nobody can append to the journal of seals, and the journal of the
 * trash has grown when that is over.
 */
export async function watchDeletions({ blobs, journal }: WatchedStores): Promise<DeletionWatch> {
  const before = await journal.size("trash");
  return {
    async assertThere(digests) {
      if ((await journal.size("trash")) === before) return;
      for (const digest of new Set(digests))
        if ((await blobs.stat(digest)) === undefined)
          throw storeErrors.BLOB_NOT_FOUND(`Blob ${digest} was deleted while it was needed.`, {
            details: { digest },
            hint: "Something collected garbage at the same time. Try again.",
          });
    },
  };
}

/**
 * Rely on blobs from now on. Call it when a plan in a spool names them: whoever deletes looks there.
 * @throws `STORE_BLOB_NOT_FOUND` for one that was deleted before the plan was there.
 */
export async function settleBlobs(
  { journal }: Pick<Stores, "journal">,
  watch: DeletionWatch,
  files: readonly { readonly digest: Digest }[],
): Promise<void> {
  const digests = files.map(({ digest }) => digest);
  await journal.append("seals", [], { guard: () => watch.assertThere(digests) });
}
