import { parseDigest } from "@reseal/hash";
import { compareBundles, compareInputs } from "@reseal/replay";
import { validate } from "@reseal/schema";
import { createMemoryStores } from "@reseal/store";
import { describe, expect, test } from "vitest";
import { type BundleParts, bundleOf } from "./memory-bundles.ts";

async function compare(
  a: BundleParts,
  b: BundleParts,
  options: Parameters<typeof compareBundles>[2] = {},
) {
  const stores = createMemoryStores();
  const [original, candidate] = [await bundleOf(stores, a), await bundleOf(stores, b)];
  const comparison = await compareBundles(original, candidate, options);
  expect(await validate("comparison", comparison)).toEqual([]);
  return comparison;
}

const environment = {};

describe("verdicts", () => {
  test("the same inputs and results are reproduced, in whatever environment", async () => {
    const comparison = await compare({ environment }, { environment: { packages: {} } });

    expect(comparison.verdict).toBe("reproduced");
    expect(comparison.explained).toBeUndefined();
    expect(comparison.keys).toMatchObject({
      artifact_id: { equal: true },
      input_key: { equal: true },
      result_key: { equal: true },
      env_key: { equal: false },
      seal: { equal: false },
    });
  });

  test("another result of the same inputs in the same environment is unexplained", async () => {
    const files = { "outputs/x.txt": "y" };
    const comparison = await compare({ environment }, { environment, files });

    expect(comparison).toMatchObject({ verdict: "diverged", explained: "unexplained" });
    expect(comparison.reason).toMatch(/not deterministic/);
  });

  test("without an environment nothing says that the circumstances were the same", async () => {
    const comparison = await compare({}, { files: { "outputs/x.txt": "y" } });

    expect(comparison).toMatchObject({ verdict: "diverged", explained: "explained" });
  });

  test("test_replay_detects_hardware_drift", async () => {
    const comparison = await compare(
      { environment },
      { environment: { cpu: { model: "EPYC 7763" } }, files: { "outputs/x.txt": "y" } },
    );

    expect(comparison).toMatchObject({ verdict: "diverged", explained: "explained" });
    expect(comparison.environment).toEqual([
      { pointer: "/cpu/model", original: "Xeon 8272CL", candidate: "EPYC 7763" },
    ]);
  });

  test("a run without results is not comparable, not even with itself", async () => {
    const comparison = await compare({ files: {} }, { files: {} });

    expect(comparison.verdict).toBe("not_comparable");
    expect(comparison.keys.result_key).toEqual({ original: null, candidate: null, equal: false });
  });

  test("an incomplete original and another artifact type are not comparable", async () => {
    expect((await compare({ status: "incomplete" }, {})).verdict).toBe("not_comparable");
    expect((await compare({}, { type: "other" })).verdict).toBe("not_comparable");
  });

  test("an output that was withheld from the candidate explains the difference", async () => {
    const comparison = await compare(
      { files: { "outputs/k": "1", "outputs/x": "1" }, environment },
      { files: { "outputs/x": "1" }, environment, withheld: ["outputs/k"] },
    );

    expect(comparison).toMatchObject({ verdict: "diverged", explained: "explained" });
    expect(comparison.reason).toMatch(/--allow-secret k/);
  });

  test("the same results of other inputs are not called reproduced", async () => {
    const comparison = await compare({}, { inputs: { command: ["false"] } });

    expect(comparison.verdict).toBe("within_tolerance");
    expect(comparison.reason).toMatch(/inputs are not/);
  });

  test("values within tolerance are; one beyond it is the first difference", async () => {
    const a = { files: { "outputs/a.json": "[1]", "outputs/b.csv": "x\n1\n" } };
    const b = { files: { "outputs/a.json": "[1.01]", "outputs/b.csv": "x\n2\n" } };
    const near = await compare(a, b, { tolerance: { absolute: 1 } });
    const far = await compare(a, b, { tolerance: { absolute: 0.1 } });

    expect(near.verdict).toBe("within_tolerance");
    expect(near.files.map(({ status }) => status)).toEqual([
      "within_tolerance",
      "within_tolerance",
    ]);
    expect(far.verdict).toBe("diverged");
    expect(far.first_difference).toEqual({
      path: "b.csv",
      row: 1,
      column: "x",
      original: "1",
      candidate: "2",
    });
  });
});

