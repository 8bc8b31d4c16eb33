import { type BundleReader, collect, entryOf } from "@reseal/bundle";
import { parseStrictJson } from "@reseal/hash";
import type { Comparison } from "@reseal/schema";
import type { OperationOptions } from "@reseal/store";
import { isUnreadable } from "./compare-file.ts";
import { guessDelimiter, parseCsv } from "./csv.ts";
import type { Plot } from "./plot-svg.ts";

/** Plots in one report, and the largest file that is read for one. */
const plotsMax = 8;
const fileBytesMax = 16 * 1024 * 1024;

/**
 * The courses that differ between two bundles, for plots: columns of tables, metric series, and
 * arrays of numbers at the top of JSON files. At most eight, from files up to 16 MiB.
 */
export async function differingSeries(
  original: BundleReader,
  candidate: BundleReader,
  { files }: Pick<Comparison, "files">,
  options: OperationOptions = {},
): Promise<Plot[]> {
  const plots: Plot[] = [];
  for (const { path, status } of files) {
    if (status !== "different" && status !== "within_tolerance") continue;
    if (plots.length >= plotsMax) break;
    const [a, b] = [
      await seriesOf(original, path, options),
      await seriesOf(candidate, path, options),
    ];
    for (const [name, values] of a) {
      const others = b.get(name);
      if (others === undefined || plots.length >= plotsMax || isSame(values, others)) continue;
      plots.push({ title: `${path}: ${name}`, original: values, candidate: others });
    }
  }
  return plots;
}

type Series = ReadonlyMap<string, readonly number[]>;

async function seriesOf(
  reader: BundleReader,
  path: string,
  { signal }: OperationOptions,
): Promise<Series> {
  const kind = /\.(csv|tsv|tab|json)$/i.exec(path)?.[1]?.toLowerCase();
  const entry = entryOf(reader.manifest, `outputs/${path}`) ?? entryOf(reader.manifest, path);
  if (kind === undefined || entry === undefined || entry.size > fileBytesMax) return new Map();
  try {
    const text = new TextDecoder().decode(await collect(await reader.open(entry, { signal })));
    return kind === "json" ? jsonSeries(text) : columns(text);
  } catch (error) {
    if (isUnreadable(error)) return new Map();
    throw error;
  }
}

function columns(text: string): Series {
  const [header = [], ...rows] = parseCsv(text, guessDelimiter(text));
  const found = header.map((name, index) => {
    const values = rows.map((row) => numberOf(row[index]));
    return [name, values] as const;
  });
  // Two points make no course, and a column of words is none.
  return new Map(found.filter(([, values]) => values.filter(Number.isFinite).length > 2));
}

function jsonSeries(text: string): Series {
  let value: unknown;
  try {
    value = parseStrictJson(text);
  } catch {
    return new Map();
  }
  const entries: [string, unknown][] =
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.entries(value)
      : [["/", value]];
  return new Map(
    entries.flatMap(([name, part]): [string, number[]][] =>
      Array.isArray(part) && part.length > 2 && part.every((item) => typeof item === "number")
        ? [[name, part]]
        : [],
    ),
  );
}

function numberOf(text: string | undefined): number {
  return text === undefined || text.trim() === "" ? Number.NaN : Number(text);
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, index) => Object.is(value, b[index]));
}
