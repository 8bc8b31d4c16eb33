import { compareUtf8 } from "@reseal/hash";
import type { Tolerance } from "@reseal/schema";
import picomatch from "picomatch";
import type { NumberTolerance, PayloadTolerance } from "./tolerance.ts";

/** A tolerance that answers for single metrics and files. */
export interface ToleranceRules {
  forMetric(name: string): NumberTolerance;
  /** Also of the course of a metric, `metrics/NAME.csv`, which has its metric's tolerance. */
  forFile(path: string): PayloadTolerance;
  /** Of what stands in no file: the results object. */
  readonly forValues: PayloadTolerance;
  ignoresFile(path: string): boolean;
}

/** Make a tolerance ready to be asked; its globs are read once. */
export function toleranceRules(tolerance: Tolerance): ToleranceRules {
  const { metrics, files, keys, ignore, ...numbers } = tolerance;
  const metricOf = lookup(metrics, false);
  const fileOf = lookup(files, true);
  const keyOf = lookup(keys, true);
  const isIgnored = (ignore?.paths ?? []).map((glob) => matcher(glob, true));
  const payload = (of: NumberTolerance): PayloadTolerance => ({ ...of, ignore });
  return {
    forValues: payload(numbers),
    forMetric: (name) => metricOf(name) ?? numbers,
    forFile(path) {
      const metric = metricOfSeries(path);
      const ofMetric = metric === undefined ? undefined : metricOf(metric);
      const key = keyOf(path);
      return { ...payload(fileOf(path) ?? ofMetric ?? numbers), ...(key && { key }) };
    },
    ignoresFile: (path) => isIgnored.some((matches) => matches(path)),
  };
}

/** Find what is said about a name: by the name itself, else by the most literal glob. */
function lookup<Said extends object>(
  named: Readonly<Record<string, Said>> | undefined,
  isPath: boolean,
): (name: string) => Said | undefined {
  const rules = Object.entries(named ?? {})
    .sort(([a], [b]) => literalLength(b) - literalLength(a) || compareUtf8(a, b))
    .map(([glob, said]) => ({ matches: matcher(glob, isPath), said }));
  return (name) => {
    if (named !== undefined && Object.hasOwn(named, name)) return named[name];
    return rules.find(({ matches }) => matches(name))?.said;
  };
}

/** In names of metrics a star stands for slashes, too: `train*` covers `train/loss`. */
function matcher(glob: string, isPath: boolean): (name: string) => boolean {
  const matches = picomatch(glob, isPath ? { dot: true } : { dot: true, bash: true });
  return (name) => name === glob || matches(name);
}

function literalLength(glob: string): number {
  return glob.replaceAll(/[*?![\]{}()+@|]/g, "").length;
}

/** The metric whose course a file of a bundle is, unless its name was too odd for a path. */
function metricOfSeries(path: string): string | undefined {
  const escaped = /^metrics\/(.+)\.csv$/.exec(path)?.[1];
  if (escaped === undefined) return undefined;
  try {
    return escaped.split("/").map(decodeURIComponent).join("/");
  } catch {
    return undefined;
  }
}
