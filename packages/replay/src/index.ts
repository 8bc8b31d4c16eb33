export {
  type CompareOptions,
  compareBundles,
} from "./compare-bundles.ts";
export { compareBytes } from "./compare-bytes.ts";
export { compareCsv } from "./compare-csv.ts";
export { compareInputs, type InputComparison } from "./compare-inputs.ts";
export { compareJson, valueDifferences } from "./compare-json.ts";
export { type CompareNpyOptions, compareNpy } from "./compare-npy.ts";
export { compareNpz, type NpzArchive, type NpzEntry } from "./compare-npz.ts";
export {
  type ComparePayloadsOptions,
  comparePayloads,
  type Payload,
  type ReadAs,
  type ReadComparison,
} from "./compare-payloads.ts";
export { comparePng } from "./compare-png.ts";
export { compareSeries } from "./compare-series.ts";
export { compareJsonLines, compareText } from "./compare-text.ts";
export { differingSeries } from "./differing-series.ts";
export { type EnvironmentDifference, environmentDifferences } from "./environment-differences.ts";
export { replayErrors } from "./errors.ts";
export { type ExplainFacts, explain } from "./explain.ts";
export { type ExplainOptions, explainBundles } from "./explain-replay.ts";
export { decideGate, parseGateRules } from "./gate.ts";
export type { LimitOptions } from "./limits.ts";
export { type NpyArray, type NpyOptions, type NpyStream, openNpy, readNpy } from "./npy.ts";
export type { NpyDtype, NpyField, NpyScalar, NpyStruct, NpySubarray } from "./npy-dtype.ts";
export { dtypeName } from "./npy-dtype-name.ts";
export type { NpyHeader } from "./npy-header.ts";
export { npyValues } from "./npy-value.ts";
export type { ArrayComparison, PayloadComparison } from "./payload-comparison.ts";
export { type Plot, plotSvg } from "./plot-svg.ts";
export {
  allowEnvironmentDrift,
  defaultPolicy,
  type PolicyLevel,
  parsePolicy,
  type ReplayAspect,
  type ReplayPolicy,
  replayAspects,
} from "./policy.ts";
export { type ArtifactReplayRequest, ReplayEngine, replayArtifact } from "./replay-artifact.ts";
export type { ReplayRequest } from "./replay-request.ts";
export { type ReplayOutcome, replayRun } from "./replay-run.ts";
export type { Report, ReportSection, ReportTable } from "./report.ts";
export { limitedTable } from "./report.ts";
export {
  type ComparisonReportParts,
  comparisonReport,
  comparisonSections,
  gateSection,
} from "./report-comparison.ts";
export { htmlReport } from "./report-html.ts";
export { markdownReport } from "./report-markdown.ts";
export { errorText, placeText, statusText, toleranceLines } from "./report-words.ts";
export { cleanReplayScratch } from "./scratch.ts";
export { type GateFindings, sealGate } from "./seal-gate.ts";
export { type Stability, stabilityOf } from "./stability.ts";
export {
  completeTolerance,
  type IgnoreOptions,
  mergeTolerance,
  type NumberTolerance,
  type NumberToleranceOptions,
  type PayloadTolerance,
  type ToleranceOptions,
} from "./tolerance.ts";
export { parseTolerance } from "./tolerance-file.ts";
export { ulpDistance } from "./ulp-distance.ts";
