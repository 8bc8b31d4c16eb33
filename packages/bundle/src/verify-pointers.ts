import { canonicalJson } from "@reseal/hash";
import type { Manifest, Metrics } from "@reseal/schema";
import { envKeyOf } from "./identity.ts";
import { bundlePaths } from "./paths.ts";
import { entryOf } from "./reader.ts";
import type { AddFinding } from "./verify.ts";

/** The parts of `run.json` that point elsewhere. */
interface RunPointers {
  readonly run_id?: string;
  readonly artifact_id?: string;
  readonly config_hash?: string;
  readonly paths?: Readonly<Record<string, string>>;
}

/** Check what names something else by digest, id or path: it must be there and be that. */
export function verifyPointers(
  manifest: Manifest,
  documents: ReadonlyMap<string, unknown>,
  add: AddFinding,
): void {
  verifyContentPointers(manifest, add);
  const environment = documents.get(bundlePaths.environment);
  if (environment !== undefined) {
    const actual = envKeyOf(environment as Parameters<typeof envKeyOf>[0]);
    if (manifest.context.env_key !== actual)
      add("key_mismatch", "/context/env_key", `environment.json gives ${actual}.`);
  } else if (
    manifest.context.env_key !== null &&
    entryOf(manifest, bundlePaths.environment) === undefined
  )
    add("key_mismatch", "/context/env_key", "There is no environment.json.");
  const metrics = documents.get(bundlePaths.metrics) as Metrics | undefined;
  if (metrics !== undefined) verifyMetrics(manifest, metrics, add);
  const run = documents.get(bundlePaths.runIndex) as RunPointers | undefined;
  if (run !== undefined) verifyRunIndex(manifest, run, add);
}

function verifyMetrics(manifest: Manifest, { final, series }: Metrics, add: AddFinding): void {
  const { metrics = {} } = manifest.content.results;
  if (canonicalJson(final) !== canonicalJson(metrics))
    add("pointer", bundlePaths.metrics, "Its final values are not those of the content.");
  for (const { name, path } of series)
    if (path !== undefined && entryOf(manifest, path) === undefined)
      add("pointer", bundlePaths.metrics, `The series of ${name} is not at ${path}.`);
}

function verifyContentPointers(manifest: Manifest, add: AddFinding): void {
  const { inputs, results } = manifest.content;
  const named = [
    ["/content/inputs/config", inputs.config, bundlePaths.config],
    ["/content/results/stdout", results.stdout, bundlePaths.stdout],
    ["/content/results/comparison", results.comparison, bundlePaths.comparison],
  ] as const;
  for (const [pointer, digest, path] of named) {
    const actual = entryOf(manifest, path)?.digest;
    const isOptional = path !== bundlePaths.config && digest === undefined;
    if (!isOptional && digest !== actual)
      add("pointer", pointer, `It is not the digest of ${path}.`);
  }
  // Others may keep these elsewhere; where an engine keeps them, they must be what is named.
  const left = entryOf(manifest, bundlePaths.calibrationFinal)?.digest;
  if (left !== undefined && results.calibration !== undefined && results.calibration !== left)
    add(
      "pointer",
      "/content/results/calibration",
      `It is not the digest of ${bundlePaths.calibrationFinal}.`,
    );
  for (const name of ["ir", "calibration", "spec"] as const) {
    const actual = entryOf(manifest, bundlePaths[name])?.digest;
    if (actual !== undefined && inputs[name] !== undefined && inputs[name] !== actual)
      add("pointer", `/content/inputs/${name}`, `It is not the digest of ${bundlePaths[name]}.`);
  }
  for (const [index, { path, digest }] of (inputs.lock_files ?? []).entries())
    if (entryOf(manifest, `code/${path}`)?.digest !== digest)
      add(
        "pointer",
        `/content/inputs/lock_files/${index}`,
        `It is not the digest of code/${path}.`,
      );
}

function verifyRunIndex(manifest: Manifest, run: RunPointers, add: AddFinding): void {
  const { content, context } = manifest;
  const claims = [
    ["run_id", run.run_id, context.run_id],
    ["artifact_id", run.artifact_id, context.artifact_id],
    ["config_hash", run.config_hash, content.inputs.config],
  ] as const;
  for (const [name, claimed, actual] of claims)
    if (claimed !== actual)
      add("pointer", bundlePaths.runIndex, `${name} is ${claimed}, the manifest has ${actual}.`);
  for (const [name, path] of Object.entries(run.paths ?? {}))
    if (entryOf(manifest, path) === undefined)
      add("pointer", bundlePaths.runIndex, `paths.${name} points to ${path}, which is not there.`);
}
