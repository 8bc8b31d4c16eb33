import type { BundleReader } from "@reseal/bundle";
import type { FileDifference, ValueDifference } from "@reseal/schema";
import type { CompareOptions } from "./compare-bundles.ts";
import { valueDifferences } from "./compare-json.ts";
import { compareFiles } from "./compare-results.ts";
import { exact } from "./tolerance.ts";

/** How the questions of two artifacts differ. */
export interface InputComparison {
  /** Places below `content.inputs`, but for the trees, which `files` shows, and the config. */
  readonly values: ValueDifference[];
  /** Code and input files that differ, by their paths in the bundle, sorted. */
  readonly files: FileDifference[];
}

/** Find what two artifacts were asked differently: command, seed, parameters, code, input files. */
export async function compareInputs(
  original: BundleReader,
  candidate: BundleReader,
  { signal, wholeBytesMax = 1024 * 1024 }: Omit<CompareOptions, "tolerance"> = {},
): Promise<InputComparison> {
  const files = await compareFiles(
    original,
    candidate,
    ({ path, role }) => (role === "code" || role === "input" ? path : undefined),
    { tolerance: exact, wholeBytesMax, signal },
  );
  return {
    values: valueDifferences(ownValues(original), ownValues(candidate)),
    files: files.filter((file) => file.status !== "equal"),
  };
}

function ownValues({ manifest }: BundleReader): object {
  const { code: _, data, config, ...values } = manifest.content.inputs;
  return values;
}
