import {
  type BundleReader,
  bundlePaths,
  openStoredBundle,
  readJson,
  readText,
} from "@reseal/bundle";
import { didYouMean, nearest } from "@reseal/errors";
import { assertValid, type Metrics, type MetricValue } from "@reseal/schema";
import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { cliErrors } from "../errors.ts";
import { commandHelp } from "../help.ts";
import { resolveSeal } from "../resolve-run.ts";
import { renderTable } from "../table.ts";
import { harmless } from "../terminal.ts";

interface MetricsFlags {
  readonly key?: string;
}

interface ListedMetric {
  readonly name: string;
  readonly value: MetricValue;
  /** A circumstance such as a duration, not a result. */
  readonly is_context: boolean;
  /** Where its course is; null when it has only one value. */
  readonly series: string | null;
}

/** `reseal metrics ID` */
export function metricsCommand(context: CommandContext): Command {
  return new Command("metrics")
    .description("The metrics of a run, or the course of one of them")
    .argument("<id>", "run id, artifact id, seal, a unique prefix, or @last")
    .option("--key <name>", "the course of this metric, step by step")
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal metrics @last", "the final values"],
          ["reseal metrics @last --key rmse", "the course of one, as CSV"],
        ],
        { 0: "printed", 3: "no such run or metric", 4: "damaged" },
      ),
    )
    .action(async (id: string, { key }: MetricsFlags) => {
      await using stores = await context.openStores();
      const reader = await openStoredBundle(stores, await resolveSeal(context, stores, id));
      const { run_id } = reader.manifest.context;
      const document = await readMetrics(reader);
      const metrics = listed(document);
      if (key === undefined) {
        const data = { run_id, items: metrics, points: null };
        context.result("metrics/v1", data, () => render(context, metrics));
        return;
      }
      const metric = metrics.find(({ name }) => name === key);
      if (metric === undefined) throw unknownMetric(run_id, key, metrics);
      const points = await pointsOf(reader, document, metric);
      const data = { run_id, items: [metric], points };
      const rows = points.map(([step, value]) => `${step ?? ""},${value}`);
      context.result("metrics/v1", data, () => ["step,value", ...rows].join("\n"));
    });
}

async function readMetrics(reader: BundleReader): Promise<Metrics> {
  const value = await readJson(reader, bundlePaths.metrics);
  return value === undefined
    ? { schema_version: "reseal.metrics/v1", final: {}, context: {}, series: [] }
    : await assertValid("metrics", value);
}

function listed({ final, context, series }: Metrics): ListedMetric[] {
  const courses = new Map(series.map(({ name, path }) => [name, path ?? bundlePaths.metrics]));
  const of = (values: Metrics["final"], isContext: boolean): ListedMetric[] =>
    Object.entries(values).map(([name, value]) => ({
      name,
      value,
      is_context: isContext,
      series: courses.get(name) ?? null,
    }));
  return [...of(final, false), ...of(context, true)];
}

type Point = readonly [step: number | null, value: MetricValue];

/** The course of a metric; a metric that has none is one point without a step. */
async function pointsOf(
  reader: BundleReader,
  { series }: Metrics,
  { name, value }: ListedMetric,
): Promise<readonly Point[]> {
  const course = series.find((one) => one.name === name);
  if (course?.points !== undefined) return course.points;
  if (course?.path === undefined) return [[null, value]];
  const text = (await readText(reader, course.path)) ?? "";
  return text
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => {
      const comma = line.indexOf(",");
      return [Number(line.slice(0, comma)), metricValueOf(line.slice(comma + 1))] as const;
    });
}

/** Numbers are numbers; NaN, infinities and integers beyond 2^53 stay as they are written. */
function metricValueOf(text: string): MetricValue {
  const number = Number(text);
  const isExact = !/^[+-]?\d+$/.test(text) || Number.isSafeInteger(number);
  return Number.isFinite(number) && isExact ? number : text;
}

function unknownMetric(run: string, key: string, metrics: readonly ListedMetric[]): Error {
  const near = nearest(
    key,
    metrics.map(({ name }) => name),
  );
  return cliErrors.PATH_NOT_FOUND(`Run ${run} has no metric ${JSON.stringify(key)}.`, {
    hint: didYouMean(near, "`reseal metrics ID` lists those it has."),
  });
}

function render(context: CommandContext, metrics: readonly ListedMetric[]): string {
  if (metrics.length === 0) return "no metrics";
  return renderTable(
    ["metric", "value", "kind", "course"],
    metrics.map(({ name, value, is_context, series }) => [
      harmless(name),
      String(value),
      is_context ? "circumstance" : "result",
      series === null ? "" : harmless(series),
    ]),
    context.out,
    context.host.stdout,
  );
}
