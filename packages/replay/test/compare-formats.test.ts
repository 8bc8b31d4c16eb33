import { readFileSync } from "node:fs";
import { validate } from "@reseal/schema";
import { createMemoryStores } from "@reseal/store";
import { expect, test } from "vitest";
import { type CompareOptions, compareBundles } from "../src/compare-bundles.ts";
import { type BundleParts, bundleOf } from "./memory-bundles.ts";
import { doubles } from "./npy-writer.ts";
import { writePng } from "./png-writer.ts";

async function compare(a: BundleParts, b: BundleParts, options: CompareOptions = {}) {
  const stores = createMemoryStores();
  const comparison = await compareBundles(
    await bundleOf(stores, a),
    await bundleOf(stores, b),
    options,
  );
  expect(await validate("comparison", comparison)).toEqual([]);
  return comparison;
}

const output = (path: string, bytes: string | Uint8Array): BundleParts => ({
  files: { [`outputs/${path}`]: bytes },
  results: {
    exit: { code: 0 },
    values: { digest: Buffer.from(bytes).toString("base64").slice(-40) },
  },
});
const files = (path: string, bytes: string | Uint8Array): BundleParts => ({
  files: { [`outputs/${path}`]: bytes },
});

test("an array off by one unit in the last place is within ulp: 4 and diverged under exact", async () => {
  const [a, b] = [files("x.npy", doubles([0, 0.3])), files("x.npy", doubles([0, 0.1 + 0.2]))];
  const results = (value: number) => ({ exit: { code: 0 }, metrics: { sum: value } });
  const [original, candidate] = [
    { ...a, results: results(0.3) },
    { ...b, results: results(0.1 + 0.2) },
  ];

  const near = await compare(original, candidate, { tolerance: { ulp: 4 } });
  const exact = await compare(original, candidate);

  expect(near.verdict).toBe("within_tolerance");
  expect(near.tolerance).toEqual({ absolute: 0, relative: 0, ulp: 4 });
  expect(near.files).toMatchObject([
    {
      path: "x.npy",
      status: "within_tolerance",
      compared_as: "array",
      max_ulp_error: 1,
      differing_count: 1,
    },
  ]);
  expect(exact.verdict).toBe("diverged");
  expect(exact.first_difference).toEqual({
    path: "x.npy",
    index: [1],
    original: 0.3,
    candidate: 0.1 + 0.2,
  });
});

test("arrays larger than what is held whole are still compared by element", async () => {
  const comparison = await compare(
    files("x.npy", doubles([1, 2, 3])),
    files("x.npy", doubles([1, 2, 4])),
    { wholeBytesMax: 8 },
  );

  expect(comparison.files).toMatchObject([{ compared_as: "array", differing_count: 1 }]);
});

test("archives of arrays list the arrays that differ", async () => {
  const read = (name: string) => readFileSync(new URL(`../vectors/npz/${name}`, import.meta.url));
  const comparison = await compare(
    files("f.npz", read("frame_0000.npz")),
    files("f.npz", read("frame_0001.npz")),
  );

  expect(comparison.files).toMatchObject([
    {
      compared_as: "arrays",
      arrays: expect.arrayContaining([
        { name: "boxes", status: "missing" },
        { name: "names", status: "added" },
      ]),
    },
  ]);
  expect(comparison.first_difference).toMatchObject({ path: "f.npz", array: "boxes" });
});

test("images are compared by pixel", async () => {
  const image = (value: number) =>
    writePng({ width: 2, height: 1, depth: 8, type: 0, data: Uint8Array.of(0, value) });
  const comparison = await compare(files("p.png", image(1)), files("p.png", image(4)));

  expect(comparison.first_difference).toEqual({
    path: "p.png",
    x: 1,
    y: 0,
    original: [1],
    candidate: [4],
  });
  expect(comparison.files).toMatchObject([
    { compared_as: "image", max_absolute_error: 3, differing_count: 1 },
  ]);
});

test("what is not what its name says is compared as bytes, and says so", async () => {
  for (const name of ["x.npy", "x.npz", "x.png"]) {
    const comparison = await compare(
      files(name, Uint8Array.of(0, 1)),
      files(name, Uint8Array.of(0, 2)),
    );

    expect(comparison.files).toMatchObject([
      { status: "different", compared_as: "bytes", first_difference: { offset: 1 } },
    ]);
  }
});

test("the course of a metric names its step and has its metric's tolerance", async () => {
  const course = (value: number): BundleParts => ({
    files: { "metrics/train/loss.csv": `step,value\n0,1\n5,${value}\n` },
  });
  const far = await compare(course(2), course(3));
  const near = await compare(course(2), course(3), {
    tolerance: { metrics: { "train/*": { absolute: 1 } } },
  });

  expect(far.first_difference).toMatchObject({ path: "metrics/train/loss.csv", step: 5, row: 2 });
  expect(near.files).toMatchObject([{ status: "within_tolerance", compared_as: "series" }]);
});

test("files have tolerances by glob, in place of the general one", async () => {
  const tolerance = { absolute: 1, files: { "strict/*": {} } };
  const strict = await compare(files("strict/x.csv", "x\n1\n"), files("strict/x.csv", "x\n2\n"), {
    tolerance,
  });
  const loose = await compare(files("x.csv", "x\n1\n"), files("x.csv", "x\n2\n"), { tolerance });

  expect([strict.files[0]?.status, loose.files[0]?.status]).toEqual([
    "different",
    "within_tolerance",
  ]);
});

test("what is ignored is reported and does not decide", async () => {
  const a = {
    ...output("run.log", "1"),
    files: { "outputs/run.log": "1", "outputs/t.csv": "t,x\n1,2\n" },
  };
  const b = {
    ...output("run.log", "2"),
    files: { "outputs/run.log": "2", "outputs/t.csv": "t,x\n9,2\n" },
  };
  const ignore = { paths: ["*.log"], columns: ["t"], pointers: ["/digest"] };

  const counted = await compare(a, b);
  const ignored = await compare(a, b, { tolerance: { ignore } });

  expect(counted.verdict).toBe("diverged");
  expect(ignored.verdict).toBe("within_tolerance");
  expect(ignored.tolerance.ignore).toEqual(ignore);
  expect(ignored.files).toMatchObject([
    { path: "run.log", status: "different", ignored: true },
    { path: "t.csv", status: "within_tolerance" },
  ]);
});

test("NaN in a metric differs from NaN on demand", async () => {
  const of = (note: string): BundleParts => ({
    results: { exit: { code: 0 }, metrics: { loss: "NaN" }, values: { note } },
  });
  const tolerance = { metrics: { loss: { nan: "different" as const } } };

  expect((await compare(of("a"), of("b"))).metrics).toMatchObject([{ equal: true }]);
  expect((await compare(of("a"), of("b"), { tolerance })).metrics).toMatchObject([
    { equal: false, within_tolerance: false },
  ]);
});
