import { compareUtf8, digestBytes, digestHex, importNameProblems } from "@reseal/hash";
import picomatch from "picomatch";

/** Names of metrics that say how a run went, not what it found. */
export const defaultContextMetrics: readonly string[] = ["*elapsed*", "*wall_time*"];

/** A finite number, or the text JSON needs for the others. */
export type MetricNumber = number | "NaN" | "Infinity" | "-Infinity";

/** One line of `metrics.jsonl`. */
export interface MetricPoint {
  readonly name: string;
  readonly value: MetricNumber;
  readonly step: number | undefined;
}

/** The metrics of a run, split into what is result and what is circumstance. */
export interface CollectedMetrics {
  readonly final: Readonly<Record<string, MetricNumber>>;
  readonly context: Readonly<Record<string, MetricNumber>>;
  /** Metrics with more than one point, each as CSV text under its path in `metrics/`. */
  readonly series: readonly {
    readonly name: string;
    readonly path: string;
    readonly csv: string;
  }[];
  /** Lines that could not be understood, with their numbers. */
  readonly problems: readonly string[];
}

/**
 * Read `metrics.jsonl` as a child wrote it: `{"name": "loss", "value": 0.5, "step": 3}` a line.
 *
 * `step` is optional; the value may be NaN or Infinity, bare as Python writes it or as a string.
 * The last line of a name is its final value. A line that is not understood is reported and
 * skipped; a torn last line of a killed run is skipped in silence.
 * @param redact Takes the secrets out of a name.
 */
export function collectMetrics(
  text: string,
  contextNames: readonly string[],
  redact: (name: string) => string = (name) => name,
): CollectedMetrics {
  const isContext = picomatch([...contextNames], { nocase: true, bash: true });
  const problems: string[] = [];
  const points = new Map<string, MetricPoint[]>();
  const lines = text.split("\n");
  lines.forEach((line, index) => {
    if (line.trim() === "") return;
    const point = parsePoint(line);
    if (point === undefined) {
      if (index < lines.length - 1) problems.push(`metrics.jsonl line ${index + 1}`);
      return;
    }
    const name = redact(point.name);
    const list = points.get(name);
    if (list === undefined) points.set(name, [point]);
    else list.push(point);
  });

  const final: Record<string, MetricNumber> = {};
  const context: Record<string, MetricNumber> = {};
  const courses: [name: string, points: readonly MetricPoint[]][] = [];
  for (const name of [...points.keys()].sort(compareUtf8)) {
    const list = points.get(name) ?? [];
    const last = list.at(-1);
    if (last === undefined) continue;
    if (isContext(name)) {
      context[name] = last.value;
      continue;
    }
    final[name] = last.value;
    if (list.length > 1) courses.push([name, list]);
  }
  const paths = seriesPaths(courses.map(([name]) => name));
  const series = courses.map(([name, list], index) => ({
    name,
    path: paths[index] ?? ownPath(name),
    csv: seriesCsv(list),
  }));
  return { final, context, series, problems };
}

function parsePoint(line: string): MetricPoint | undefined {
  let value: unknown;
  try {
    value = JSON.parse(quoteBareNumbers(line));
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { name, value: raw, step } = value as Record<string, unknown>;
  const number = metricNumber(raw);
  if (typeof name !== "string" || !isMetricName(name) || number === undefined) return undefined;
  if (step !== undefined && step !== null && !Number.isSafeInteger(step)) return undefined;
  return { name, value: number, step: typeof step === "number" ? step : undefined };
}

/** Python's `json.dumps` writes NaN and Infinity bare, which is not JSON. */
function quoteBareNumbers(line: string): string {
  return line.replace(/("value"\s*:\s*)(NaN|-?Infinity)\b/, '$1"$2"');
}

function metricNumber(raw: unknown): MetricNumber | undefined {
  if (typeof raw === "number") return Number.isFinite(raw) ? raw : undefined;
  if (raw === "NaN" || raw === "Infinity" || raw === "-Infinity") return raw;
  if (typeof raw === "boolean") return raw ? 1 : 0;
  return undefined;
}

/** Most characters of a metric's name, as the schema has it. */
const nameLengthMax = 1000;

function isMetricName(name: string): boolean {
  // No JSON object of ours may have this key: some readers would take it for something else.
  if (name === "" || name === "__proto__") return false;
  return name.length <= nameLengthMax && name.isWellFormed();
}

/**
 * Names become paths: `train/loss` is `train/loss.csv`; what is not portable is escaped. A name
 * that would be a device (`aux`), too long, or collide with another one gets a path of its own.
 */
function seriesPaths(names: readonly string[]): string[] {
  const paths = names.map(seriesPath);
  const problems = new Set(importNameProblems(paths).map(({ path }) => path));
  return paths.map((path, index) => (problems.has(path) ? ownPath(names[index] ?? "") : path));
}

function seriesPath(name: string): string {
  return `${name.split("/").map(portableSegment).join("/")}.csv`;
}

function portableSegment(segment: string): string {
  const escaped = encodeURIComponent(segment).replaceAll("*", "%2A");
  // A dot at the end is lost on Windows; alone it would be a step up.
  return escaped.replace(/\.+$/, (dots) => "%2E".repeat(dots.length)) || "%";
}

/** No escaped name has a bare equals sign, so this is nobody else's path. */
function ownPath(name: string): string {
  return `=${digestHex(digestBytes(name))}.csv`;
}

function seriesCsv(points: readonly MetricPoint[]): string {
  const rows = points.map((point, index) => `${point.step ?? index},${point.value}\n`);
  return `step,value\n${rows.join("")}`;
}
