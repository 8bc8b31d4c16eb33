import { type BundleReader, bundlePaths } from "@reseal/bundle";
import { compareUtf8, utf8Comparison } from "@reseal/hash";
import type {
  ExitDifference,
  FileDifference,
  FileEntry,
  FirstDifference,
  Manifest,
  MetricDifference,
  Results,
  Tolerance,
} from "@reseal/schema";
import type { OperationOptions } from "@reseal/store";
import { compareFile, equalFile, isDecisive } from "./compare-file.ts";
import { compareJson, escapeKey } from "./compare-json.ts";
import { compareMetricValues } from "./metric-value.ts";
import { exact } from "./tolerance.ts";
import { type ToleranceRules, toleranceRules } from "./tolerance-rules.ts";

/** What two sets of results have in common and what not. */
export interface ResultComparison {
  readonly files: FileDifference[];
  readonly metrics: MetricDifference[];
  readonly exit: ExitDifference;
  /** Beyond tolerance: outputs in order of path, then metrics, then the rest, then the exit. */
  readonly firstDifference: FirstDifference | undefined;
}

/** Options of {@link compareResults}. */
export interface CompareResultsOptions extends OperationOptions {
  readonly tolerance: Tolerance;
  readonly wholeBytesMax: number;
}

/** Compare outputs, metrics, values and exit of two bundles. */
export async function compareResults(
  original: BundleReader,
  candidate: BundleReader,
  options: CompareResultsOptions,
): Promise<ResultComparison> {
  const outputs = await compareFiles(original, candidate, outputName, options);
  const others = await compareFiles(
    original,
    candidate,
    otherResultName(original, candidate),
    options,
  );
  const [a, b] = [original.manifest.content.results, candidate.manifest.content.results];
  const rules = toleranceRules(options.tolerance);
  const metrics = compareMetrics(a, b, rules);
  const exit = compareExit(a, b);
  const isStateCompared = others.some(({ path }) => path === bundlePaths.calibrationFinal);
  return {
    files: [...outputs, ...others],
    metrics,
    exit,
    firstDifference:
      firstOfFiles(outputs) ??
      firstOfMetrics(metrics) ??
      firstOfFiles(others) ??
      firstOfRest(a, b, rules, isStateCompared) ??
      firstOfExit(exit),
  };
}

/**
 * Compare the files of two bundles that have a name.
 * @param nameOf Gives the name under which a file is compared; `undefined` leaves it out.
 */
export async function compareFiles(
  original: BundleReader,
  candidate: BundleReader,
  nameOf: (entry: FileEntry) => string | undefined,
  { tolerance, wholeBytesMax, signal }: CompareResultsOptions,
): Promise<FileDifference[]> {
  const options = { rules: toleranceRules(tolerance), wholeBytesMax, signal };
  const a = byName(original.manifest, nameOf);
  const b = byName(candidate.manifest, nameOf);
  const found: FileDifference[] = [];
  const names = [...new Set([...a.keys(), ...b.keys()])];
  for (const name of names.sort(utf8Comparison(names))) {
    const [entryA, entryB] = [a.get(name), b.get(name)];
    if (entryA !== undefined && entryA.digest === entryB?.digest) {
      // Nothing to wait for, which for many files would take longer than this.
      found.push(equalFile(name, entryA.digest));
      continue;
    }
    signal?.throwIfAborted();
    const file = await compareFile(
      name,
      entryA && { reader: original, entry: entryA },
      entryB && { reader: candidate, entry: entryB },
      options,
    );
    found.push(file);
  }
  return found;
}

function byName(
  { context }: Manifest,
  nameOf: (entry: FileEntry) => string | undefined,
): ReadonlyMap<string, FileEntry> {
  const named = new Map<string, FileEntry>();
  for (const entry of context.files) {
    const name = nameOf(entry);
    if (name !== undefined) named.set(name, entry);
  }
  return named;
}

function outputName({ path }: FileEntry): string | undefined {
  return path.startsWith("outputs/") ? path.slice("outputs/".length) : undefined;
}

