import { strict as assert } from "node:assert";
import { availableParallelism } from "node:os";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type BulkOptions,
  type FileInspector,
  openWorkerLane,
  type PartReader,
  siblingModule,
  type WorkerLane,
} from "@reseal/store";
import {
  type DonePart,
  type LaneResult,
  type LaneTask,
  LaneWork,
  type TaskPart,
} from "./lane-work.ts";

/** Fewer items and fewer bytes than these are done sooner than a thread is started. */
const itemsForThreads = 128;
const bytesForThreads = 24 * 1024 * 1024;
/** Threads besides the caller's own; a disk has no use for more. */
const threadsMax = 3;
/** What one part holds at most. */
const itemsInPart = 64;
const bytesInPart = 4 * 1024 * 1024;
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
  #threads: Thread[] = [];
  #calls = 0;
  #callsAtWork = 0;
  #idleTimer: NodeJS.Timeout | undefined;

  /**
   * Divide items into parts and do them.
   *
   * All parts are sent to all threads, and each takes the next that nobody has taken: it need not
   * wait until this thread has time to send it more.
   * @throws what a part throws, or the reason of an abort; no part is at work any more then.
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
    const next = new Int32Array(new SharedArrayBuffer(4));
    const taskFor = (lane: number): LaneTask => ({
      call,
      stop,
      next,
      parts: parts.map(({ items: part }) =>
        taskOf(
          part.map(({ item }) => item),
          lane,
        ),
      ),
    });
    const failures: unknown[] = [];
    const give = ({ index, result }: DonePart): void => {
      const part = parts[index];
      assert(part !== undefined);
      try {
        take(result, part.items);
        done.items += part.items.length;
        done.bytes += part.bytes;
        onProgress?.({ ...done });
      } catch (error) {
        failures.push(error); // Not thrown into what a thread's messages arrive through.
        Atomics.store(stop, 0, 1);
      }
    };
    this.#callsAtWork += 1;
    try {
      const threads = this.#threadsFor(items.length, bytes, parts.length);
      const working = [
        ...threads.map((thread, index) => thread.run(taskFor(index + 1), give)),
        // Others have their turn between parts.
        new LaneWork(inspector, reader).do(taskFor(0), give, nextTurn),
      ];
      const end = (): void => void Atomics.store(next, 0, parts.length);
      for (const work of working) work.catch(end); // A thread that died could not say so.
      const results = await Promise.allSettled(working);
      if (failures.length > 0) throw failures[0];
      for (const result of results) if (result.status === "rejected") throw result.reason;
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

  /** Start the threads: it takes them some 50 ms, in which others can do something else. */
  prepare(): void {
    this.#start(this.#threadCount);
    this.#endWhenIdle();
  }

  /** End the threads unless somebody uses them: each holds some 30 MiB. */
  release(): void {
    if (this.#callsAtWork === 0) void this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#idleTimer);
    const threads = this.#threads;
    this.#threads = [];
    await Promise.all(threads.map((thread) => thread[Symbol.asyncDispose]()));
  }

  /** Threads for a call; none where they would not pay, or another call has them. */
  #threadsFor(itemCount: number, bytes: number, partCount: number): readonly Thread[] {
    if (itemCount < itemsForThreads && bytes < bytesForThreads) return [];
    if (this.#callsAtWork > 1) return [];
    clearTimeout(this.#idleTimer);
    const count = Math.min(this.#threadCount, partCount - 1);
    this.#start(count);
    return this.#threads.slice(0, Math.max(0, count));
  }

  #start(count: number): void {
    while (this.#threads.length < count)
      this.#threads.push(openWorkerLane(siblingModule(import.meta.url, "file-worker")));
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
  readonly taskOf: (part: readonly Item[], lane: number) => TaskPart;
  /** Told of each part's result, in no order. */
  readonly take: (result: LaneResult, part: readonly LaneItem<Item>[]) => void;
  /** For the caller's own thread; others load theirs. */
  readonly inspector?: FileInspector | undefined;
  readonly reader?: PartReader | undefined;
}

type Thread = WorkerLane<LaneTask, void, DonePart>;

interface Part<Item> {
  readonly items: readonly LaneItem<Item>[];
  readonly bytes: number;
}

/** Parts of limited size, the largest first, so that no lane is left with a large one at the end. */
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
    if (bytes + size > bytesInPart || current.length === itemsInPart) close();
    current.push({ index, size, item });
    bytes += size;
  }
  close();
  return parts.sort((a, b) => b.bytes - a.bytes);
}
