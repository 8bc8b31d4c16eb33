import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { digestBytes } from "@reseal/hash";
import { openFsBlobStore } from "@reseal/store-fs";
import { expect, test } from "vitest";
import { known, makeGuard, token } from "../test/capture.ts";
import { makeTree } from "../test/temporary-tree.ts";
import type { GuardedFile } from "./file-guard.ts";
import { openScans, scanInspector } from "./scan-inspector.ts";

const key = new Uint8Array(32);

test("among many files, those with a secret are withheld in every thread", async () => {
  const count = 600; // So many that the store starts another thread.
  const secrets = new Map([
    [7, token],
    [123, known],
    [450, `binary\0${known}`],
    [599, token],
  ]);
  const contents = Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`f${index}`, secrets.get(index) ?? `${index}`]),
  );
  const root = makeTree(contents);
  const place = makeTree();
  const guard = makeGuard();
  const files = Array.from(
    { length: count },
    (_, index): GuardedFile => ({
      full: join(root, `f${index}`),
      path: `f${index}`,
      root: "outputs",
      size: 10,
      isExecutable: false,
    }),
  );
  {
    await using blobs = await openFsBlobStore(join(place, "blobs"));
    await using batch = await blobs.openBatch();

    const results = await guard.capture(batch, files);
    await batch.commit();

    for (const [index, result] of results.entries())
      if (secrets.has(index)) expect(result).toBe("withheld");
      else expect(result).toMatchObject({ path: `f${index}`, digest: digestBytes(`${index}`) });
  }
  expect(guard.withheld.map(({ path }) => path)).toEqual([
    "outputs/f123",
    "outputs/f450",
    "outputs/f599",
    "outputs/f7",
  ]);
  for (const entry of readdirSync(place, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const bytes = readFileSync(join(entry.parentPath, entry.name));
    for (const secret of [token, known]) expect(bytes.includes(secret)).toBe(false);
  }
});

test("code must be text, allowed or not; other files may be binary", () => {
  const inspector = scanInspector(openScans([]), key);
  const binary = Buffer.from([1, 0, 2]);

  expect(inspector.whole(binary, "code")).toEqual({ kind: "binary" });
  expect(inspector.whole(binary, "allowed-code")).toEqual({ kind: "binary" });
  expect(inspector.whole(binary, "file")).toBeUndefined();
  expect(inspector.whole(Buffer.from(token), "allowed-code")).toBeUndefined();
  expect(inspector.whole(Buffer.from(token), "code")).toMatchObject({ kind: "secret" });
});

test("a large file is judged after its last piece, and a secret may lie across pieces", () => {
  const inspector = scanInspector(openScans([{ name: "SERVICE_TOKEN", value: known }]), key);
  const pieces = [`${"x".repeat(70_000)} ${known.slice(0, 9)}`, `${known.slice(9)} and more`];

  const piecewise = inspector.pieces(Buffer.from(pieces[0] ?? ""), "file");
  for (const piece of pieces) piecewise.push(Buffer.from(piece));

  expect(piecewise.end()).toMatchObject({ kind: "secret", rules: ["known-value"] });
});
