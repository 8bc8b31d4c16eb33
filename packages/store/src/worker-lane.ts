import { parentPort, Worker } from "node:worker_threads";
import { isResealError, ResealError } from "@reseal/errors";
import { storeErrors } from "./errors.ts";

/** A thread that does one task after the other. */
export interface WorkerLane<Task, Result, Part = never> extends AsyncDisposable {
  /**
   * Do a task. What is thrown there is thrown here.
   * @param take Told of what the task gives on its way, in order and before its end.
   * @throws `STORE_WORKER_FAILED` when the thread ends before the task does.
   */
  run(task: Task, take?: (part: Part) => void): Promise<Result>;
}

type Reply<Result, Part> =
  | { readonly ok: true; readonly result: Result }
  | { readonly ok: "part"; readonly part: Part }
  | { readonly ok: false; readonly error: PlainError };

/** What of an error goes from thread to thread: class and brand do not. */
interface PlainError {
  readonly message: string;
  readonly name: string;
  readonly stack: string | undefined;
  readonly reseal:
    | Pick<ResealError, "code" | "hint" | "exitCode" | "httpStatus" | "details">
    | undefined;
}

/** Do not let the young objects of a thread grow as in a main thread; in MiB. */
const youngGenerationMax = 4;

/**
 * Start a thread that runs a module, which calls {@link serveTasks}.
 *
 * It does not keep the process alive while it has nothing to do.
 * @param module See {@link siblingModule}.
 */
export function openWorkerLane<Task, Result, Part = never>(
  module: URL,
): WorkerLane<Task, Result, Part> {
  return new ThreadLane(module);
}

/**
 * The URL of a module beside the caller's, with the same ending. It holds for sources, for built
 * packages and for a bundle that has the module as an entry of its own.
 * @param caller `import.meta.url`
 */
export function siblingModule(caller: string, name: string): URL {
  return new URL(`./${name}${caller.endsWith(".ts") ? ".ts" : ".js"}`, caller);
}

/**
 * In the module of a {@link openWorkerLane}: do each task that comes.
 * @param work Calls `give` for what is to be known before the task has ended.
 */
export function serveTasks<Task, Result, Part = never>(
  work: (task: Task, give: (part: Part) => void) => Promise<Result>,
): void {
  parentPort?.on("message", (task: Task) => {
    const reply = (message: Reply<Result, Part>): void => parentPort?.postMessage(message);
    work(task, (part) => reply({ ok: "part", part })).then(
      (result) => reply({ ok: true, result }),
      (error: unknown) => reply({ ok: false, error: flatten(error) }),
    );
  });
}

/**
 * Give tasks to whichever lane is free, and each result to `take`. After an error no task is
 * begun; those at work are waited for, then the first error is thrown.
 */
export async function spreadTasks<Task, Result>(
  tasks: Iterable<Task>,
  lanes: readonly ((task: Task) => Promise<Result>)[],
  take: (result: Result, task: Task) => void,
): Promise<void> {
  const rest = tasks[Symbol.iterator]();
  let hasFailed = false;
  const drive = async (lane: (task: Task) => Promise<Result>): Promise<void> => {
    try {
      for (let next = rest.next(); !hasFailed && next.done !== true; next = rest.next())
        take(await lane(next.value), next.value);
    } catch (error) {
      hasFailed = true;
      throw error;
    }
  };
  for (const result of await Promise.allSettled(lanes.map(drive)))
    if (result.status === "rejected") throw result.reason;
}

class ThreadLane<Task, Result, Part> implements WorkerLane<Task, Result, Part> {
  readonly #worker: Worker;
  #pending: PromiseWithResolvers<Result> | undefined;
  #take: ((part: Part) => void) | undefined;
  #failure: Error | undefined;
  #isEnding = false;

  constructor(module: URL) {
    this.#worker = new Worker(module, {
      name: "reseal",
      env: {},
      resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMax },
    });
    this.#worker.on("message", (reply: Reply<Result, Part>) => this.#settle(reply));
    this.#worker.on("error", (error) => this.#fail(error instanceof Error ? error : undefined));
    this.#worker.on("exit", () => this.#fail(undefined));
    this.#worker.unref();
  }

  async run(task: Task, take?: (part: Part) => void): Promise<Result> {
    if (this.#failure !== undefined) throw this.#failure;
    const pending = Promise.withResolvers<Result>();
    this.#pending = pending;
    this.#take = take;
    this.#worker.ref(); // Somebody waits.
    this.#worker.postMessage(task);
    return pending.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true; // A late reply must not let the process end before the thread has.
    await this.#worker.terminate();
  }

  #settle(reply: Reply<Result, Part>): void {
    if (reply.ok === "part") {
      this.#take?.(reply.part);
      return;
    }
    const pending = this.#pending;
    this.#pending = undefined;
    if (!this.#isEnding) this.#worker.unref();
    if (reply.ok) pending?.resolve(reply.result);
    else pending?.reject(restore(reply.error));
  }

  #fail(cause: Error | undefined): void {
    const why = cause === undefined ? "it ended" : cause.message;
    this.#failure ??= storeErrors.WORKER_FAILED(`A helper thread failed: ${why}.`, { cause });
    this.#pending?.reject(this.#failure);
    this.#pending = undefined;
  }
}

function flatten(error: unknown): PlainError {
  const { message, name, stack } = error instanceof Error ? error : new Error(String(error));
  if (!isResealError(error)) return { message, name, stack, reseal: undefined };
  const { code, hint, exitCode, httpStatus, details } = error;
  return { message, name, stack, reseal: { code, hint, exitCode, httpStatus, details } };
}

function restore({ message, name, stack, reseal }: PlainError): Error {
  const error =
    reseal === undefined
      ? new Error(message)
      : new ResealError(reseal.code, message, reseal, { details: reseal.details });
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}
