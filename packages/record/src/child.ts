import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { recordErrors } from "./errors.ts";
import { openGroupWitness } from "./group-witness.ts";

/** How a child ended. */
export type ChildExit = { readonly code: number } | { readonly signal: NodeJS.Signals };

/** Signals that a recorder hands on to its child. */
export type ForwardedSignal = "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGQUIT";

/** Where signals come from; the app binds it to its process. */
export interface SignalSource {
  /** The terminal signals the whole foreground group: the child gets its SIGINT without us. */
  readonly reachesChild: boolean;
  /** Listen; call what it returns to stop. */
  subscribe(listener: (signal: ForwardedSignal) => void): () => void;
}

/** Takes a chunk; a returned promise asks for a pause until it resolves. */
export type OutputSink = (chunk: Buffer) => Promise<void> | undefined;

/** What {@link runChild} needs. */
export interface ChildOptions {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `inherit` hands the caller's standard input to the child. */
  readonly stdin: "inherit" | "ignore";
  /** Takes the output as it comes; a promise holds the child back until it resolves. */
  readonly onStdout: OutputSink;
  readonly onStderr: OutputSink;
  readonly onStart: (pid: number) => void;
  readonly signals?: SignalSource | undefined;
  /** Ends the child, as a second Ctrl-C does. */
  readonly signal?: AbortSignal | undefined;
  /** How long to read on after the child's end at most, whatever a grandchild writes. */
  readonly drainMsMax?: number | undefined;
}

/** How the child ended and the signal, if any, that we were told to hand on. */
export interface ChildResult {
  readonly exit: ChildExit;
  readonly interruptedBy: ForwardedSignal | undefined;
}

/** How long after its child's end our own copy of a signal may come, in milliseconds. */
const newsMs = 100;
/** How long a child may take to end after a second signal, in milliseconds. */
const graceMs = 2_000;
/** How long we read on after the child's end while a grandchild holds its output open. */
const drainMs = 500;

/**
 * Run a child to its end, however it ends.
 *
 * The first signal is handed on, unless the terminal has sent it to the child as well, and the
 * child may end in its own way; a second one kills it.
 * @throws `RECORD_COMMAND_NOT_FOUND`, `RECORD_COMMAND_NOT_EXECUTABLE`
 */
export async function runChild(options: ChildOptions): Promise<ChildResult> {
  const [file = "", ...args] = options.argv;
  const isOwnGroup = options.signals?.reachesChild !== true;
  // First: between the child's start and the listening there must be no moment to spare.
  using witness = isOwnGroup ? undefined : openGroupWitness();
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: { ...options.env },
    stdio: [options.stdin, "pipe", "pipe"],
    detached: isOwnGroup,
  });
  const stdout = new Feed(child.stdout, options.onStdout);
  const stderr = new Feed(child.stderr, options.onStderr);
  let interruptedBy: ForwardedSignal | undefined;
  const handOn = async (signal: ForwardedSignal): Promise<void> => {
    const isOfTerminal = signal === "SIGINT" || signal === "SIGQUIT";
    if (isOfTerminal && (await witness?.sawIt()) === true) return;
    send(child, signal, isOwnGroup);
  };
  const unsubscribe = options.signals?.subscribe((signal) => {
    if (interruptedBy !== undefined) {
      end(child, isOwnGroup);
      return;
    }
    interruptedBy = signal;
    void handOn(signal);
  });
  const abort = (): void => end(child, isOwnGroup);
  options.signal?.addEventListener("abort", abort);
  try {
    await started(child, options);
    const exit = await ended(child);
    const { drainMsMax = 5_000 } = options;
    await Promise.all([stdout.drained(drainMsMax), stderr.drained(drainMsMax)]);
    // What the terminal sent to both may end the child before we are told.
    if (witness !== undefined && "signal" in exit && interruptedBy === undefined)
      await new Promise((resolve) => setTimeout(resolve, newsMs));
    return { exit, interruptedBy };
  } finally {
    unsubscribe?.();
    options.signal?.removeEventListener("abort", abort);
  }
}

/** Hands a stream on to a sink, no faster than the sink takes it. */
class Feed {
  readonly #stream: Readable;
  #waits = 0;

  constructor(stream: Readable, sink: OutputSink) {
    this.#stream = stream;
    stream.on("data", (chunk: Buffer) => {
      const wait = sink(chunk);
      if (wait === undefined) return;
      this.#waits += 1;
      stream.pause();
      void wait.finally(() => {
        this.#waits -= 1;
        // At the child's end Node resumes the stream itself, so there may be several.
        if (this.#waits === 0) stream.resume();
      });
    });
    // A pipe that breaks has ended; what was read of it counts.
    stream.on("error", () => stream.destroy());
  }

  /**
   * Read to the end; a daemon that inherited the pipe does not keep us for ever. Time in which the
   * sink, not the daemon, makes us wait does not count.
   */
  drained(drainMsMax: number): Promise<void> {
    const stream = this.#stream;
    return new Promise((resolve) => {
      let [idleMs, allMs] = [0, 0];
      const tick = setInterval(() => {
        if (this.#waits > 0) return;
        idleMs += tickMs;
        allMs += tickMs;
        if (idleMs >= drainMs || allMs >= drainMsMax) finish();
      }, tickMs);
      const finish = (): void => {
        clearInterval(tick);
        stream.destroy();
        resolve();
      };
      stream.on("data", () => {
        idleMs = 0;
      });
      if (stream.closed || stream.readableEnded) finish();
      else stream.once("close", finish).once("end", finish);
    });
  }
}

/** How often we look whether the output has ended, in milliseconds. */
const tickMs = 50;

function started(child: ChildProcess, { argv, cwd, onStart }: ChildOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once("spawn", () => {
      try {
        if (child.pid !== undefined) onStart(child.pid);
        resolve();
      } catch (error) {
        child.kill("SIGKILL"); // Nobody could find out later that it had been started.
        reject(error);
      }
    });
    child.once("error", (cause: NodeJS.ErrnoException) => {
      const name = JSON.stringify(argv[0] ?? "");
      if (cause.code === "ENOENT")
        reject(recordErrors.COMMAND_NOT_FOUND(`Command ${name} was not found from ${cwd}.`));
      else if (cause.code === "EACCES" || cause.code === "ENOEXEC")
        reject(recordErrors.COMMAND_NOT_EXECUTABLE(`Command ${name} cannot be executed.`));
      else reject(cause);
    });
  });
}

function ended(child: ChildProcess): Promise<ChildExit> {
  return new Promise((resolve) => {
    const settle = (code: number | null, signal: NodeJS.Signals | null): void =>
      resolve(signal === null ? { code: code ?? 0 } : { signal });
    if (child.exitCode !== null || child.signalCode !== null)
      settle(child.exitCode, child.signalCode);
    else child.once("exit", settle);
  });
}

function end(child: ChildProcess, isOwnGroup: boolean): void {
  send(child, "SIGTERM", isOwnGroup);
  setTimeout(() => send(child, "SIGKILL", isOwnGroup), graceMs).unref();
}

function send(child: ChildProcess, signal: NodeJS.Signals, isOwnGroup: boolean): void {
  if (child.pid === undefined) return;
  try {
    process.kill(isOwnGroup ? -child.pid : child.pid, signal);
  } catch {
    // The child or its group has ended between the signal and now.
  }
}
