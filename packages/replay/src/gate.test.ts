import type { Comparison, MetricValue } from "@reseal/schema";
import { assertValid } from "@reseal/schema";
import { expect, test } from "vitest";
import { decideGate, parseGateRules, variance } from "./gate.ts";

type Metrics = Readonly<Record<string, readonly [MetricValue | null, MetricValue | null]>>;

function compared(metrics: Metrics, files: Comparison["files"] = []): Comparison {
  const digest: `sha256:${string}` = `sha256:${"a".repeat(64)}`;
  return {
    original: { artifact_id: digest },
    candidate: { artifact_id: digest },
    metrics: Object.entries(metrics).map(([name, [original, candidate]]) => ({
      name,
      original,
      candidate,
      equal: original === candidate,
    })),
    files,
  } as unknown as Comparison;
}

test("thresholds, regressions and outputs are told, met or violated", async () => {
  const gate = decideGate(
    {
      metrics: { rmse: { better: "lower", max: 0.2, max_regression: 0.01 } },
      outputs: { "*.csv": "within_tolerance", "missing.json": "present" },
    },
    [
      compared({ rmse: [0.1, 0.15] }, [
        { path: "a.csv", status: "within_tolerance" },
        { path: "b.csv", status: "equal" },
      ]),
    ],
  );

  expect(await assertValid("gate", gate)).toEqual(gate);
  expect(gate.decision).toBe("fail");
  expect(gate.reasons.map(({ kind, status, subject }) => [kind, status, subject])).toEqual([
    ["threshold", "met", "rmse"],
    ["regression", "violated", "rmse"],
    ["output", "met", "*.csv"],
    ["output", "violated", "missing.json"],
  ]);
});

test("the average is over all candidates, the variance too", () => {
  const rules = {
    score: "accuracy",
    min_average_score: 0.8,
    metrics: { accuracy: { max_variance: 0.001 } },
  };
  const candidates = [0.9, 0.7].map((value) => compared({ accuracy: [0.8, value] }));

  expect(decideGate(rules, candidates).reasons).toMatchObject([
    { kind: "threshold", status: "met", observed: 0.8 },
    { kind: "stability", status: "violated" },
  ]);
});

test.for<[string, MetricValue | null]>([
  ["absent", null],
  ["NaN", "NaN"],
])("a metric that is %s passes no rule", ([, value]) => {
  const rules = {
    min_average_score: 0,
    metrics: { score: { min: -1, max: 1, max_regression: 9, max_variance: 9 } },
  };
  const gate = decideGate(rules, [compared({ score: [0.5, value] })]);

  expect(gate.reasons.map(({ status }) => status)).toEqual(new Array(5).fill("violated"));
});

test("a gate file is YAML or JSON, and what it does not know is refused", async () => {
  expect(await parseGateRules("max_regression: 0.02\n", "gate.yaml")).toEqual({
    max_regression: 0.02,
  });
  expect(await parseGateRules('{"min_average_score": 0.8}', "gate.json")).toEqual({
    min_average_score: 0.8,
  });
  for (const text of ["max_regresion: 1", "", "- a", "metrics: {a: {minimum: 1}}", "a: [", "*x"])
    await expect(parseGateRules(text, "gate.yaml")).rejects.toThrow(
      expect.objectContaining({ code: "REPLAY_GATE_INVALID" }),
    );
});

test("variance has n - 1 below the line and is 0 for one value", () => {
  expect(variance([1, 2, 3, 4])).toBeCloseTo(5 / 3, 12);
  expect(variance([7])).toBe(0);
  expect(variance([])).toBe(0);
  expect(variance([Number.NaN])).toBeNaN();
});
