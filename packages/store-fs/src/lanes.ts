import { availableParallelism } from "node:os";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type BulkOptions,
  type FileInspector,
  openWorkerLane,
  type PartReader,
  siblingModule,
  spreadTasks,
  type WorkerLane,
} from "@reseal/store";
import { type LaneResult, type LaneTask, LaneWork } from "./lane-work.ts";

/** Fewer items and fewer bytes than these are done sooner than a thread is started. */
const itemsForThreads = 128;
const bytesForThreads = 24 * 1024 * 1024;
/** Threads besides the caller's own; a disk has no use for more. */
const threadsMax = 3;
/** What one message holds at most. */
const itemsInTask = 64;
const bytesInTask = 4 * 1024 * 1024;
/** A thread that nobody has used for so long is ended. */
const idleMs = 5000;

/** One item of a call, with its number and the bytes by which the work is divided. */
export interface LaneItem<Item> {
  readonly index: number;
  readonly size: number;
  readonly item: Item;
}

/**
 * The lanes in which a store reads and writes many files: the caller's own thread, and others that
 * are started when there is enough to do.
 */
export class Lanes implements AsyncDisposable {
  readonly #threadCount: number = Math.min(threadsMax, availableParallelism() - 1);
  #threads: WorkerLane<LaneTask, LaneResult>[] = [];
  #calls = 0;
  #callsAtWork = 0;
  #idleTimer: NodeJS.Timeout | undefined;

  /**
   * Divide items into tasks and do them.
   * @throws what a task throws, or the reason of an abort; no task is at work any more then.
   */
  async spread<Item>(
    items: readonly Item[],
    { sizeOf, taskOf, take, inspector, reader }: Spreading<Item>,
    { signal, onProgress }: BulkOptions = {},
  ): Promise<void> {
    signal?.throwIfAborted();
    if (items.length === 0) return;
    const parts = divide(items, sizeOf);
    const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
    const stop = new Int32Array(new SharedArrayBuffer(4));
    const onAbort = (): void => void Atomics.store(stop, 0, 1);
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#calls += 1;
    const call = this.#calls;
    const done = { items: 0, bytes: 0 };
    const runIn =
      (lane: number, run: (task: LaneTask) => Promise<LaneResult>) =>
      async ({ items: part }: Part<Item>): Promise<LaneResult> => {
        signal?.throwIfAborted();
        const body = taskOf(
          part.map(({ item }) => item),
          lane,
        );
        return await run({ ...body, call, stop });
      };
    this.#callsAtWork += 1;
    try {
      const own = new LaneWork(inspector, reader);
      const lanes = [
        runIn(0, async (task) => {
          await nextTurn(); // Others have their turn between tasks.
          return await own.do(task);
        }),
        ...this.#threadsFor(items.length, bytes, parts.length).map((thread, index) =>
          runIn(index + 1, (task) => thread.run(task)),
        ),
      ];
      await spreadTasks(parts, lanes, (result, part) => {
        take(result, part.items);
        done.items += part.items.length;
        done.bytes += part.bytes;
        onProgress?.({ ...done });
      });
    } catch (error) {
      // A thread may have died; the next call starts others.
      await this[Symbol.asyncDispose]();
      signal?.throwIfAborted(); // Rather than what the abort led to.
      throw error;
    } finally {
      signal?.removeEventListener("abort", onAbort);
      this.#callsAtWork -= 1;
      this.#endWhenIdle();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#idleTimer);
    const threads = this.#threads;
    this.#threads = [];
    await Promise.all(threads.map((thread) => thread[Symbol.asyncDispose]()));
  }

  /** Threads for a call; none where they would not pay, or another call has them. */
  #threadsFor(
    itemCount: number,
    bytes: number,
    partCount: number,
  ): readonly WorkerLane<LaneTask, LaneResult>[] {
    if (itemCount < itemsForThreads && bytes < bytesForThreads) return [];
    if (this.#callsAtWork > 1) return [];
    clearTimeout(this.#idleTimer);
    const count = Math.min(this.#threadCount, partCount - 1);
    while (this.#threads.length < count)
      this.#threads.push(openWorkerLane(siblingModule(import.meta.url, "file-worker")));
    return this.#threads.slice(0, Math.max(0, count));
  }

  #endWhenIdle(): void {
    clearTimeout(this.#idleTimer);
    if (this.#threads.length === 0 || this.#callsAtWork > 0) return;
    this.#idleTimer = setTimeout(() => void this[Symbol.asyncDispose](), idleMs);
    this.#idleTimer.unref();
  }
}

/** How {@link Lanes.spread} treats the items of a call. */
export interface Spreading<Item> {
  readonly sizeOf: (item: Item) => number;
  readonly taskOf: (part: readonly Item[], lane: number) => TaskBody;
  /** Told of each task's result, in no order. */
  readonly take: (result: LaneResult, part: readonly LaneItem<Item>[]) => void;
  /** For the caller's own thread; others load theirs. */
  readonly inspector?: FileInspector | undefined;
  readonly reader?: PartReader | undefined;
}

/** A task without what every task has. */
export type TaskBody = LaneTask extends infer Task
  ? Task extends LaneTask
    ? Omit<Task, "call" | "stop">
    : never
  : never;

interface Part<Item> {
  readonly items: readonly LaneItem<Item>[];
  readonly bytes: number;
}

/** Tasks of limited size, the largest first, so that no lane is left with a large one at the end. */
function divide<Item>(items: readonly Item[], sizeOf: (item: Item) => number): Part<Item>[] {
  const parts: Part<Item>[] = [];
  let current: LaneItem<Item>[] = [];
  let bytes = 0;
  const close = (): void => {
    if (current.length > 0) parts.push({ items: current, bytes });
    current = [];
    bytes = 0;
  };
  for (const [index, item] of items.entries()) {
    const size = sizeOf(item);
    if (bytes + size > bytesInTask || current.length === itemsInTask) close();
    current.push({ index, size, item });
    bytes += size;
  }
  close();
  return parts.sort((a, b) => b.bytes - a.bytes);
}
