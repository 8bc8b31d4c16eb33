import type { DraftFile } from "@reseal/bundle";
import { canonicalJson } from "@reseal/hash";
import type { BlobBatch } from "@reseal/store";
import type { RunRedactor } from "../run-redactor.ts";
import type { Spool } from "../spool.ts";
import { enginePaths } from "./engine-paths.ts";

/** Where an executor's spans and measures lie in the spool until they are sealed. */
export const spoolNames = {
  folder: "observability",
  spans: ["observability", "spans.jsonl"],
  measures: ["observability", "measures.jsonl"],
  calibration: ["observability", "calibration.jsonl"],
} as const;

/** A line of `observability/traces.jsonl`; in the spool it has the lane as well. */
export interface SpanLine {
  readonly id: string;
  readonly parent?: string;
  readonly name: string;
  readonly start_iso: string;
  readonly end_iso: string;
  readonly lane: string;
  readonly attributes: Readonly<Record<string, string>>;
}

type MeasureLine =
  | { readonly counter: string; readonly by: number }
  | { readonly gauge: string; readonly value: number };

/**
 * Stage `traces.jsonl`, `timeline.json` and `metrics.json` from what the spool holds; nothing for a
 * run of no executor. Spans are in the order in which they began.
 */
export async function stageObservability(
  batch: BlobBatch,
  spool: Spool,
  redactor: RunRedactor,
): Promise<DraftFile[]> {
  const spans = redactor.json(
    linesOf<SpanLine>(spool, spoolNames.spans).sort((a, b) => (a.id < b.id ? -1 : 1)),
  );
  const measures = redactor.json(linesOf<MeasureLine>(spool, spoolNames.measures));
  if (spans.length + measures.length === 0) return [];
  const traces = spans.map(({ lane: _, ...span }) => `${JSON.stringify(span)}\n`).join("");
  const documents = [
    [enginePaths.traces, traces],
    [enginePaths.timeline, canonicalJson(timelineOf(spans))],
    [enginePaths.metrics, canonicalJson(measuresOf(measures))],
  ] as const;
  const files: DraftFile[] = [];
  for (const [path, text] of documents) {
    const { digest, size } = await batch.put(Buffer.from(text, "utf8"));
    files.push({ path, role: "observability", digest, size });
  }
  return files;
}

/** What happened when, in milliseconds since the first span began. */
function timelineOf(spans: readonly SpanLine[]): object[] {
  const firstMs = Math.min(...spans.map(({ start_iso }) => Date.parse(start_iso)));
  return spans.map(({ lane, name, start_iso, end_iso, attributes }) => ({
    lane,
    name,
    start_ms: Date.parse(start_iso) - firstMs,
    end_ms: Date.parse(end_iso) - firstMs,
    attributes,
  }));
}

function measuresOf(lines: readonly MeasureLine[]): object {
  const counters = new Map<string, number>();
  const gauges = new Map<string, number>();
  for (const line of lines)
    if ("counter" in line) counters.set(line.counter, (counters.get(line.counter) ?? 0) + line.by);
    else gauges.set(line.gauge, line.value);
  return { counters: Object.fromEntries(counters), gauges: Object.fromEntries(gauges) };
}

/** Each line of a spool's file that is whole. */
export function linesOf<Line>(spool: Spool, path: readonly string[]): Line[] {
  const lines = spool.readText(...path).text.split("\n");
  return lines.flatMap((line) => {
    try {
      return line === "" ? [] : [JSON.parse(line) as Line];
    } catch {
      return []; // The last line of a process that died.
    }
  });
}
