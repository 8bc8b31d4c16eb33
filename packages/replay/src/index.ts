export {
  type CompareOptions,
  compareBundles,
} from "./compare-bundles.ts";
export { compareBytes } from "./compare-bytes.ts";
export { compareCsv } from "./compare-csv.ts";
export { compareInputs, type InputComparison } from "./compare-inputs.ts";
export { compareJson, valueDifferences } from "./compare-json.ts";
export { compareJsonLines, compareText } from "./compare-text.ts";
export { replayErrors } from "./errors.ts";
export type { PayloadComparison } from "./payload-comparison.ts";
export type { ReplayRequest } from "./replay-request.ts";
export { type ReplayOutcome, replayRun } from "./replay-run.ts";
export { cleanReplayScratch } from "./scratch.ts";
export type { NumberTolerance, ToleranceOptions } from "./tolerance.ts";
