import { expect, test } from "vitest";
import { errorText, placeText, statusText, toleranceLines } from "./report-words.ts";

test.for([
  [{ path: "a.json", pointer: "" }, "a.json, at /"],
  [{ path: "a.jsonl", pointer: "/x/0", line: 3 }, "a.jsonl, at /x/0, line 3"],
  [{ path: "a.csv", row: 2, column: "x" }, "a.csv, row 2, column x"],
  [
    { path: "a.csv", row: 2, key: { run: "a", step: "7" }, column: "x" },
    "a.csv, row 2, where run = a and step = 7, column x",
  ],
  [
    { path: "metrics/loss.csv", step: 0, row: 1, column: "value" },
    "metrics/loss.csv, step 0, row 1, column value",
  ],
  [{ path: "w.npy", index: [2, 0] }, "w.npy, element [2, 0]"],
  [{ path: "w.npy", index: [], field: "im" }, "w.npy, element (), field im"],
  [{ path: "w.npy", aspect: "dtype" }, "w.npy, the type of the elements"],
  [{ path: "w.npz", array: "w", aspect: "shape" }, "w.npz, array w, the shape"],
  [{ path: "w.npz", array: "w", index: [4] }, "w.npz, array w, element [4]"],
  [{ path: "p.png", x: 0, y: 5 }, "p.png, pixel x 0, y 5"],
  [{ path: "p.png", aspect: "size" }, "p.png, width and height"],
  [{ path: "b.bin", offset: 0 }, "b.bin, byte 0"],
] as const)("%j is said as: %s", ([place, text]) => {
  expect(placeText(structuredClone(place) as Parameters<typeof placeText>[0], true)).toBe(text);
});

test("what is ignored is said so", () => {
  expect(statusText({ status: "different", ignored: true })).toBe("different (ignored)");
  expect(statusText({ status: "within_tolerance" })).toBe("within tolerance");
});

test("how much differs is said with its number and units", () => {
  expect(
    errorText(
      { differing_count: 2, max_absolute_error: 0.5, max_relative_error: 0.25, max_ulp_error: 8 },
      "array",
    ),
  ).toBe("2 elements, by at most 0.5 (relative 0.25, 8 ulp)");
  expect(
    errorText({ max_absolute_error: 1 / 3, max_relative_error: 2 / 3e9, max_ulp_error: 2 ** 49 }),
  ).toBe("by at most 0.333333 (relative 6.66667e-10)");
  expect(errorText({ differing_count: 1 }, "image")).toBe("1 pixel");
  expect(errorText({ max_absolute_error: "Infinity" })).toBe("by at most Infinity");
  expect(errorText({})).toBe("");
});

test("a tolerance is said rule by rule", () => {
  expect(toleranceLines({ absolute: 0, relative: 0 })).toEqual(["numbers: exact"]);
  expect(
    toleranceLines({
      absolute: 0.5,
      relative: 1e-6,
      ulp: 4,
      nan: "different",
      metrics: { "loss*": { absolute: 0, relative: 0.1 } },
      files: { "**/*.npy": { absolute: 0, relative: 0, ulp: 16 } },
      keys: { "points.csv": ["run", "step"] },
      ignore: { paths: ["*.log"], pointers: ["/timing"], columns: ["wall"] },
    }),
  ).toEqual([
    "numbers: absolute 0.5, relative 0.000001, 4 ulp; NaN differs from NaN",
    "metric loss*: relative 0.1",
    "file **/*.npy: 16 ulp",
    "table points.csv: rows by run, step",
    "ignored files: *.log",
    "ignored in JSON: /timing",
    "ignored columns: wall",
  ]);
});
