import { closeSync, existsSync, openSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { bundlePaths } from "@reseal/bundle";
import { Spool } from "@reseal/record";
import type { Stores } from "@reseal/store";
import { writeAll } from "./commands/cat.ts";
import type { CommandContext } from "./context.ts";
import { cliErrors } from "./errors.ts";

/** How often a log is looked at, in milliseconds. */
const lookMs = 100;
const chunkBytes = 64 * 1024;

/** A run that is being recorded in this store. */
export interface RunningRun {
  readonly runId: string;
  readonly folder: string;
}

/**
 * The run that is being recorded now and that a name means: `@last` is the one that started last,
 * anything else the beginning of a run id. `undefined` when none is: it may have ended.
 */
export function findRunning(stores: Pick<Stores, "local">, name: string): RunningRun | undefined {
  const scratch = join(stores.local, "tmp");
  const running = existsSync(scratch)
    ? Spool.living(scratch).map((runId) => ({ runId, folder: join(scratch, `run-${runId}`) }))
    : [];
  if (name === "@last") return running.toSorted((a, b) => startOf(b) - startOf(a))[0];
  const found = running.filter(({ runId }) => name.length >= 4 && runId.startsWith(name));
  if (found.length > 1)
    throw cliErrors.USAGE(`${name} is the beginning of ${found.length} running runs.`);
  return found[0];
}

function startOf({ folder }: RunningRun): number {
  return statSync(join(folder, "lease.json"), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/**
 * Print what a running run prints, redacted as it will be sealed, until it is sealed.
 *
 * The files stay open: what was written last can be read when their folder is gone.
 */
export async function followLog(
  context: CommandContext,
  { folder }: RunningRun,
  streams: readonly ("stdout" | "stderr")[],
): Promise<void> {
  const logs = streams.map((name) => new GrowingFile(join(folder, bundlePaths[name])));
  try {
    for (let isSealed = false; !isSealed; ) {
      isSealed = !existsSync(folder); // Looked at first: what follows is then all there is.
      for (const log of logs) await writeAll(log.news(), context.host.stdout);
      if (!isSealed) await delay(lookMs, undefined, { signal: context.signal });
    }
  } finally {
    for (const log of logs) log.close();
  }
}

/** A file that somebody else appends to. */
class GrowingFile {
  readonly #path: string;
  #file: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** What was appended since the last time. */
  async *news(): AsyncGenerator<Uint8Array> {
    this.#file ??= existsSync(this.#path) ? openSync(this.#path, "r") : undefined;
    if (this.#file === undefined) return; // The run is still being prepared.
    for (;;) {
      const chunk = Buffer.alloc(chunkBytes);
      const count = readSync(this.#file, chunk, 0, chunkBytes, null);
      if (count === 0) return;
      yield chunk.subarray(0, count);
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
