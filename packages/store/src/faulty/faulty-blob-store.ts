import type { Digest } from "@reseal/hash";
import type { BlobEncoding, BlobForm, ChangeFormOptions, FormChange } from "../blob-form.ts";
import type {
  BlobBatch,
  BlobInfo,
  BlobStore,
  ByteSource,
  KeepOptions,
  OperationOptions,
  PutOptions,
} from "../blob-store.ts";
import type {
  BatchFile,
  BlobProblem,
  BulkOptions,
  LocalCopy,
  PutFileResult,
  PutFilesOptions,
} from "../bulk.ts";
import type { FaultPlan } from "./fault-plan.ts";
import { inject, injectBytes, injectItems } from "./inject.ts";

/**
 * Wrap a blob store so that its calls go wrong by a plan. Operations are `blobs.put`,
 * `blobs.openBatch`, `blobs.get`, `blobs.check`, `blobs.copyOut`, `blobs.stat`, `blobs.list`,
 * `blobs.delete`, `blobs.formOf`, `blobs.changeForm`, `batch.put`, `batch.putFile`, `batch.putFiles`, `batch.keep` and
 * `batch.commit`; disposing never fails.
 */
export function faultyBlobStore(store: BlobStore, plan: FaultPlan): BlobStore {
  return new FaultyBlobStore(store, plan);
}

class FaultyBlobStore implements BlobStore {
  readonly #store: BlobStore;
  readonly #plan: FaultPlan;

  constructor(store: BlobStore, plan: FaultPlan) {
    this.#store = store;
    this.#plan = plan;
  }

  get location(): string {
    return this.#store.location;
  }

  async put(source: ByteSource | Uint8Array, options: PutOptions = {}): Promise<BlobInfo> {
    return inject(this.#plan, "blobs.put", options.signal, (signal) =>
      this.#store.put(source, { ...options, signal }),
    );
  }

  async openBatch(options: OperationOptions = {}): Promise<BlobBatch> {
    const batch = await inject(this.#plan, "blobs.openBatch", options.signal, (signal) =>
      this.#store.openBatch({ ...options, signal }),
    );
    return new FaultyBatch(batch, this.#plan);
  }

  async get(digest: Digest, options: OperationOptions = {}): Promise<ByteSource> {
    return injectBytes(this.#plan, "blobs.get", options.signal, (signal) =>
      this.#store.get(digest, { signal }),
    );
  }

  async check(
    blobs: readonly BlobInfo[],
    options: BulkOptions = {},
  ): Promise<readonly BlobProblem[]> {
    return inject(this.#plan, "blobs.check", options.signal, (signal) =>
      this.#store.check(blobs, { ...options, signal }),
    );
  }

  async copyOut(copies: readonly LocalCopy[], options: BulkOptions = {}): Promise<void> {
    return inject(this.#plan, "blobs.copyOut", options.signal, (signal) =>
      this.#store.copyOut(copies, { ...options, signal }),
    );
  }

  async stat(digest: Digest, options: OperationOptions = {}): Promise<BlobInfo | undefined> {
    return inject(this.#plan, "blobs.stat", options.signal, (signal) =>
      this.#store.stat(digest, { signal }),
    );
  }

  list(options: OperationOptions = {}): AsyncIterable<BlobInfo> {
    return injectItems(this.#plan, "blobs.list", options.signal, (signal) =>
      this.#store.list({ signal }),
    );
  }

  async delete(digest: Digest, options: OperationOptions = {}): Promise<boolean> {
    return inject(this.#plan, "blobs.delete", options.signal, (signal) =>
      this.#store.delete(digest, { signal }),
    );
  }

  async formOf(digest: Digest, options: OperationOptions = {}): Promise<BlobForm | undefined> {
    return inject(this.#plan, "blobs.formOf", options.signal, async (signal) =>
      this.#store.formOf?.(digest, { signal }),
    );
  }

  async changeForm(
    digests: readonly Digest[],
    encoding: BlobEncoding,
    options: ChangeFormOptions = {},
  ): Promise<readonly FormChange[]> {
    return inject(
      this.#plan,
      "blobs.changeForm",
      options.signal,
      async (signal) => this.#store.changeForm?.(digests, encoding, { ...options, signal }) ?? [],
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store[Symbol.asyncDispose]();
  }
}

class FaultyBatch implements BlobBatch {
  readonly #batch: BlobBatch;
  readonly #plan: FaultPlan;

  constructor(batch: BlobBatch, plan: FaultPlan) {
    this.#batch = batch;
    this.#plan = plan;
  }

  async put(source: ByteSource | Uint8Array, options: PutOptions = {}): Promise<BlobInfo> {
    return inject(this.#plan, "batch.put", options.signal, (signal) =>
      this.#batch.put(source, { ...options, signal }),
    );
  }

  async putFile(path: string, options: PutOptions = {}): Promise<BlobInfo> {
    return inject(this.#plan, "batch.putFile", options.signal, (signal) =>
      this.#batch.putFile(path, { ...options, signal }),
    );
  }

  async putFiles(
    files: readonly BatchFile[],
    options: PutFilesOptions = {},
  ): Promise<readonly PutFileResult[]> {
    return inject(this.#plan, "batch.putFiles", options.signal, (signal) =>
      this.#batch.putFiles(files, { ...options, signal }),
    );
  }

  async keep(blobs: readonly BlobInfo[], options: KeepOptions = {}): Promise<readonly BlobInfo[]> {
    return inject(this.#plan, "batch.keep", options.signal, (signal) =>
      this.#batch.keep(blobs, { ...options, signal }),
    );
  }

  settle(): void {
    this.#batch.settle?.();
  }

  async commit(options: OperationOptions = {}): Promise<void> {
    return inject(this.#plan, "batch.commit", options.signal, (signal) =>
      this.#batch.commit({ signal }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#batch[Symbol.asyncDispose]();
  }
}
