/** The files of a bundle that have fixed names; the layout is in `docs/format/bundle.md`. */
export const bundlePaths = {
  manifest: "manifest.json",
  runIndex: "run.json",
  config: "config.snapshot.json",
  events: "events.jsonl",
  environment: "environment.json",
  provenance: "provenance.json",
  metrics: "metrics.json",
  replay: "replay.json",
  comparison: "comparison.json",
  ir: "ir/original.json",
  calibration: "calibration/initial.json",
  calibrationFinal: "calibration/final.json",
  spec: "spec/executor.json",
  gate: "eval/gate.json",
  stdout: "logs/stdout.log",
  stderr: "logs/stderr.log",
  checksums: "checksums.sha256",
  citationBibtex: "CITATION.bib",
  citationJson: "citation.json",
  citationMarkdown: "citation.md",
} as const;

/** Written at export, outside of the manifest, and checked by `verify`. */
export const exportOnlyPaths: ReadonlySet<string> = new Set([
  bundlePaths.manifest,
  bundlePaths.checksums,
  bundlePaths.citationBibtex,
  bundlePaths.citationJson,
  bundlePaths.citationMarkdown,
]);

/** The trees of a bundle: the folder with the files and the place in `content` that names it. */
export const bundleTrees = [
  { folder: "code", file: "trees/code.sha256", half: "inputs", key: "code" },
  { folder: "inputs", file: "trees/inputs.sha256", half: "inputs", key: "data" },
  { folder: "outputs", file: "trees/outputs.sha256", half: "results", key: "outputs" },
  { folder: "metrics", file: "trees/metrics.sha256", half: "results", key: "metric_series" },
] as const;
