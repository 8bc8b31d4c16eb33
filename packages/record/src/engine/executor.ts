import type { JsonObject } from "@reseal/hash";
import type { RunEvent } from "@reseal/schema";
import type { RunIo, RunRequest } from "../run-request.ts";
import type { Graph } from "./graph.ts";

/** An event that an executor tells of. */
export interface ExecutorEvent {
  /** Two or more dotted words, for example `fit.converged`. */
  readonly type: string;
  /** `info` unless given. */
  readonly severity?: RunEvent["severity"] | undefined;
  readonly attrs?: JsonObject | undefined;
}

/** Options of a span. */
export interface SpanOptions {
  /** The row of the timeline that it is drawn in; the name of the executor unless given. */
  readonly lane?: string | undefined;
  readonly attributes?: Readonly<Record<string, string>> | undefined;
}

/**
 * What an executor in this process gets: what it was asked, and the ways to tell what it does.
 *
 * Everything told is written at once, so that a crash loses nothing of it, and redacted before it
 * is sealed. After the run has ended every method throws `RECORD_RUN_ENDED`.
 */
export interface ExecutionContext {
  /** As it was asked for; an executor that draws random numbers takes them from it alone. */
  readonly seed: number | string | undefined;
  readonly parameters: JsonObject;
  /** The calibration state that the run starts from. */
  readonly calibration: JsonObject | undefined;
  /** Aborted when the run is to end early; it is then sealed as interrupted. */
  readonly signal: AbortSignal;
  /** Append an event to `events.jsonl`. */
  emit(event: ExecutorEvent): void;
  /**
   * Append a control event: something that was set on a device or simulator. Its type is
   * `control.<name>` and its attributes have `control: true`.
   */
  control(name: string, attrs?: JsonObject): void;
  /**
   * Note the calibration state that holds from now on. The last one is a result and kept as
   * `calibration/final.json`. A calibration need not call it: the `state` that it returns is meant.
   */
  calibrated(state: JsonObject): void;
  /**
   * Note a metric. The last value is a result, several make a series; see `context_metrics` for
   * those that are circumstances.
   */
  metric(name: string, value: number, step?: number): void;
  /**
   * Write an output file. In-process executors have no other outputs: the workspace is not looked
   * at, because others may work in it.
   * @throws `RECORD_INPUT_INVALID` for a path that is not portable.
   */
  output(path: string, bytes: Uint8Array | string): void;
  /** Append a line to the log. */
  log(text: string): void;
  /** Add to a counter, or set a gauge, of `observability/metrics.json`. */
  count(name: string, by?: number): void;
  gauge(name: string, value: number): void;
  /** Do something and note when it began and ended; spans in it are its children. */
  span<Value>(
    name: string,
    work: () => Value | PromiseLike<Value>,
    options?: SpanOptions,
  ): Promise<Value>;
}

/** What an executor computed: a JSON object, in which NaN and infinities are allowed. */
export type ExecutorResult = Readonly<Record<string, unknown>>;

type MaybePromise<Value> = Value | PromiseLike<Value>;

interface NamedExecutor {
  /** What a bundle calls it, and a replay finds it by; lower-case words with dashes and dots. */
  readonly name: string;
  /** Change it whenever the same question may get another answer: it is part of the input key. */
  readonly version: string;
  /**
   * Files that define it, absolute, by their paths in the bundle's `code/`. They are captured with
   * each run, so that a changed program is a changed question.
   */
  readonly code?: Readonly<Record<string, string>> | undefined;
}

/** A function of this process that is a run. */
export interface FunctionExecutor extends NamedExecutor {
  readonly kind: "function";
  execute(context: ExecutionContext): MaybePromise<ExecutorResult | undefined>;
}

/** A function of this process that runs graphs (circuits, schedules, pipelines). */
export interface GraphExecutor extends NamedExecutor {
  readonly kind: "graph";
  execute(graph: Graph, context: ExecutionContext): MaybePromise<ExecutorResult | undefined>;
}

/** A command; seed, parameters and description come with each run. */
export interface CommandExecutor {
  readonly kind: "command";
  readonly name: string;
  readonly request: Omit<
    RunRequest,
    "env" | "toolVersion" | "seed" | "parameters" | "description" | "device" | "featureFlags"
  >;
  readonly io?: Omit<RunIo, "signal"> | undefined;
}

/** Something that runs can be given to. */
export type Executor = FunctionExecutor | GraphExecutor | CommandExecutor;

/** An executor of this process. */
export type InProcessExecutor = FunctionExecutor | GraphExecutor;
