import fc from "fast-check";
import { expect, test } from "vitest";
import { compareIntegers, compareNumbers } from "./compare-numbers.ts";
import { completeTolerance, mergeTolerance } from "./tolerance.ts";
import { parseTolerance } from "./tolerance-file.ts";
import { toleranceRules } from "./tolerance-rules.ts";

const size = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true });

test("a number is within any tolerance of itself", () => {
  fc.assert(
    fc.property(fc.double(), size, size, (a, absolute, relative) => {
      expect(compareNumbers(a, a, { absolute, relative })).toMatchObject({
        isEqual: true,
        isWithin: true,
      });
    }),
  );
});

test("an absolute tolerance does not ask who is the original", () => {
  fc.assert(
    fc.property(fc.double(), fc.double(), size, (a, b, absolute) => {
      const tolerance = { absolute, relative: 0 };
      expect(compareNumbers(a, b, tolerance).isWithin).toBe(
        compareNumbers(b, a, tolerance).isWithin,
      );
    }),
  );
});

test("a larger tolerance never excludes what a smaller one allows", () => {
  fc.assert(
    fc.property(fc.double(), fc.double(), size, size, (a, b, small, more) => {
      const { isWithin } = compareNumbers(a, b, { absolute: small, relative: 0 });
      if (!isWithin) return;
      expect(compareNumbers(a, b, { absolute: small + more, relative: more }).isWithin).toBe(true);
    }),
  );
});

test("the relative tolerance is relative to the original", () => {
  const tolerance = { absolute: 0, relative: 0.1 };

  expect(compareNumbers(100, 110, tolerance).isWithin).toBe(true);
  expect(compareNumbers(110, 100, tolerance).isWithin).toBe(true);
  expect(compareNumbers(100, 111, tolerance).isWithin).toBe(false);
  expect(compareNumbers(0, 1e-300, tolerance)).toMatchObject({
    isWithin: false,
    relativeError: Number.POSITIVE_INFINITY,
  });
});

test("NaN equals NaN and nothing else; -0 equals 0", () => {
  const tolerance = { absolute: 1e308, relative: 1e308 };

  expect(compareNumbers(Number.NaN, Number.NaN, tolerance).isEqual).toBe(true);
  expect(compareNumbers(Number.NaN, 1, tolerance).isWithin).toBe(false);
  expect(compareNumbers(-0, 0, tolerance).isEqual).toBe(true);
});

test("big integers are compared as they are", () => {
  const result = compareIntegers(2n ** 64n, 2n ** 64n + 1n, { absolute: 0, relative: 0 });

  expect(result).toMatchObject({ isEqual: false, isWithin: false, absoluteError: 1 });
});

test("one unit in the last place is within ulp: 4 and not within an exact comparison", () => {
  const [a, b] = [0.3, 0.1 + 0.2];

  expect(compareNumbers(a, b, { absolute: 0, relative: 0, ulp: 4 })).toMatchObject({
    isEqual: false,
    isWithin: true,
    ulpError: 1,
  });
  expect(compareNumbers(a, b, { absolute: 0, relative: 0 }).isWithin).toBe(false);
});

test("ulp allows what the other two do not, never less than they do, and no infinity", () => {
  const any = fc.double();
  fc.assert(
    fc.property(any, any, size, fc.maxSafeNat(), fc.maxSafeNat(), (a, b, absolute, ulp, more) => {
      const within = (of: number): boolean =>
        compareNumbers(a, b, { absolute, relative: 0, ulp: of }).isWithin;
      if (compareNumbers(a, b, { absolute, relative: 0 }).isWithin) expect(within(ulp)).toBe(true);
      if (within(ulp)) expect(within(Math.min(ulp + more, Number.MAX_SAFE_INTEGER))).toBe(true);
      expect(compareNumbers(b, a, { absolute, relative: 0, ulp }).isWithin).toBe(within(ulp));
    }),
  );
  const wide = { absolute: 0, relative: 0, ulp: Number.MAX_SAFE_INTEGER };
  expect(compareNumbers(Number.MAX_VALUE, Number.POSITIVE_INFINITY, wide).isWithin).toBe(false);
});

test("NaN differs from NaN on demand", () => {
  const tolerance = { absolute: 1, relative: 1, ulp: 9, nan: "different" as const };

  expect(compareNumbers(Number.NaN, Number.NaN, tolerance)).toMatchObject({
    isEqual: false,
    isWithin: false,
  });
});

