import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openWorkerLane, siblingModule, type WorkerLane } from "@reseal/store";
import type { PackTask } from "./pack-batch.ts";
import { type DeflateLevel, type PackedBatch, type PackItem, packBatch } from "./pack-batch.ts";

type Lane = WorkerLane<PackTask, PackedBatch>;

/** Threads that make records of small files. */
export interface DeflatePool extends AsyncDisposable {
  /** How many batches it works on at once. */
  readonly width: number;
  /** Make the records of a batch, which must not change meanwhile. */
  pack(bytes: Uint8Array, items: readonly PackItem[]): Promise<PackedBatch>;
}

const threadsMax = 4;

/**
 * Open a pool. Threads cost some 40 ms and 10 MiB each, so that little work is done in this thread;
 * so is all of it where an application was bundled without the worker's module.
 */
export function openDeflatePool(level: DeflateLevel, isWorthThreads: boolean): DeflatePool {
  const module = siblingModule(import.meta.url, "deflate-worker");
  const isThreaded = isWorthThreads && level > 0 && existsSync(fileURLToPath(module));
  return isThreaded ? new ThreadPool(level, module) : new OwnThread(level);
}

class OwnThread implements DeflatePool {
  readonly width = 1;
  readonly #level: DeflateLevel;

  constructor(level: DeflateLevel) {
    this.#level = level;
  }

  async pack(bytes: Uint8Array, items: readonly PackItem[]): Promise<PackedBatch> {
    await nextTurn(); // Others have their turn between batches.
    return packBatch({ bytes, items, level: this.#level });
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

class ThreadPool implements DeflatePool {
  readonly width: number = Math.min(threadsMax, availableParallelism());
  readonly #level: DeflateLevel;
  readonly #lanes: readonly Lane[];
  readonly #idle: Lane[];
  readonly #waiting: ((lane: Lane) => void)[] = [];

  constructor(level: DeflateLevel, module: URL) {
    this.#level = level;
    this.#lanes = Array.from({ length: this.width }, () =>
      openWorkerLane<PackTask, PackedBatch>(module),
    );
    this.#idle = [...this.#lanes];
  }

  async pack(bytes: Uint8Array, items: readonly PackItem[]): Promise<PackedBatch> {
    const lane = this.#idle.pop() ?? (await new Promise<Lane>((take) => this.#waiting.push(take)));
    try {
      return await lane.run({ bytes, items, level: this.#level });
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
