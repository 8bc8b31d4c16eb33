import type { JsonObject } from "@reseal/hash";
import type { Invariant, Manifest, Parent } from "@reseal/schema";
import type { FinishedRun } from "../finish-run.ts";
import type { Description } from "../plan.ts";
import type { Executor } from "./executor.ts";

/** What an engine brings to every run. */
export interface EngineOptions {
  /** Version of the tool that records. */
  readonly toolVersion: string;
  /** The variables that known secrets, locale and thread counts are taken from. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder whose runs these are: git state and packages are looked up there. */
  readonly workspace: string;
  readonly executors?: readonly Executor[] | undefined;
  /** The device that runs are made on; part of the comparable environment. */
  readonly device?: JsonObject | undefined;
  readonly featureFlags?: Readonly<Record<string, boolean>> | undefined;
  /**
   * Reads the calibration state that the device has now: runs that state none start from it, and a
   * replay holds it against the recorded one.
   */
  readonly calibration?: (() => JsonObject | undefined) | undefined;
  /** For every run, unless the run says otherwise. */
  readonly description?: Description | undefined;
  /**
   * Measures conditions such as a coherence window at the start of each run. A replay measures them
   * again and says what is not as it was.
   */
  readonly invariants?: (() => readonly Invariant[]) | undefined;
  /** How long an executor may go on after an abort before its run is sealed; 2000 ms by default. */
  readonly abortGraceMs?: number | undefined;
}

/** What one run is asked. */
export interface EngineRequest {
  /** Artifact type; `run` unless said otherwise. */
  readonly type?: string | undefined;
  /** An integer; as decimal text beyond 2^53-1. */
  readonly seed?: number | string | undefined;
  readonly parameters?: JsonObject | undefined;
  /** The calibration state that the run starts from; the device's own unless given. */
  readonly calibration?: JsonObject | undefined;
  /**
   * The artifacts that this one is about, see {@link parentOf}: their ids are part of its identity,
   * and they become its parents.
   */
  readonly about?: readonly Parent[] | undefined;
  readonly description?: Description | undefined;
  /** Globs of metric names that are circumstances. */
  readonly contextMetrics?: readonly string[] | undefined;
  /** Outputs, by path, that may hold what looks like a secret. */
  readonly allowSecrets?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A sealed run of an engine. */
export interface EngineRun extends FinishedRun {
  readonly status: Manifest["context"]["status"];
  /** The results object as it was sealed. */
  readonly values: JsonObject | undefined;
  /** What the executor threw, not redacted; `undefined` unless it failed. */
  readonly error: unknown;
}

/** Name a sealed bundle as a parent: its artifact, this execution of it, and what it is to it. */
export function parentOf(
  { manifest, seal }: Pick<FinishedRun, "manifest" | "seal">,
  relationship: string,
): Parent {
  const { artifact_id, run_id } = manifest.context;
  return { artifact_id, seal, run_id, relationship };
}