test("a tolerance is finite and not negative; what is as by default is left out", () => {
  expect(completeTolerance()).toEqual({ absolute: 0, relative: 0 });
  expect(completeTolerance({ ulp: 0, nan: "equal", metrics: {}, ignore: { paths: [] } })).toEqual({
    absolute: 0,
    relative: 0,
  });
  for (const absolute of [-1, Number.NaN, Number.POSITIVE_INFINITY])
    expect(() => completeTolerance({ absolute })).toThrow(/absolute tolerance cannot/);
  for (const ulp of [-1, 0.5, 2 ** 53])
    expect(() => completeTolerance({ ulp })).toThrow(/ulp tolerance/);
  expect(() => completeTolerance({ metrics: { loss: { absolute: 0, relative: -1 } } })).toThrow(
    /relative tolerance of metric loss/,
  );
  expect(() => completeTolerance({ files: { "*.npy": { nan: "no" as "equal" } } })).toThrow(
    /NaN of file \*.npy/,
  );
  expect(() => completeTolerance({ ignore: { pointers: ["x"] } })).toThrow(/"x"/);
});

test("the exact name wins, then the most literal glob, whatever the order", () => {
  const named = { "*": { ulp: 1 }, "loss*": { ulp: 2 }, loss: { ulp: 3 }, "train/*": { ulp: 4 } };
  for (const order of [Object.entries(named), Object.entries(named).reverse()]) {
    const rules = toleranceRules(completeTolerance({ metrics: Object.fromEntries(order) }));

    expect(
      ["loss", "loss_total", "train/loss", "x"].map((name) => rules.forMetric(name).ulp),
    ).toEqual([3, 2, 4, 1]);
  }
});

test("files have tolerances by path; the course of a metric has that of its metric", () => {
  const rules = toleranceRules(
    completeTolerance({
      absolute: 1,
      metrics: { "train/loss": { ulp: 2 } },
      files: { "**/*.npy": { ulp: 3 }, "metrics/x.csv": { ulp: 4 } },
      ignore: { paths: ["logs/**", "*.tmp"], columns: ["t"] },
    }),
  );

  expect(rules.forFile("a/b.npy")).toMatchObject({
    absolute: 0,
    ulp: 3,
    ignore: { columns: ["t"] },
  });
  expect(rules.forFile("b.npy").ulp).toBe(3);
  expect(rules.forFile("b.csv")).toMatchObject({ absolute: 1 });
  expect(rules.forFile("metrics/train/loss.csv").ulp).toBe(2);
  expect(rules.forFile("metrics/x.csv").ulp).toBe(4);
  expect(rules.forFile("metrics/%.csv").absolute).toBe(1);
  expect(["logs/a/b", "x.tmp", "a/x.tmp", "x"].map((path) => rules.ignoresFile(path))).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

test("a file is YAML or JSON, and says what is wrong with it", async () => {
  const yaml = "relative: 1e-6\nulp: 4\nignore:\n  columns: [wall_time]\n";
  const json = '{"schema_version": "reseal.tolerance/v1", "relative": 1e-6, "ulp": 4}';

  expect(await parseTolerance(yaml)).toEqual({
    relative: 1e-6,
    ulp: 4,
    ignore: { columns: ["wall_time"] },
  });
  expect(await parseTolerance(json)).toEqual({ relative: 1e-6, ulp: 4 });
  expect(await parseTolerance("")).toEqual({});
  for (const text of ["atol: 1", "ulp: -1", "ulp: .inf", "[1", '{"ulp": 1, "ulp": 2}', "- 1"])
    await expect(parseTolerance(text)).rejects.toMatchObject({ code: "REPLAY_TOLERANCE_INVALID" });
});

test("flags win over a file, key by key; lists are joined", () => {
  const file = { relative: 1e-6, ulp: 4, metrics: { a: { ulp: 1 } }, ignore: { paths: ["x"] } };
  const merged = mergeTolerance({ ulp: 1, metrics: { b: {} }, ignore: { paths: ["y"] } }, file);

  expect(completeTolerance(merged)).toEqual({
    absolute: 0,
    relative: 1e-6,
    ulp: 1,
    metrics: { a: { absolute: 0, relative: 0, ulp: 1 }, b: { absolute: 0, relative: 0 } },
    ignore: { paths: ["x", "y"] },
  });
});

test("key columns are found by path like tolerances of files, and joined over layers", () => {
  const rules = toleranceRules(
    completeTolerance(
      mergeTolerance(
        { keys: { "**/*.csv": ["id"] } },
        { keys: { "points.csv": ["t"], "**/*.csv": ["x"] } },
      ),
    ),
  );

  expect(rules.forFile("points.csv").key).toEqual(["t"]);
  expect(rules.forFile("a/b.csv").key).toEqual(["id"]);
  expect(rules.forFile("a/b.tsv").key).toBeUndefined();
  expect(() => completeTolerance({ keys: { "a.csv": [] } })).toThrow("No key column");
});

test("a tolerance file may name key columns", async () => {
  expect(await parseTolerance("keys:\n  results.csv: [run, step]\n")).toEqual({
    keys: { "results.csv": ["run", "step"] },
  });
  await expect(parseTolerance("keys: { results.csv: [] }")).rejects.toThrow("/keys");
});
