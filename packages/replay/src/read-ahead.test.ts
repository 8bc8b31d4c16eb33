import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BundleReader } from "@reseal/bundle";
import { digestBytes } from "@reseal/hash";
import type { FileEntry } from "@reseal/schema";
import { afterAll, expect, test } from "vitest";
import { compareFile } from "./compare-file.ts";
import { readAhead } from "./read-ahead.ts";
import { toleranceRules } from "./tolerance-rules.ts";

const folder = mkdtempSync(join(tmpdir(), "read-ahead-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** More than two pieces, of bytes that tell their place. */
const bytes = Buffer.alloc(17 * 1024 * 1024 + 5);
for (let at = 0; at + 4 <= bytes.length; at += 4) bytes.writeUInt32LE(at, at);
const path = join(folder, "a.bin");
writeFileSync(path, bytes);
const blob = { digest: digestBytes(bytes), size: bytes.byteLength };

test("the pieces are the file, in order", async () => {
  let at = 0;
  for await (const piece of readAhead(path, blob)) {
    expect(Buffer.compare(piece, bytes.subarray(at, at + piece.byteLength))).toBe(0);
    at += piece.byteLength;
  }

  expect(at).toBe(bytes.byteLength);
});

test("an empty file has no pieces", async () => {
  const empty = join(folder, "empty");
  writeFileSync(empty, "");
  let count = 0;
  for await (const _ of readAhead(empty, { digest: digestBytes(""), size: 0 })) count += 1;

  expect(count).toBe(0);
});

test.for([
  ["another digest", { ...blob, digest: digestBytes("x") }],
  ["fewer bytes than there should be", { ...blob, size: blob.size + 1 }],
  ["more bytes than there should be", { ...blob, size: 1024 }],
] as const)("%s is an error", async ([, wrong]) => {
  const read = async (): Promise<void> => {
    for await (const _ of readAhead(path, wrong));
  };

  await expect(read()).rejects.toMatchObject({ code: "STORE_BLOB_CORRUPT" });
});

test("a reader may stop at any time, and an abort ends it", async () => {
  for await (const piece of readAhead(path, blob)) {
    expect(piece.byteLength).toBeGreaterThan(0);
    break;
  }
  const aborted = async (): Promise<void> => {
    for await (const _ of readAhead(path, blob, AbortSignal.abort(new Error("enough"))));
  };

  await expect(aborted()).rejects.toThrow("enough");
});

test("two large files of bundles are compared from where they lie, each digest checked", async () => {
  const size = 33 * 1024 * 1024;
  const original = Buffer.alloc(size, 1);
  const candidate = Buffer.from(original);
  candidate[size - 1] = 2;
  const rules = toleranceRules({ absolute: 0, relative: 0 });
  const options = { rules, wholeBytesMax: 1024 };
  const [a, b] = [large("one", original), large("other", candidate)];

  const result = await compareFile("x.bin", a, b, options);
  writeFileSync(join(folder, "other"), original); // It is not what its digest says any more.
  const damaged = await compareFile("x.bin", a, b, options);

  expect(result).toMatchObject({
    status: "different",
    first_difference: { offset: size - 1, original: "01", candidate: "02" },
  });
  expect(damaged).toMatchObject({ status: "different" });
  expect(damaged.first_difference).toBeUndefined();
});

test("an archive that is too large for memory is read where it lies, by its arrays", async () => {
  const rules = toleranceRules({ absolute: 0, relative: 0 });
  const vectors = new URL("../vectors/npz/", import.meta.url);
  const [a, b] = ["frame_0000.npz", "frame_0001.npz"].map((name) =>
    large(name, readFileSync(new URL(name, vectors)), "outputs/x.npz"),
  );

  const result = await compareFile("x.npz", a, b, { rules, wholeBytesMax: 16 });
  writeFileSync(join(folder, "frame_0001.npz"), Buffer.alloc(b?.entry.size ?? 0));
  const damaged = await compareFile("x.npz", a, b, { rules, wholeBytesMax: 16 });

  expect(result).toMatchObject({ compared_as: "arrays" });
  expect(damaged).toMatchObject({ status: "different" });
  expect(damaged.compared_as).toBeUndefined();
});

/** A file of a bundle that can only be read where it lies. */
function large(
  name: string,
  content: Buffer,
  path: string = "outputs/x.bin",
): { reader: BundleReader; entry: FileEntry } {
  const place = join(folder, name);
  writeFileSync(place, content);
  const entry = {
    path,
    digest: digestBytes(content),
    size: content.byteLength,
    media_type: "application/octet-stream",
    role: "output",
  } as const;
  const reader = {
    localFile: () => place,
    open: () => Promise.reject(new Error("It is not to be opened.")),
  } as unknown as BundleReader;
  return { reader, entry };
}
