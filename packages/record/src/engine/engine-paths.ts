/** The files of a bundle that an engine writes besides those of every run. */
export const enginePaths = {
  /** The graph that was run, canonical JSON; `content.inputs.ir` is its digest. */
  ir: "ir/original.json",
  /** The state that the run started from; `content.inputs.calibration` is its digest. */
  calibration: "calibration/initial.json",
  /** Which executor ran, an {@link ExecutorSpec}; `content.inputs.spec` is its digest. */
  spec: "spec/executor.json",
  traces: "observability/traces.jsonl",
  timeline: "observability/timeline.json",
  metrics: "observability/metrics.json",
} as const;

/** `spec/executor.json`: what a replay needs to find the executor again. */
export interface ExecutorSpec {
  readonly format: "reseal-executor/1";
  readonly kind: "function" | "graph";
  readonly name: string;
  readonly version: string;
}
