import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openWorkerLane, siblingModule, type WorkerLane } from "@reseal/store";
import { type PackedItem, type PackTask, packBatch } from "./pack-batch.ts";

type Lane = WorkerLane<PackTask, PackedItem[]>;

/** Threads that make records of small files. */
export interface DeflatePool extends AsyncDisposable {
  /** How many batches it works on at once. */
  readonly width: number;
  /** Make the records of a batch, whose bytes must not change meanwhile. */
  pack(task: PackTask): Promise<PackedItem[]>;
}

const threadsMax = 4;

/**
 * Open a pool. Threads cost some 40 ms and 10 MiB each, so that little work is done in this thread;
 * so is all of it where an application was bundled without the worker's module.
 */
export function openDeflatePool(isWorthThreads: boolean): DeflatePool {
  const module = siblingModule(import.meta.url, "deflate-worker");
  const isThreaded = isWorthThreads && existsSync(fileURLToPath(module));
  return isThreaded ? new ThreadPool(module) : new OwnThread();
}

class OwnThread implements DeflatePool {
  readonly width = 1;

  async pack(task: PackTask): Promise<PackedItem[]> {
    await nextTurn(); // Others have their turn between batches.
    return packBatch(task);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

class ThreadPool implements DeflatePool {
  readonly width: number = Math.min(threadsMax, availableParallelism());
  readonly #lanes: readonly Lane[];
  readonly #idle: Lane[];
  readonly #waiting: ((lane: Lane) => void)[] = [];

  constructor(module: URL) {
    const lanes = { length: this.width };
    this.#lanes = Array.from(lanes, () => openWorkerLane<PackTask, PackedItem[]>(module));
    this.#idle = [...this.#lanes];
  }

  async pack(task: PackTask): Promise<PackedItem[]> {
    const lane = this.#idle.pop() ?? (await new Promise<Lane>((take) => this.#waiting.push(take)));
    try {
      return await lane.run(task);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#idle.push(lane);
      else next(lane);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane[Symbol.asyncDispose]()));
  }
}
