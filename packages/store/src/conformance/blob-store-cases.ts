import type { Digest } from "@reseal/hash";
import type { BlobStore } from "../blob-store.ts";
import { batchCases } from "./blob-batch-cases.ts";
import { readCases } from "./blob-read-cases.ts";
import { writeCases } from "./blob-write-cases.ts";
import { bulkCases } from "./bulk-cases.ts";
import { formCases } from "./form-cases.ts";

/** A promise of {@link BlobStore} that a case holds an implementation to. */
export type BlobStoreLaw =
  | "atomic"
  | "read after write"
  | "idempotent"
  | "verified"
  | "honest absence"
  | "expected digest"
  | "ordered list"
  | "delete"
  | "abort"
  | "batch together"
  | "batch leaves nothing"
  | "bulk"
  | "form"
  | "file unchanged";

/** What only the owner of an implementation can do for a case. */
export interface BlobStoreHarness {
  /** Open the same place again, as another process does. */
  readonly reopen?: () => Promise<BlobStore>;
  /** Change a blob's stored bytes behind the store's back. */
  readonly damage?: (
    digest: Digest,
    change: (bytes: Uint8Array) => Uint8Array,
  ) => Promise<void> | void;
  /** Make the look-up of a digest fail for a reason other than absence. */
  readonly obstruct?: (digest: Digest) => Promise<void> | void;
  /** Names of temporary things that the place holds beside its blobs. */
  readonly leftovers?: () => Promise<readonly string[]> | readonly string[];
}

/** One thing that an empty blob store must do. Where `needs` cannot be had, leave the case out. */
export interface BlobStoreCase {
  /** A sentence about behaviour; unique. */
  readonly name: string;
  readonly law: BlobStoreLaw;
  readonly needs: readonly (keyof BlobStoreHarness)[];
  /** Throws an `AssertionError`, or the store's own error, when the law does not hold. */
  run(store: BlobStore, harness?: BlobStoreHarness): Promise<void>;
}

/**
 * The laws of {@link BlobStore} as data. Each case wants a store without blobs and leaves blobs.
 * @example
 * for (const { name, run } of blobStoreCases) test(name, async () => run(await openEmptyStore()));
 */
export const blobStoreCases: readonly BlobStoreCase[] = [
  ...writeCases,
  ...readCases,
  ...batchCases,
  ...bulkCases,
  ...formCases,
];
