import { availableParallelism } from "node:os";
import { openWorkerLane, siblingModule, spreadTasks, type WorkerLane } from "@reseal/store";
import { type FileFacts, type FileStamp, type HashTask, hashTask } from "./hash-task.ts";

/** How to read many files. */
export interface HashOptions {
  /** Threads at most; the result does not depend on it. */
  readonly workers: number;
  readonly bufferBytes: number;
  readonly signal?: AbortSignal | undefined;
  /** Told of files and bytes read so far. */
  readonly onProgress?:
    | ((done: { readonly files: number; readonly bytes: number }) => void)
    | undefined;
}

/** A file to be read; the size is only used to divide the work. */
export interface FileToHash {
  /** Relative to the folder. */
  readonly path: string;
  readonly size: number;
  /** Its stat record, of a regular file, when that is known. */
  readonly stamp?: FileStamp | undefined;
}

const filesInTask = 64;
const bytesInTask = 8 * 1024 * 1024;
/** Less than this is done sooner than a thread is started. */
const filesForThreads = 256;
const bytesForThreads = 32 * 1024 * 1024;

/**
 * Digest files of a folder. Symbolic links are not followed.
 * @returns facts in the order of the files; what cannot be read says why.
 */
export async function hashFiles(
  folder: string,
  files: readonly FileToHash[],
  { workers, bufferBytes, signal, onProgress }: HashOptions,
): Promise<readonly FileFacts[]> {
  const results = new Array<FileFacts>(files.length);
  const parts = divide(files);
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const isLarge = files.length >= filesForThreads || bytes >= bytesForThreads;
  const wanted = Math.min(workers, availableParallelism(), parts.length) - 1;
  const threads: WorkerLane<HashTask, FileFacts[]>[] = [];
  for (let count = 0; isLarge && count < wanted; count += 1)
    threads.push(openWorkerLane(siblingModule(import.meta.url, "hash-worker")));
  let doneFiles = 0;
  let doneBytes = 0;
  const inTurn =
    (run: (task: HashTask) => Promise<FileFacts[]>) =>
    async ({ start, files: some }: Part): Promise<{ start: number; facts: FileFacts[] }> => {
      signal?.throwIfAborted();
      const paths = some.map(({ path }) => path);
      const stamps = some.map(({ stamp }) => stamp);
      return { start, facts: await run({ folder, paths, stamps, bufferBytes }) };
    };
  try {
    const own = inTurn(async (task) => {
      await new Promise((resolve) => setImmediate(resolve)); // Others have their turn.
      return hashTask(task);
    });
    const lanes = [own, ...threads.map((thread) => inTurn((task) => thread.run(task)))];
    await spreadTasks(parts, lanes, ({ start, facts }) => {
      for (const [index, fact] of facts.entries()) results[start + index] = fact;
      doneFiles += facts.length;
      doneBytes += facts.reduce((sum, fact) => sum + fact.size, 0);
      onProgress?.({ files: doneFiles, bytes: doneBytes });
    });
  } finally {
    await Promise.all(threads.map((thread) => thread[Symbol.asyncDispose]()));
  }
  return results;
}

interface Part {
  readonly start: number;
  readonly files: readonly FileToHash[];
}

function divide(files: readonly FileToHash[]): Part[] {
  const parts: Part[] = [];
  let start = 0;
  let bytes = 0;
  for (const [index, { size }] of files.entries()) {
    if (index - start === filesInTask || (bytes > 0 && bytes + size > bytesInTask)) {
      parts.push({ start, files: files.slice(start, index) });
      start = index;
      bytes = 0;
    }
    bytes += size;
  }
  if (start < files.length) parts.push({ start, files: files.slice(start) });
  return parts;
}
