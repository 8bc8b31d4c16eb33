import { bundlePaths } from "@reseal/bundle";

/** The files of a bundle that an engine writes besides those of every run. */
export const enginePaths: Readonly<
  Record<
    "ir" | "calibration" | "calibrationFinal" | "spec" | "traces" | "timeline" | "metrics",
    string
  >
> = {
  /** The graph that was run, canonical JSON; `content.inputs.ir` is its digest. */
  ir: bundlePaths.ir,
  /** The state that the run started from; `content.inputs.calibration` is its digest. */
  calibration: bundlePaths.calibration,
  /** The state that the run left behind; `content.results.calibration` is its digest. */
  calibrationFinal: bundlePaths.calibrationFinal,
  /** Which executor ran, an {@link ExecutorSpec}; `content.inputs.spec` is its digest. */
  spec: bundlePaths.spec,
  traces: "observability/traces.jsonl",
  timeline: "observability/timeline.json",
  metrics: "observability/metrics.json",
};

/** `spec/executor.json`: what a replay needs to find the executor again. */
export interface ExecutorSpec {
  readonly format: "reseal-executor/1";
  readonly kind: "function" | "graph";
  readonly name: string;
  readonly version: string;
}