describe("first difference", () => {
  test("outputs in order of path come before metrics, metrics before the exit", async () => {
    const results = (loss: number, code: number) => ({ exit: { code }, metrics: { loss } });
    const all = await compare(
      { results: results(1, 0), files: { "outputs/b": "1", "outputs/c": "1" } },
      { results: results(2, 1), files: { "outputs/b": "2", "outputs/c": "2" } },
    );
    const metrics = await compare({ results: results(1, 0) }, { results: results(2, 1) });
    const exit = await compare({ results: results(1, 0) }, { results: results(1, 1) });

    expect(all.first_difference).toMatchObject({ path: "b", line: 1 });
    expect(metrics.first_difference).toEqual({
      path: "metrics.json",
      pointer: "/final/loss",
      original: 1,
      candidate: 2,
    });
    expect(exit.first_difference).toEqual({
      path: "run.json",
      pointer: "/result/exit_code",
      original: 0,
      candidate: 1,
    });
  });

  test("missing and added files are differences by themselves", async () => {
    const comparison = await compare(
      { files: { "outputs/gone": "1", "outputs/x": "1" } },
      { files: { "outputs/new": "1", "outputs/x": "1" } },
    );

    expect(comparison.files.map(({ path, status }) => [path, status])).toEqual([
      ["gone", "missing"],
      ["new", "added"],
      ["x", "equal"],
    ]);
    expect(comparison.first_difference).toEqual({ path: "gone" });
  });

  test("values of the results object name their place in run.json", async () => {
    const comparison = await compare(
      { results: { values: { energy: { total: 1 } } } },
      { results: { values: { energy: { total: 2 } } } },
    );

    expect(comparison.first_difference).toEqual({
      path: "run.json",
      pointer: "/result/values/energy/total",
      original: 1,
      candidate: 2,
    });
  });

  test("the course of a metric is compared by its path in the bundle", async () => {
    const comparison = await compare(
      { files: { "metrics/loss.csv": "step,value\n0,1\n1,3\n" } },
      { files: { "metrics/loss.csv": "step,value\n0,2\n1,3\n" } },
    );

    expect(comparison.first_difference).toMatchObject({ path: "metrics/loss.csv", row: 1 });
  });

  test("binary files give an offset, and so do files above the limit", async () => {
    const binary = await compare(
      { files: { "outputs/x.npy": Uint8Array.of(0, 1, 2) } },
      { files: { "outputs/x.npy": Uint8Array.of(0, 1, 254) } },
    );
    const large = await compare(
      { files: { "outputs/x.csv": "x\n1\n" } },
      { files: { "outputs/x.csv": "x\n2\n" } },
      { wholeBytesMax: 3 },
    );

    expect(binary.first_difference).toEqual({
      path: "x.npy",
      offset: 2,
      original: "02",
      candidate: "fe",
    });
    expect(large.first_difference).toMatchObject({ offset: 2, original: "31", candidate: "32" });
  });

  test("what is called JSON and is not is compared as text", async () => {
    const comparison = await compare(
      { files: { "outputs/x.json": "[1,\nNaN]" } },
      { files: { "outputs/x.json": "[1,\nInfinity]" } },
    );

    expect(comparison.first_difference).toEqual({
      path: "x.json",
      line: 2,
      original: "NaN]",
      candidate: "Infinity]",
    });
  });
});

test("metrics keep their own tolerance; NaN equals NaN and big integers are exact", async () => {
  const metrics = { loss: 1, nan: "NaN" as const, count: "9007199254740993" };
  const comparison = await compare(
    { results: { metrics } },
    { results: { metrics: { ...metrics, loss: 1.5, count: "9007199254740992", new: 1 } } },
    { tolerance: { metrics: { loss: { absolute: 1, relative: 0 } } } },
  );

  expect(comparison.metrics).toMatchObject([
    { name: "count", equal: false, within_tolerance: false },
    { name: "loss", equal: false, within_tolerance: true },
    { name: "nan", equal: true },
    { name: "new", original: null, candidate: 1, equal: false },
  ]);
});

test("configurations differ by pointer", async () => {
  const comparison = await compare(
    { config: { lr: 0.1, layers: [1, 2] } },
    { config: { lr: 0.2, layers: [1, 2], new: true } },
  );

  expect(comparison.config).toEqual([
    { pointer: "/lr", original: 0.1, candidate: 0.2 },
    { pointer: "/new", candidate: true },
  ]);
});

test("inputs differ by value and by file", async () => {
  const stores = createMemoryStores();
  const original = await bundleOf(stores, {
    inputs: { command: ["a", "b"], seed: 1 },
    files: { "code/main.py": "x = 1\n", "code/same.py": "", "inputs/d.csv": "x\n1\n" },
  });
  const candidate = await bundleOf(stores, {
    inputs: { command: ["a", "c"] },
    files: { "code/main.py": "x = 2\n", "code/same.py": "", "inputs/e.csv": "x\n1\n" },
  });

  const { values, files } = await compareInputs(original, candidate);

  expect(values).toEqual([
    { pointer: "/command/1", original: "b", candidate: "c" },
    { pointer: "/seed", original: 1 },
  ]);
  expect(files).toMatchObject([
    { path: "code/main.py", status: "different", first_difference: { line: 1 } },
    { path: "inputs/d.csv", status: "missing" },
    { path: "inputs/e.csv", status: "added" },
  ]);
});

test("an output whose bytes are gone still differs, and a failed look-up is not hidden", async () => {
  const stores = createMemoryStores();
  const original = await bundleOf(stores, { files: { "outputs/x": "1" } });
  const candidate = await bundleOf(stores, { files: { "outputs/x": "2" } });
  const digest = original.manifest.context.files.find(({ path }) => path === "outputs/x")?.digest;
  const failing = { ...original, open: () => Promise.reject(new Error("connection lost")) };

  await expect(compareBundles(failing, candidate)).rejects.toThrow("connection lost");
  await stores.blobs.delete(parseDigest(digest ?? ""));
  const comparison = await compareBundles(original, candidate);

  expect(comparison).toMatchObject({ verdict: "diverged", first_difference: { path: "x" } });
});
