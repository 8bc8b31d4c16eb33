import { type BundleReader, bundlePaths, readJson } from "@reseal/bundle";
import type {
  ComparedKeys,
  Comparison,
  Digest,
  OptionalKeyPair,
  ValueDifference,
} from "@reseal/schema";
import type { OperationOptions } from "@reseal/store";
import { isUnreadable } from "./compare-file.ts";
import { valueDifferences } from "./compare-json.ts";
import { compareResults } from "./compare-results.ts";
import { completeTolerance, type ToleranceOptions } from "./tolerance.ts";
import { judge } from "./verdict.ts";

/** Options of {@link compareBundles}. */
export interface CompareOptions extends OperationOptions {
  readonly tolerance?: ToleranceOptions | undefined;
  /** Files with more bytes than this, 64 MiB by default, are compared as bytes, in a stream. */
  readonly wholeBytesMax?: number | undefined;
}

const wholeBytesMaxDefault = 64 * 1024 * 1024;

/**
 * Hold a candidate against an original: keys, results, configuration and environment, and a
 * verdict on whether it reproduces the original.
 *
 * Both may lie anywhere. Only files whose digests differ are opened, and nothing is run or
 * written. The verdict is never `failed`; that is for a replay that could not be carried out.
 * @throws `REPLAY_TOLERANCE_INVALID`
 * @example
 * const comparison = await compareBundles(original, candidate, { tolerance: { relative: 1e-9 } });
 * if (comparison.verdict === "diverged") console.log(comparison.first_difference);
 */
export async function compareBundles(
  original: BundleReader,
  candidate: BundleReader,
  options: CompareOptions = {},
): Promise<Comparison> {
  const { signal, wholeBytesMax = wholeBytesMaxDefault } = options;
  const tolerance = completeTolerance(options.tolerance);
  const results = await compareResults(original, candidate, { tolerance, wholeBytesMax, signal });
  const { firstDifference, ...compared } = results;
  const keys = compareKeys(original, candidate);
  return {
    schema_version: "reseal.comparison/v1",
    original: nameOf(original),
    candidate: nameOf(candidate),
    keys,
    ...judge(original.manifest, candidate.manifest, keys, results),
    tolerance,
    ...compared,
    config: await documentDifferences(original, candidate, bundlePaths.config, "values"),
    environment: await documentDifferences(
      original,
      candidate,
      bundlePaths.environment,
      "comparable",
    ),
    ...(firstDifference && { first_difference: firstDifference }),
  };
}

function nameOf({ seal, manifest }: BundleReader): Comparison["original"] {
  const { artifact_id, run_id } = manifest.context;
  return { artifact_id, seal, run_id };
}

function compareKeys(original: BundleReader, candidate: BundleReader): ComparedKeys {
  const [a, b] = [original.manifest.context, candidate.manifest.context];
  const required = (x: Digest, y: Digest): ComparedKeys["input_key"] => ({
    original: x,
    candidate: y,
    equal: x === y,
  });
  return {
    artifact_id: required(a.artifact_id, b.artifact_id),
    input_key: required(a.input_key, b.input_key),
    result_key: optional(a.result_key, b.result_key),
    env_key: optional(a.env_key, b.env_key),
    seal: optional(original.seal, candidate.seal),
  };
}

function optional(original: Digest | null, candidate: Digest | null): OptionalKeyPair {
  return { original, candidate, equal: original !== null && original === candidate };
}

/** Differences of one part of a JSON document that bundles may have. */
async function documentDifferences(
  original: BundleReader,
  candidate: BundleReader,
  path: string,
  part: string,
): Promise<ValueDifference[]> {
  const a = await readPart(original, path, part);
  const b = await readPart(candidate, path, part);
  return valueDifferences(a, b);
}

async function readPart(reader: BundleReader, path: string, part: string): Promise<unknown> {
  try {
    const document = await readJson(reader, path);
    if (typeof document !== "object" || document === null) return undefined;
    return (document as Readonly<Record<string, unknown>>)[part];
  } catch (error) {
    // The digests still tell whether it differs; only the places are lost.
    if (isUnreadable(error)) return undefined;
    throw error;
  }
}
