import { readFileSync } from "node:fs";
import { collect, openZip } from "@reseal/bundle";
import { isResealError } from "@reseal/errors";
import { expect, test } from "vitest";
import { doubles, pieces } from "../test/npy-writer.ts";
import { compareNpz, type NpzArchive } from "./compare-npz.ts";
import { readNpy } from "./npy.ts";
import { dtypeName } from "./npy-dtype-name.ts";

const folder = new URL("../vectors/npz/", import.meta.url);

const archive = (files: Readonly<Record<string, Uint8Array>>): NpzArchive => ({
  entries: Object.entries(files).map(([path, bytes]) => ({
    path,
    size: bytes.byteLength,
    open: () => pieces(bytes, [50]),
  })),
});

test("arrays are compared by name, wherever they stand; the first by name is the first", async () => {
  const a = archive({ "b.npy": doubles([1]), "a.npy": doubles([1, 2]), "same.npy": doubles([3]) });
  const b = archive({ "same.npy": doubles([3]), "a.npy": doubles([1, 4]), "b.npy": doubles([2]) });

  expect(await compareNpz(a, b)).toEqual({
    status: "different",
    firstDifference: { array: "a", index: [1], original: 2, candidate: 4 },
    maxAbsoluteError: 2,
    maxRelativeError: 1,
    maxUlpError: 2 ** 52,
    differingCount: 2,
    arrays: [
      expect.objectContaining({ name: "a", status: "different", maxAbsoluteError: 2 }),
      expect.objectContaining({ name: "b", status: "different", maxAbsoluteError: 1 }),
    ],
  });
  expect(await compareNpz(a, a)).toEqual({ status: "equal" });
});

test("arrays that one side lacks, and arrays within tolerance", async () => {
  const a = archive({ "near.npy": doubles([0.3]), "z.npy": doubles([1]) });
  const b = archive({ "near.npy": doubles([0.1 + 0.2]), "y.npy": doubles([1]) });

  expect(await compareNpz(a, b, { absolute: 0, relative: 0, ulp: 4 })).toMatchObject({
    status: "different",
    firstDifference: { array: "y" },
    arrays: [
      { name: "near", status: "within_tolerance", maxUlpError: 1 },
      { name: "y", status: "added" },
      { name: "z", status: "missing" },
    ],
  });
});

test("what is no array that can be read is compared as bytes, never loaded", async () => {
  const pickle = readFileSync(new URL("../npy/object_pickled.npy", folder));
  const other = Buffer.from(pickle);
  other[200] = 0;
  const files = { "note.txt": Buffer.from("a"), "o.npy": pickle };

  expect(await compareNpz(archive(files), archive(files))).toEqual({ status: "equal" });
  expect(
    await compareNpz(archive(files), archive({ "note.txt": Buffer.from("b"), "o.npy": other })),
  ).toMatchObject({
    firstDifference: { array: "note.txt", offset: 0, original: "61", candidate: "62" },
    arrays: [{ name: "note.txt" }, { name: "o", firstDifference: { offset: 200 } }],
  });
});

test("two arrays of one name are refused", async () => {
  const twice = { entries: [...archive({ "a.npy": doubles([1]) }).entries] };
  twice.entries.push(...twice.entries);

  await expect(compareNpz(twice, twice)).rejects.toMatchObject({ code: "REPLAY_NPZ_INVALID" });
});

const { files } = JSON.parse(readFileSync(new URL("../npy/expected.json", folder), "utf8")) as {
  readonly files: Readonly<
    Record<string, { numpy?: string; members?: Record<string, [string, number[]]> }>
  >;
};
const numpyNames: Readonly<Record<string, string>> = {
  int64: "<i8",
  float32: "<f4",
  bool: "|b1",
  "<U1": "<U1",
};

test.for(["forced_zip64.npz", "frame_0000.npz", "frame_0001.npz"])(
  "%s holds what NumPy says",
  async (name) => {
    await using zip = await openZip(readFileSync(new URL(name, folder)));
    const members: Record<string, [string | undefined, readonly number[]]> = {};
    for (const entry of zip.entries) {
      const { dtype, shape } = await readNpy(zip.open(entry), { size: entry.size });
      members[entry.path.replace(".npy", "")] = [dtypeName(dtype), shape];
    }

    const expected = Object.entries(files[name]?.members ?? {});
    expect(members).toEqual(
      Object.fromEntries(expected.map(([key, [type, shape]]) => [key, [numpyNames[type], shape]])),
    );
  },
);

const hostile = JSON.parse(readFileSync(new URL("hostile/index.json", folder), "utf8")) as {
  readonly file: string;
  readonly attack: string;
  readonly must: "accept" | "refuse" | "either_never_crash";
}[];

test.for(hostile)("hostile: $attack ($file): $must", async ({ file, must }) => {
  const bytes = readFileSync(new URL(`hostile/${file}`, folder));

  const verdict = await readAll(bytes, file.endsWith(".npz")).then(
    () => "accept",
    (error: unknown) => {
      expect(isResealError(error) && error.code).toMatch(/^(REPLAY_NPY|BUNDLE_ZIP)_/);
      return "refuse";
    },
  );

  if (must !== "either_never_crash") expect(verdict).toBe(must);
});

async function readAll(bytes: Uint8Array, isArchive: boolean): Promise<void> {
  if (!isArchive) {
    await readNpy(bytes);
    return;
  }
  await using zip = await openZip(bytes);
  for (const entry of zip.entries) {
    const member = await collect(zip.open(entry));
    if (entry.path.endsWith(".npy")) await readNpy(member);
  }
}
