import type { JsonValue } from "@reseal/hash";
import type { Context, RunEvent } from "@reseal/schema";
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

/**
 * Put the event log together: one `run.started`, the child's events in their order, and exactly
 * one terminal event, however the run ended. The child's attributes are redacted.
 */
export function eventLines(
  plan: RunPlan,
  end: RunEnd,
  childText: string,
  redactor: RunRedactor,
): EventLines {
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
  lines.forEach((line, index) => {
    if (line.trim() === "") return;
    const event = childEvent(line, plan.run_id, endTime, redactor);
    if (event !== undefined) events.push(event);
    else if (index < lines.length - 1) problems.push(`events.jsonl line ${index + 1}`);
  });
  events.push(own(terminalTypes[end.status], endTime, { status: end.status, ...end.exit }));
  return {
    text: events.map((event) => `${JSON.stringify(event)}\n`).join(""),
    warnings: problems.map((where) => ({
      code: "EVENT_LINE_INVALID",
      message: `${where} is not {"event_type": …, "attrs": {…}} and was left out.`,
    })),
  };
}

function childEvent(
  line: string,
  runId: string,
  fallbackTime: string,
  redactor: RunRedactor,
): RunEvent | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return undefined;
  const raw = redactor.json(parsed) as Record<string, JsonValue>;
  const { event_type, severity, attrs, actor, time } = raw;
  if (typeof event_type !== "string" || !/^[a-z][a-z0-9_.]*$/.test(event_type)) return undefined;
  if (ownTypes.has(event_type)) return undefined;
  return {
    time: isTime(time) ? time : fallbackTime,
    run_id: runId,
    event_type,
    severity: (severities.has(severity) ? severity : "info") as RunEvent["severity"],
    ...(actors.has(actor) && { actor: actor as NonNullable<RunEvent["actor"]> }),
    ...(isObject(attrs) && { attrs }),
  };
}

function isObject(value: unknown): value is Record<string, JsonValue> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTime(value: unknown): value is string {
  if (typeof value !== "string") return false;
  return (
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(value) && !Number.isNaN(Date.parse(value))
  );
}
