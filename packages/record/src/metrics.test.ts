import { expect, test } from "vitest";
import { collectMetrics, defaultContextMetrics } from "./metrics.ts";

const collect = (text: string) => collectMetrics(text, defaultContextMetrics);

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
  const metrics = collect('{"name": "a", "value": NaN}\n{"name":"b","value":"-Infinity"}\n');

  expect(metrics.final).toEqual({ a: "NaN", b: "-Infinity" });
});

test("durations are context, not results", () => {
  const metrics = collect('{"name":"elapsed_seconds","value":1.5}\n');

  expect(metrics.final).toEqual({});
  expect(metrics.context).toEqual({ elapsed_seconds: 1.5 });
});

test("a bad line is reported with its number, a torn last line is not", () => {
  const metrics = collect('nonsense\n{"name":"a","value":1}\n{"name":"b","val');

  expect(metrics.problems).toEqual(["metrics.jsonl line 1"]);
  expect(metrics.final).toEqual({ a: 1 });
});

test("a name that is no path becomes one", () => {
  const line = (name: string) => `${JSON.stringify({ name, value: 1 })}\n`;
  const metrics = collect(line("../x").repeat(2) + line("train/loss").repeat(2));

  expect(metrics.series.map((series) => series.path)).toEqual(["%../x.csv", "train/loss.csv"]);
});
