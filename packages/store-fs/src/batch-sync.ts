import type { FsSync } from "./fs-sync.ts";

/** From so many files on, a sync begins before the commit: the disk works while we do. */
const earlyFiles = 256;
/** After so many bytes the disk is told to begin. */
const earlyBytes = 48 * 1024 * 1024;

/**
 * Makes the files of a batch durable, many of them before anybody waits for it.
 *
 * The error of a sync is the batch's, whenever it happened: a disk that said no once may say yes
 * the next time, and have lost the data.
 */
export class BatchSync {
  readonly #sync: FsSync;
  /** Written, but no sync has begun since. */
  #paths: string[] = [];
  #atWork: Promise<void> = Promise.resolve();
  #isBeginning = false;
  #announcedBytes = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(sync: FsSync) {
    this.#sync = sync;
  }

  /** Count a file, which is written and closed. */
  add(path: string): void {
    this.#paths.push(path);
  }

  /** Told of how many bytes a call has written so far, let the disk begin with them. */
  written(bytes: number): void {
    if (bytes < this.#announcedBytes) this.#announcedBytes = 0; // Another call.
    if (this.#isBeginning || bytes - this.#announcedBytes < earlyBytes) return;
    this.#announcedBytes = bytes;
    this.#isBeginning = true;
    this.#work(
      this.#sync.begin().finally(() => {
        this.#isBeginning = false;
      }),
    );
  }

  /** Begin to make durable what was added, if it is much. */
  begin(): void {
    if (this.#paths.length < earlyFiles) return;
    const paths = this.#paths;
    this.#paths = [];
    this.#work(this.#sync.files(paths));
  }

  /** @throws what any of the syncs came to. */
  async finish(): Promise<void> {
    await this.#atWork;
    if (this.#failure !== undefined) throw this.#failure.error;
    const paths = this.#paths;
    this.#paths = [];
    await this.#sync.files(paths);
  }

  #work(work: Promise<void>): void {
    const guarded = work.catch((error: unknown) => {
      this.#failure ??= { error };
    });
    const before = this.#atWork;
    this.#atWork = guarded.then(() => before);
  }
}
