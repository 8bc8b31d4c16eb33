import type { JsonObject } from "@reseal/hash";
import type { Invariant } from "@reseal/schema";
import type { OutputSink, SignalSource } from "./child.ts";
import type { Description } from "./plan.ts";
import type { Places } from "./select-files.ts";

/** A command to record. */
export interface RunRequest {
  /** Program and arguments; `{out}`, `{in}` and `{seed}` are replaced when it is started. */
  readonly argv: readonly string[];
  readonly places: Places;
  /** The environment that the child inherits and that known secrets are taken from. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Version of the tool that records. */
  readonly toolVersion: string;
  readonly description?: Description | undefined;
  /** An integer; as decimal text beyond 2^53-1. */
  readonly seed?: number | string | undefined;
  readonly parameters?: JsonObject | undefined;
  /** A JSON, YAML or TOML file with the run's configuration. */
  readonly configFile?: string | undefined;
  /** Files, folders and globs that are captured as inputs. */
  readonly inputs?: readonly string[] | undefined;
  /** The same, but recorded by digest only. */
  readonly inputRefs?: readonly string[] | undefined;
  /** Files, folders and globs that are the outputs; without any, all that changed is. */
  readonly outputs?: readonly string[] | undefined;
  /** Environment variables whose values are part of the question asked. */
  readonly variables?: readonly string[] | undefined;
  /** Standard output is a result, not only a log. */
  readonly stdoutIsResult?: boolean | undefined;
  /** Globs of metric names that are circumstances. */
  readonly contextMetrics?: readonly string[] | undefined;
  readonly device?: JsonObject | undefined;
  readonly featureFlags?: Readonly<Record<string, boolean>> | undefined;
  /** Conditions that the results depend on, such as a coherence window; a replay compares them. */
  readonly invariants?: readonly Invariant[] | undefined;
  /** Files, relative to the workspace, that may hold what looks like a secret. */
  readonly allowSecrets?: readonly string[] | undefined;
  /** Refuse to start when a code or input file would be withheld. */
  readonly isStrict?: boolean | undefined;
}

/** How a recorded command is connected to the world while it runs. */
export interface RunIo {
  readonly stdin?: "inherit" | "ignore" | undefined;
  /** Gets the child's output as it comes, not redacted. */
  readonly onStdout?: OutputSink | undefined;
  readonly onStderr?: OutputSink | undefined;
  readonly signals?: SignalSource | undefined;
  readonly signal?: AbortSignal | undefined;
}
