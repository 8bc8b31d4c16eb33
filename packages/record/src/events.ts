import { compareUtf8, type JsonValue } from "@reseal/hash";
import { type Context, type RunEvent, validate } from "@reseal/schema";
import type { RunEnd } from "./finish-run.ts";
import type { RunPlan } from "./plan.ts";
import type { RunRedactor } from "./run-redactor.ts";

/** `events.jsonl` of a bundle: our first and last line round what the child wrote. */
export interface EventLines {
  readonly text: string;
  readonly warnings: Context["warnings"];
}

/** The end of a run as seed 001 names it. */
const terminalTypes = {
  finished: "run.finished",
  failed: "run.failed",
  killed: "run.failed",
  incomplete: "run.failed",
  interrupted: "run.canceled",
  running: "run.failed",
} as const;

const ownTypes: ReadonlySet<unknown> = new Set([
  "run.started",
  "run.finished",
  "run.failed",
  "run.canceled",
  "output.written",
]);
const severities: ReadonlySet<unknown> = new Set(["debug", "info", "warn", "error"]);
const actors: ReadonlySet<unknown> = new Set([
  "engine",
  "model",
  "tool",
  "retrieval",
  "policy",
  "evaluation",
]);

/** An output and when it was last changed. */
export interface WrittenFile {
  readonly path: string;
  readonly changedMs?: number | undefined;
}

/** How many outputs the log tells of; the first ones are what an explanation asks for. */
const writtenMax = 1000;

function inOrder(outputs: readonly WrittenFile[]): { path: string; changedMs: number }[] {
  return outputs
    .flatMap(({ path, changedMs }) => (changedMs === undefined ? [] : [{ path, changedMs }]))
    .sort((a, b) => a.changedMs - b.changedMs || compareUtf8(a.path, b.path))
    .slice(0, writtenMax);
}

/**
 * Put the event log together: one `run.started`, the child's events in their order, when outputs
 * were written, and exactly one terminal event, however the run ended. The child's attributes are redacted.
 */
export async function eventLines(
  plan: RunPlan,
  end: RunEnd,
  childText: string,
  redactor: RunRedactor,
  outputs: readonly WrittenFile[] = [],
): Promise<EventLines> {
  const endTime = end.endedMs === undefined ? plan.started_at : new Date(end.endedMs).toISOString();
  const own = (event_type: string, time: string, attrs: RunEvent["attrs"]): RunEvent => ({
    time,
    run_id: plan.run_id,
    event_type,
    severity: event_type === "run.failed" ? "error" : "info",
    actor: "engine",
    ...(attrs && { attrs }),
  });
  const events: RunEvent[] = [
    own("run.started", plan.started_at, { command: plan.inputs.command ?? [] }),
  ];
  const problems: string[] = [];
  const lines = childText.split("\n");
  for (const [index, line] of lines.entries()) {
    if (line.trim() === "") continue;
    const event = childEvent(line, plan.run_id, endTime, redactor);
    const isValid = event !== undefined && (await validate("event", event)).length === 0;
    if (isValid) events.push(event);
    else if (index < lines.length - 1) problems.push(`events.jsonl line ${index + 1}`);
  }
  for (const { path, changedMs } of inOrder(outputs))
    events.push(own("output.written", new Date(changedMs).toISOString(), { path }));
  events.push(own(terminalTypes[end.status], endTime, { status: end.status, ...end.exit }));
  return {
    text: events.map((event) => `${JSON.stringify(event)}\n`).join(""),
    warnings: problems.map((where) => ({
      code: "EVENT_LINE_INVALID",
      message: `${where} is not {"event_type": "two.words", "attrs": {…}} and was left out.`,
    })),
  };
}

/** What the child wrote as an event of ours; whether it is a valid one is for the schema to say. */
function childEvent(
  line: string,
  runId: string,
  fallbackTime: string,
  redactor: RunRedactor,
): RunEvent | undefined {
  const raw = parseRedacted(line, redactor);
  if (!isObject(raw)) return undefined;
  const { event_type, severity, attrs, actor, time, trace } = raw;
  if (typeof event_type !== "string" || ownTypes.has(event_type)) return undefined;
  return {
    time: isTime(time) ? time : fallbackTime,
    run_id: runId,
    event_type,
    severity: (severities.has(severity) ? severity : "info") as RunEvent["severity"],
    ...(isObject(trace) && { trace: trace as unknown as NonNullable<RunEvent["trace"]> }),
    ...(actors.has(actor) && { actor: actor as NonNullable<RunEvent["actor"]> }),
    ...(isObject(attrs) && { attrs }),
  };
}

/** A line that cannot be parsed, or not be redacted because it is nested too deep, is no event. */
function parseRedacted(line: string, redactor: RunRedactor): unknown {
  try {
    return redactor.json(JSON.parse(line) as unknown);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, JsonValue> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTime(value: unknown): value is string {
  if (typeof value !== "string") return false;
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(value)) return false;
  const parsed = new Date(value);
  // A day that the month does not have becomes one of the next month.
  return (
    !Number.isNaN(parsed.getTime()) && parsed.toISOString().slice(0, 19) === value.slice(0, 19)
  );
}
