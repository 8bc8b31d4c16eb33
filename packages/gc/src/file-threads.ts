import { availableParallelism } from "node:os";
import { openWorkerLane, siblingModule, type WorkerLane } from "@reseal/store";
import { FileTable, type FileTask, type Tick, workOn } from "./file-task.ts";

/** How files are looked at or read. */
export interface FileWork {
  /** Absolute. */
  readonly folder: string;
  /** Relative to the folder, as a list or with a NUL between them. */
  readonly paths: readonly string[] | string;
  readonly signal?: AbortSignal | undefined;
  /** Told of files and bytes done so far. */
  readonly onProgress?:
    | ((done: { readonly files: number; readonly bytes: number }) => void)
    | undefined;
}

/** How files are read. */
export interface ReadWork extends FileWork {
  readonly paths: readonly string[];
  readonly bufferBytes: number;
  /** How many bytes they have, where that is known; it only decides whether threads are worth it. */
  readonly bytes?: number | undefined;
  /** A table of the files, with the stat records of those that are known. */
  readonly table?: FileTable | undefined;
  /** Files that have not changed since need not be asked before they are read. */
  readonly tick?: Tick | undefined;
}

/** Less than this is done sooner than a thread is started. */
const readsForThreads = 256;
const looksForThreads = 4096;
const bytesForThreads = 32 * 1024 * 1024;
/** For so long others wait for their turn in the main thread. */
const turnMs = 20;

/**
 * Threads that look at files and read them beside the main one. They are started when there is
 * enough to do, and kept for what comes next.
 */
export class FileThreads implements AsyncDisposable {
  readonly #wanted: number;
  #lanes: Lane[] = [];

  /** @param workers Threads at most, the main one among them; results do not depend on it. */
  constructor(workers: number) {
    this.#wanted = Math.min(workers, availableParallelism()) - 1;
  }

  /** Start them: there will be much to do soon. */
  start(): void {
    while (this.#lanes.length < this.#wanted) this.#lanes.push(new Lane());
  }

  /** Told how many files there are, once they are listed so far. */
  expect(files: number): void {
    if (files >= looksForThreads) this.start();
  }

  /** Look at files without opening them: what is gone has a problem instead of a stat record. */
  async look(work: FileWork): Promise<FileTable> {
    const paths = typeof work.paths === "string" ? work.paths.split("\0") : work.paths;
    const table = new FileTable(paths.length);
    const isShared = paths.length >= looksForThreads;
    await this.#do(work, paths, table, { isRead: false, bufferBytes: 0, isShared });
    return table;
  }

  /** Digest files. Symbolic links are not followed. */
  async read(work: ReadWork): Promise<FileTable> {
    const { paths, bufferBytes, bytes = 0, tick, table = new FileTable(paths.length) } = work;
    const isShared = paths.length >= readsForThreads || bytes >= bytesForThreads;
    await this.#do(work, paths, table, { isRead: true, bufferBytes, isShared, tick });
    return table;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const lanes = this.#lanes;
    this.#lanes = [];
    await Promise.all(lanes.map((lane) => lane[Symbol.asyncDispose]()));
  }

  async #do(
    { folder, paths: text, signal, onProgress }: FileWork,
    paths: readonly string[],
    table: FileTable,
    how: Pick<FileTask, "isRead" | "bufferBytes" | "tick"> & { readonly isShared: boolean },
  ): Promise<void> {
    if (paths.length === 0) return;
    const { isShared, ...asked } = how;
    const task = { folder, ...asked, memory: table.memory };
    if (isShared) this.start();
    const lanes = isShared && paths.length > 1 ? this.#lanes : [];
    const joined = lanes.length === 0 ? "" : typeof text === "string" ? text : text.join("\0");
    const others = lanes.map((lane) => lane.run({ ...task, paths: joined }));
    try {
      const goOn = workOn(task, paths);
      for (let start = performance.now(); goOn(); )
        if (performance.now() - start > turnMs) {
          await new Promise((resolve) => setImmediate(resolve));
          signal?.throwIfAborted();
          onProgress?.(table.done);
          start = performance.now();
        }
    } catch (error) {
      table.stop();
      await Promise.allSettled(others);
      throw error;
    }
    // A thread that is not up yet has taken nothing, and will find nothing left.
    if (table.done.files < table.count) await Promise.all(others);
    onProgress?.(table.done);
  }
}

/** A task as it goes to a thread: its files with a NUL between them. */
type SharedTask = FileTask & { readonly paths: string };

/** A thread that does one task after the other; it may be given the next before it is ready. */
class Lane implements AsyncDisposable {
  readonly #lane: WorkerLane<SharedTask, void> = openWorkerLane(
    siblingModule(import.meta.url, "file-task-worker"),
  );
  #last: Promise<void> | undefined;

  run(task: SharedTask): Promise<void> {
    const before = this.#last;
    const next =
      before === undefined
        ? this.#lane.run(task)
        : before.catch(() => undefined).then(() => this.#lane.run(task));
    this.#last = next;
    const end = (): void => {
      if (this.#last === next) this.#last = undefined;
    };
    next.then(end, end); // Who waits for it is told of a failure; nobody else has to be.
    return next;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lane[Symbol.asyncDispose]();
  }
}
