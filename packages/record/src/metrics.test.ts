import { importNameProblems, portablePathProblem } from "@reseal/hash";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type CollectedMetrics, collectMetrics, defaultContextMetrics } from "./metrics.ts";

const collect = (text: string): CollectedMetrics => collectMetrics(text, defaultContextMetrics);
const line = (name: string, value: unknown = 1): string => `${JSON.stringify({ name, value })}\n`;
const series = (...names: readonly string[]): string[] =>
  collect(names.map((name) => line(name).repeat(2)).join("")).series.map(({ path }) => path);

test("the last value of a name is final, several points make a series", () => {
  const metrics = collect(
    '{"name":"loss","value":0.5,"step":1}\n{"name":"loss","value":0.25,"step":2}\n{"name":"n","value":3}\n',
  );

  expect(metrics.final).toEqual({ loss: 0.25, n: 3 });
  expect(metrics.series).toEqual([
    { name: "loss", path: "loss.csv", csv: "step,value\n1,0.5\n2,0.25\n" },
  ]);
});

test("NaN and infinities travel as strings, bare or quoted", () => {
  const metrics = collect(
    '{"name": "a", "value": NaN}\n{"name":"b","value":"-Infinity"}\n{"name":"c","value" : Infinity}\n',
  );

  expect(metrics.final).toEqual({ a: "NaN", b: "-Infinity", c: "Infinity" });
});

test("true and false count as one and nothing", () => {
  expect(collect(line("a", true) + line("b", false)).final).toEqual({ a: 1, b: 0 });
});

test("durations are context, not results, however they are written", () => {
  const metrics = collect(line("elapsed_seconds", 1.5) + line("train/Wall_Time/total", 2));

  expect(metrics.final).toEqual({});
  expect(metrics.context).toEqual({ elapsed_seconds: 1.5, "train/Wall_Time/total": 2 });
});

test("a bad line is reported with its number, a torn last line is not", () => {
  const metrics = collect('nonsense\n\n{"name":"a","value":1}\n[]\nnull\n{"name":"b","val');

  expect(metrics.problems).toEqual([
    "metrics.jsonl line 1",
    "metrics.jsonl line 4",
    "metrics.jsonl line 5",
  ]);
  expect(metrics.final).toEqual({ a: 1 });
});

test.for([
  ["no name", '{"value":1}'],
  ["an empty name", line("")],
  ["a name that is half a character", line("\ud800")],
  ["a name that objects use themselves", line("__proto__")],
  ["a name longer than any", line("x".repeat(1001))],
  ["a value that is text", line("a", "high")],
  ["a value beyond all numbers", '{"name":"a","value":1e400}'],
  ["a list of values", line("a", [1])],
  ["a step between two steps", '{"name":"a","value":1,"step":0.5}'],
] as const)("a line with %s is a bad line", ([, text]) => {
  const metrics = collect(`${text.trimEnd()}\n`);

  expect(metrics).toMatchObject({ final: {}, series: [], problems: ["metrics.jsonl line 1"] });
});

test("a name that is no path becomes one", () => {
  expect(series("../x", "train/loss", "a//b", "è:*", ".")).toEqual([
    "%2E.csv",
    "%2E%2E/x.csv",
    "a/%/b.csv",
    "train/loss.csv",
    "%C3%A8%3A%2A.csv",
  ]);
});

test.for([
  [["aux"], 0],
  [["train/nul"], 0],
  [["loss", "Loss"], 1],
  [["a", "a.csv/b"], 1],
  [["x".repeat(300)], 0],
] as const)("names that some systems refuse, %j, get paths of their own", ([names, index]) => {
  const paths = series(...names);

  expect(paths[index]).toMatch(/^=[0-9a-f]{64}\.csv$/);
  expect(importNameProblems(paths)).toEqual([]);
});

test("whatever the names, every series has one path that every system takes", () => {
  const name = fc.string({ unit: "binary", minLength: 1, maxLength: 20 });
  const near = fc.stringMatching(/^[aA./=u\u00e9-\u00ff]{1,6}$/);
  fc.assert(
    fc.property(fc.uniqueArray(fc.oneof(name, near), { maxLength: 12 }), (names) => {
      const { series, final } = collect(names.map((one) => line(one).repeat(2)).join(""));
      const paths = series.map(({ path }) => path);

      expect(series.map((one) => one.name)).toEqual(Object.keys(final));
      expect(paths.filter((path) => portablePathProblem(`metrics/${path}`))).toEqual([]);
      expect(importNameProblems(paths)).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test("names are redacted before anything is made of them", () => {
  const redact = (name: string): string => name.replace("secret", "[REDACTED]");
  const metrics = collectMetrics(line("a/secret").repeat(2), [], redact);

  expect(JSON.stringify(metrics)).not.toContain("secret");
  expect(metrics.final).toEqual({ "a/[REDACTED]": 1 });
});
