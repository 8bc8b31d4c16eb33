import { availableParallelism } from "node:os";
import { openWorkerLane, siblingModule, spreadTasks, type WorkerLane } from "@reseal/store";
import type { ArtifactsConfig } from "./artifacts-config.ts";
import { type CompactionTask, compactOne } from "./compact-one.ts";
import type { CompactionResult } from "./compaction-report.ts";
import type { CompactionFile } from "./plan-compaction.ts";

/** Less than this is done sooner than a thread is started. */
const bytesForThreads = 8 * 1024 * 1024;

/** The threads in which files are compacted, this one among them. */
export class CompactionLanes implements AsyncDisposable {
  readonly #folder: string;
  readonly #config: CompactionTask["config"];
  readonly #threads: WorkerLane<CompactionTask, CompactionResult>[] = [];

  /** @param files All that will be compacted. */
  constructor(folder: string, config: ArtifactsConfig, files: readonly CompactionFile[]) {
    this.#folder = folder;
    this.#config = { jsonl: config.jsonl, markdown: config.markdown };
    const bytes = files.reduce((sum, { file }) => sum + file.size, 0);
    const wanted = Math.min(config.parallelWorkers, availableParallelism(), files.length) - 1;
    for (let count = 0; bytes >= bytesForThreads && count < wanted; count += 1)
      this.#threads.push(openWorkerLane(siblingModule(import.meta.url, "compact-worker")));
  }

  /** Compact files, or only try it; the results are in the order of the files. */
  async compact(
    files: readonly CompactionFile[],
    options: {
      readonly isDryRun: boolean;
      readonly signal: AbortSignal | undefined;
      readonly onDone: (file: CompactionFile) => void;
    },
  ): Promise<readonly CompactionResult[]> {
    const results = new Array<CompactionResult>(files.length);
    const numbered = files.map((planned, index) => ({ planned, index }));
    // The largest first, so that no thread is left with one at the end.
    numbered.sort((a, b) => b.planned.file.size - a.planned.file.size || a.index - b.index);
    const laneOf =
      (run: (task: CompactionTask) => Promise<CompactionResult>) =>
      ({ planned, index }: (typeof numbered)[number]): Promise<CompactionResult> => {
        options.signal?.throwIfAborted();
        const { entry, file, kind } = planned;
        return run({
          folder: this.#folder,
          config: this.#config,
          target: { entry: { id: entry.id, family: entry.family }, file, kind },
          writer: options.isDryRun ? undefined : index,
        });
      };
    const lanes = [
      laneOf(compactOne),
      ...this.#threads.map((thread) => laneOf((task) => thread.run(task))),
    ];
    await spreadTasks(numbered, lanes, (result, { planned, index }) => {
      results[index] = result;
      options.onDone(planned);
    });
    return results;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread[Symbol.asyncDispose]()));
  }
}
