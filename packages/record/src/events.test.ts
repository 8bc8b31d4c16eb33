import { type RunEvent, validate } from "@reseal/schema";
import fc from "fast-check";
import { expect, test } from "vitest";
import { token } from "../test/capture.ts";
import { makePlan } from "../test/plan.ts";
import { eventLines } from "./events.ts";
import type { RunEnd } from "./finish-run.ts";
import { RunRedactor } from "./run-redactor.ts";

const finished: RunEnd = {
  status: "finished",
  exit: { code: 0 },
  endedMs: Date.UTC(2026, 4, 4, 11),
};

async function lines(
  text: string,
  end: RunEnd = finished,
): Promise<{ events: RunEvent[]; messages: string[] }> {
  const { text: log, warnings } = await eventLines(makePlan(), end, text, new RunRedactor({}));
  return {
    events: log
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as RunEvent),
    messages: warnings.map(({ message }) => message),
  };
}

test("the first line says the start, the last the end, the child's come between in their order", async () => {
  const { events } = await lines(
    '{"event_type":"model.call.started","time":"2026-05-04T10:30:00Z","actor":"model"}\n' +
      '{"event_type":"tool.call.blocked","severity":"warn","attrs":{"tool":"rm"}}\n',
  );

  expect(events).toEqual([
    {
      time: "2026-05-04T10:00:00.000Z",
      run_id: makePlan().run_id,
      event_type: "run.started",
      severity: "info",
      actor: "engine",
      attrs: { command: ["true"] },
    },
    {
      time: "2026-05-04T10:30:00Z",
      run_id: makePlan().run_id,
      event_type: "model.call.started",
      severity: "info",
      actor: "model",
    },
    {
      time: "2026-05-04T11:00:00.000Z",
      run_id: makePlan().run_id,
      event_type: "tool.call.blocked",
      severity: "warn",
      attrs: { tool: "rm" },
    },
    {
      time: "2026-05-04T11:00:00.000Z",
      run_id: makePlan().run_id,
      event_type: "run.finished",
      severity: "info",
      actor: "engine",
      attrs: { status: "finished", code: 0 },
    },
  ]);
});

test.for([
  [{ status: "failed", exit: { code: 3 } }, "run.failed", "error"],
  [{ status: "killed", exit: { signal: "SIGKILL" } }, "run.failed", "error"],
  [{ status: "incomplete" }, "run.failed", "error"],
  [{ status: "interrupted", exit: { code: 1 } }, "run.canceled", "info"],
] as const)("a run that ended as %j ends in %s", async ([end, type, severity]) => {
  const { events } = await lines("", end);

  expect(events.map((event) => event.event_type)).toEqual(["run.started", type]);
  const exit = "exit" in end ? end.exit : {};
  expect(events[1]).toMatchObject({ severity, attrs: { status: end.status, ...exit } });
});

test("a child cannot end or start the run in our name", async () => {
  const forged = ["run.started", "run.finished", "run.failed", "run.canceled"]
    .map((event_type) => `${JSON.stringify({ event_type })}\n`)
    .join("");

  const { events, messages } = await lines(forged);

  expect(events.map((event) => event.event_type)).toEqual(["run.started", "run.finished"]);
  expect(messages).toHaveLength(4);
});

test.for([
  ["no JSON", "nonsense"],
  ["a list", "[]"],
  ["null", "null"],
  ["no type", "{}"],
  ["a type without a dot", '{"event_type":"progress"}'],
  ["a type with capitals", '{"event_type":"Model.Call"}'],
  ["a type that is too long", JSON.stringify({ event_type: `a.${"b".repeat(200)}` })],
  ["a trace without a span", '{"event_type":"a.b","trace":{"trace_id":"1"}}'],
  [
    "depth beyond reason",
    `{"event_type":"a.b","attrs":{"a":${"[".repeat(2000)}${"]".repeat(2000)}}}`,
  ],
] as const)("a line with %s is left out and reported", async ([, line]) => {
  const { events, messages } = await lines(`${line}\n{"event_type":"a.b"}\n`);

  expect(events.map((event) => event.event_type)).toEqual(["run.started", "a.b", "run.finished"]);
  expect(messages).toEqual([expect.stringContaining("events.jsonl line 1 ")]);
});

test("a torn last line is no mistake of the child's", async () => {
  const { events, messages } = await lines('{"event_type":"a.b"}\n{"event_type":"a.');

  expect(events).toHaveLength(3);
  expect(messages).toEqual([]);
});

test("a trace is handed on", async () => {
  const trace = { trace_id: "t1", span_id: "s2", parent_span_id: "s1" };

  const { events } = await lines(`${JSON.stringify({ event_type: "a.b", trace })}\n`);

  expect(events[1]?.trace).toEqual(trace);
});

test.for(["2026-02-30T10:00:00Z", "2026-05-04", "yesterday", "2026-05-04T10:00:00+02:00", 5])(
  "the time %j is none: the end of the run stands for it",
  async (time) => {
    const { events } = await lines(`${JSON.stringify({ event_type: "a.b", time })}\n`);

    expect(events[1]?.time).toBe("2026-05-04T11:00:00.000Z");
  },
);

test("secrets in values, keys and types do not pass", async () => {
  const { text } = await eventLines(
    makePlan(),
    finished,
    `${JSON.stringify({ event_type: "a.b", attrs: { note: token, [token]: 1, password: "hunter2hunter2" } })}\n` +
      `${JSON.stringify({ event_type: `a.${token.toLowerCase()}` })}\n`,
    new RunRedactor({}),
  );

  expect(text).toContain("[REDACTED:github-token:1]");
  expect(text.toLowerCase()).not.toContain(token.toLowerCase());
  expect(text).not.toContain("hunter2hunter2");
});

test("whatever a child writes, every line is a valid event", async () => {
  const field = fc.oneof(fc.jsonValue(), fc.constantFrom("a.b", "error", "model", "info"));
  const event = fc.record(
    { event_type: field, severity: field, actor: field, attrs: field, time: field, trace: field },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(event, fc.jsonValue()), { maxLength: 4 }),
      async (values) => {
        const text = values.map((value) => `${JSON.stringify(value)}\n`).join("");

        const { events } = await lines(text);

        for (const one of events) expect(await validate("event", one)).toEqual([]);
        expect(events.at(-1)?.event_type).toBe("run.finished");
      },
    ),
    { numRuns: 200 },
  );
});