/**
 * Courses of metrics, the calibration state that was left behind, and standard output where it is
 * a result; by their paths in the bundle.
 */
function otherResultName(
  original: BundleReader,
  candidate: BundleReader,
): (entry: FileEntry) => string | undefined {
  const isStdoutResult = [original, candidate].some(
    ({ manifest }) => manifest.content.results.stdout !== undefined,
  );
  return ({ path }) =>
    path.startsWith("metrics/") ||
    path === bundlePaths.calibrationFinal ||
    (isStdoutResult && path === bundlePaths.stdout)
      ? path
      : undefined;
}

function compareMetrics(a: Results, b: Results, rules: ToleranceRules): MetricDifference[] {
  const [mapA, mapB] = [a.metrics ?? {}, b.metrics ?? {}];
  const names = [...new Set([...Object.keys(mapA), ...Object.keys(mapB)])].sort(compareUtf8);
  return names.map((name) => {
    const original = Object.hasOwn(mapA, name) ? mapA[name] : undefined;
    const candidate = Object.hasOwn(mapB, name) ? mapB[name] : undefined;
    if (original === undefined || candidate === undefined)
      return { name, original: original ?? null, candidate: candidate ?? null, equal: false };
    const tolerance = rules.forMetric(name);
    const { isEqual, isWithin } = compareMetricValues(original, candidate, tolerance);
    return { name, original, candidate, equal: isEqual, within_tolerance: isWithin };
  });
}

function compareExit(a: Results, b: Results): ExitDifference {
  const [original, candidate] = [a.exit ?? null, b.exit ?? null];
  const equal = compareJson(original, candidate, exact).status === "equal";
  return { original, candidate, equal: equal && original !== null };
}

function firstOfFiles(files: readonly FileDifference[]): FirstDifference | undefined {
  const file = files.find(isDecisive);
  return file && { path: file.path, ...file.first_difference };
}

function firstOfMetrics(metrics: readonly MetricDifference[]): FirstDifference | undefined {
  const metric = metrics.find(({ within_tolerance }) => within_tolerance !== true);
  if (metric === undefined) return undefined;
  const { name, original, candidate } = metric;
  return {
    path: bundlePaths.metrics,
    pointer: `/final/${escapeKey(name)}`,
    ...(original !== null && { original }),
    ...(candidate !== null && { candidate }),
  };
}

/** The results object, and whatever other results an artifact type has. */
function firstOfRest(
  a: Results,
  b: Results,
  rules: ToleranceRules,
  isStateCompared: boolean,
): FirstDifference | undefined {
  const values = compareJson(a.values, b.values, rules.forValues).firstDifference;
  if (values !== undefined)
    return { path: bundlePaths.runIndex, ...values, pointer: `/result/values${values.pointer}` };
  const rest = compareJson(
    restOf(a, isStateCompared),
    restOf(b, isStateCompared),
    exact,
  ).firstDifference;
  return (
    rest && { path: bundlePaths.manifest, ...rest, pointer: `/content/results${rest.pointer}` }
  );
}

function restOf(results: Results, isStateCompared: boolean): object {
  const {
    exit: _,
    outputs,
    values,
    metrics,
    metric_series,
    stdout,
    calibration,
    ...rest
  } = results;
  return isStateCompared || calibration === undefined ? rest : { ...rest, calibration };
}

function firstOfExit({ original, candidate, equal }: ExitDifference): FirstDifference | undefined {
  if (equal || (original === null && candidate === null)) return undefined;
  const status = (exit: typeof original): number | string | undefined => {
    if (exit === null) return undefined;
    return "code" in exit ? exit.code : exit.signal;
  };
  const isSignal = original !== null && "signal" in original;
  const [a, b] = [status(original), status(candidate)];
  return {
    path: bundlePaths.runIndex,
    pointer: isSignal ? "/result/signal" : "/result/exit_code",
    ...(a !== undefined && { original: a }),
    ...(b !== undefined && { candidate: b }),
  };
}
