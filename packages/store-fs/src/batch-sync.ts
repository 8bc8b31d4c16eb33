import { EarlySync } from "@reseal/store";
import type { FsSync } from "./fs-sync.ts";

/** From so many files on, a sync begins before the commit: the disk works while we do. */
const earlyFiles = 256;

/**
 * Makes the files of a batch durable, many of them before anybody waits for it.
 *
 * The error of a sync is the batch's, whenever it happened: a disk that said no once may say yes
 * the next time, and have lost the data.
 */
export class BatchSync {
  readonly #sync: FsSync;
  readonly #early: EarlySync;
  /** Written, but no sync has begun since. */
  #paths: string[] = [];
  #atWork: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;

  constructor(sync: FsSync) {
    this.#sync = sync;
    this.#early = new EarlySync(() => sync.begin());
  }

  /** Count a file, which is written and closed. */
  add(path: string): void {
    this.#paths.push(path);
  }

  /** Told of how many bytes a call has written so far, let the disk begin with them. */
  written(bytes: number): void {
    this.#early.written(bytes);
  }

  /** Begin to make durable what was added, if it is much. */
  begin(): void {
    if (this.#paths.length < earlyFiles) return;
    const paths = this.#paths;
    this.#paths = [];
    const before = this.#atWork;
    const work = this.#sync.files(paths).catch((error: unknown) => {
      this.#failure ??= { error };
    });
    this.#atWork = work.then(() => before);
  }

  /** @throws what any of the syncs came to. */
  async finish(): Promise<void> {
    await this.#atWork;
    if (this.#failure !== undefined) throw this.#failure.error;
    await this.#early.finish();
    const paths = this.#paths;
    this.#paths = [];
    await this.#sync.files(paths);
  }
}
