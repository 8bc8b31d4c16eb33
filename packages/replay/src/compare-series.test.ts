import { expect, test } from "vitest";
import { compareSeries } from "./compare-series.ts";

const exact = { absolute: 0, relative: 0 };

test("the first difference is the smallest step that differs, in whatever row it stands", () => {
  const a = "step,value\n0,1\n10,2\n20,3\n";
  const b = "step,value\n0,1\n20,5\n10,4\n";

  expect(compareSeries(a, b, exact)).toMatchObject({
    status: "different",
    firstDifference: { step: 10, row: 2, column: "value", original: "2", candidate: "4" },
    maxAbsoluteError: 2,
    differingCount: 2,
  });
});

test("steps that one side lacks do not shift the others", () => {
  expect(compareSeries("step,value\n0,1\n1,2\n2,3\n", "step,value\n0,1\n2,3\n", exact)).toEqual({
    status: "different",
    firstDifference: { step: 1, row: 2, column: "value", original: "2" },
    differingCount: 1,
  });
  expect(
    compareSeries("step,value\n0,1\n", "step,value\n0,1\n5,3\n", exact).firstDifference,
  ).toEqual({ step: 5, row: 2, column: "value", candidate: "3" });
});

test("a step that comes twice is compared in order; the same number written otherwise is equal", () => {
  const a = "step,value\n0,1\n0,2\n1,NaN\n";

  expect(compareSeries(a, "step,value\n0,1.0\n1,nan\n0,2\n", exact)).toEqual({ status: "equal" });
  expect(compareSeries(a, "step,value\n0,2\n0,1\n1,NaN\n", exact).differingCount).toBe(2);
});

test("values have tolerances", () => {
  const [a, b] = ["step,value\n0,0.3\n", "step,value\n0,0.30000000000000004\n"];

  expect(compareSeries(a, b, { ...exact, ulp: 1 }).status).toBe("within_tolerance");
  expect(compareSeries(a, b, exact).status).toBe("different");
  expect(compareSeries(a, b, { ...exact, ignore: { columns: ["value"] } })).toEqual({
    status: "equal",
  });
});

test("any other table is compared row by row", () => {
  const rows = compareSeries("step,value,x\n0,1,2\n", "step,value,x\n0,1,3\n", exact);

  expect(rows.firstDifference).toEqual({ row: 1, column: "x", original: "2", candidate: "3" });
  expect(
    compareSeries("step,value\na,1\n", "step,value\nb,1\n", exact).firstDifference,
  ).toMatchObject({ row: 1, column: "step" });
});
