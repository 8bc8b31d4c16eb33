import type { BlobStore } from "./blob-store.ts";
import type { Catalog } from "./catalog.ts";
import type { Journal } from "./journal.ts";

/** The time, injected so that the same inputs give the same bytes. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
}

/** Names for new runs, injected for the same reason. */
export interface IdSource {
  /** A UUID, version 4, in lower case. */
  runId(): string;
}

/** All that one place keeps: what `connect` opens and every service works on. */
export interface Stores extends AsyncDisposable {
  /** The folder or URL, for people to read. */
  readonly location: string;
  readonly tenant: string;
  readonly readOnly: boolean;
  readonly blobs: BlobStore;
  readonly journal: Journal;
  readonly catalog: Catalog;
  /**
   * A folder of this machine for what never leaves it: spools in `tmp/`, caches, the redaction key.
   * For a store in a folder it is the store itself.
   */
  readonly local: string;
  readonly clock: Clock;
  readonly ids: IdSource;
}
