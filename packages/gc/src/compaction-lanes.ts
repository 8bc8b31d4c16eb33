import { availableParallelism } from "node:os";
import { openWorkerLane, siblingModule, spreadTasks, type WorkerLane } from "@reseal/store";
import type { ArtifactsConfig } from "./artifacts-config.ts";
import { type CompactionTask, compactOne } from "./compact-one.ts";
import type { CompactionResult } from "./compaction-report.ts";
import type { CompactionFile } from "./plan-compaction.ts";
import { type RestoreTask, restoreOne } from "./restore-one.ts";

/** Less than this is done sooner than a thread is started. */
const bytesForThreads = 8 * 1024 * 1024;

/** A compacted file, or one to be. */
type CompactFile = Pick<CompactionFile, "entry" | "file">;

interface LaneOptions<File> {
  readonly isDryRun: boolean;
  readonly signal: AbortSignal | undefined;
  readonly onDone: (file: File) => void;
}

interface Work<File, Task> {
  readonly here: (task: Task) => Promise<CompactionResult>;
  readonly taskOf: (file: File, writer: number | undefined) => Task;
}

/** The threads in which files are compacted and brought back, this one among them. */
export class CompactionLanes implements AsyncDisposable {
  readonly #folder: string;
  readonly #config: CompactionTask["config"];
  readonly #threads: WorkerLane<CompactionTask | RestoreTask, CompactionResult>[] = [];

  /** @param files All that will be compacted or brought back. */
  constructor(folder: string, config: ArtifactsConfig, files: readonly CompactFile[]) {
    this.#folder = folder;
    this.#config = { jsonl: config.jsonl, markdown: config.markdown };
    const bytes = files.reduce((sum, { file }) => sum + file.size, 0);
    const wanted = Math.min(config.parallelWorkers, availableParallelism(), files.length) - 1;
    for (let count = 0; bytes >= bytesForThreads && count < wanted; count += 1)
      this.#threads.push(openWorkerLane(siblingModule(import.meta.url, "compact-worker")));
  }

  /** Compact files, or only try it; the results are in the order of the files. */
  compact(
    files: readonly CompactionFile[],
    options: LaneOptions<CompactionFile>,
  ): Promise<readonly CompactionResult[]> {
    return this.#spread(files, options, {
      here: compactOne,
      taskOf: ({ entry: { id, family }, file, kind }, writer): CompactionTask => ({
        folder: this.#folder,
        config: this.#config,
        target: { entry: { id, family }, file, kind },
        writer,
      }),
    });
  }

  /** Bring originals back, or only try it; the results are in the order of the files. */
  restore(
    files: readonly CompactFile[],
    options: LaneOptions<CompactFile>,
  ): Promise<readonly CompactionResult[]> {
    return this.#spread(files, options, {
      here: restoreOne,
      taskOf: ({ entry: { id, family }, file }, writer): RestoreTask => ({
        folder: this.#folder,
        compact: { entry: { id, family }, file },
        writer,
      }),
    });
  }

  async #spread<File extends CompactFile, Task extends CompactionTask | RestoreTask>(
    files: readonly File[],
    { isDryRun, signal, onDone }: LaneOptions<File>,
    { here, taskOf }: Work<File, Task>,
  ): Promise<readonly CompactionResult[]> {
    const results = new Array<CompactionResult>(files.length);
    const numbered = files.map((file, index) => ({ file, index }));
    // The largest first, so that no thread is left with one at the end.
    numbered.sort((a, b) => b.file.file.size - a.file.file.size || a.index - b.index);
    const laneOf =
      (run: (task: Task) => Promise<CompactionResult>) =>
      ({ file, index }: (typeof numbered)[number]): Promise<CompactionResult> => {
        signal?.throwIfAborted();
        return run(taskOf(file, isDryRun ? undefined : index));
      };
    const lanes = [
      laneOf(here),
      ...this.#threads.map((thread) => laneOf((task) => thread.run(task))),
    ];
    await spreadTasks(numbered, lanes, (result, { file, index }) => {
      results[index] = result;
      onDone(file);
    });
    return results;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread[Symbol.asyncDispose]()));
  }
}
