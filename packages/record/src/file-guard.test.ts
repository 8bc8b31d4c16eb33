import { createHmac } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import { digestBytes } from "@reseal/hash";
import { createMemoryBlobStore } from "@reseal/store";
import { expect, test } from "vitest";
import { known, makeGuard, storedText, token } from "../test/capture.ts";
import { makeTree } from "../test/temporary-tree.ts";
import type { FileGuard, GuardedFile, GuardedResult } from "./file-guard.ts";

const mebibyte = 1024 * 1024;

interface Tried {
  readonly captured: GuardedResult | undefined;
  readonly withheld: FileGuard["withheld"];
  readonly stored: string;
}

function guarded(folder: string, path: string, root: GuardedFile["root"] = "outputs"): GuardedFile {
  const full = join(folder, path);
  const size = statSync(full, { throwIfNoEntry: false })?.size ?? 0;
  return { full, path, root, size, isExecutable: false };
}

async function attempt(content: string | Uint8Array, guard = makeGuard()): Promise<Tried> {
  const folder = makeTree({ "file.dat": content });
  const blobs = createMemoryBlobStore();
  await using batch = await blobs.openBatch();
  const [captured] = await guard.capture(batch, [guarded(folder, "file.dat")]);
  await batch.commit();
  return { captured, withheld: guard.withheld, stored: await storedText(blobs) };
}

test("a harmless file is stored as it is", async () => {
  const { captured, withheld, stored } = await attempt("harmless\n");

  expect(captured).toEqual({
    path: "file.dat",
    digest: digestBytes("harmless\n"),
    size: 9,
    isExecutable: false,
  });
  expect(withheld).toEqual([]);
  expect(stored).toBe("harmless\n");
});

test.for([
  ["as it is", token],
  ["in JSON", JSON.stringify({ note: `see "${token}"` })],
  ["in JSON in JSON", JSON.stringify(JSON.stringify({ [token]: 1 }))],
  ["in a URL", `https://host/?t=${encodeURIComponent(token)}`],
  ["in base64", Buffer.from(`Bearer ${token}`).toString("base64")],
  ["in colours", `\u001b[31m${token}\u001b[0m`],
  ["known by its variable", `x ${known} y`],
  ["known, in base64", Buffer.from(known).toString("base64")],
  ["known, in a binary file", `\0\u0001${known}\u0002`],
] as const)("a file that holds a secret %s is withheld", async ([, content]) => {
  const { captured, withheld, stored } = await attempt(content);

  expect(captured).toBe("withheld");
  expect(stored).toBe("");
  expect(withheld).toMatchObject([{ path: "outputs/file.dat", size: Buffer.byteLength(content) }]);
  expect(JSON.stringify(withheld)).not.toContain(token);
  expect(JSON.stringify(withheld)).not.toContain(known);
});

test("the digest of what is withheld needs the store's key", async () => {
  const { withheld } = await attempt(token);

  const digest = createHmac("sha256", new Uint8Array(32)).update(token).digest("hex");
  expect(withheld[0]?.keyed_digest).toBe(`hmac-sha256:${digest}`);
});

test("a token in a binary file is no finding: noise looks like anything", async () => {
  const { captured } = await attempt(`\0${token}`);

  expect(captured).toMatchObject({ size: token.length + 1 });
});

test("a large file is scanned piece by piece, also where two pieces meet", async () => {
  const filler = "abcdefghijklmno\n".repeat(mebibyte / 16);
  for (const offset of [-token.length, -20, -1, 0]) {
    const start = filler.repeat(9).slice(0, 9 * mebibyte + offset - 1);

    const { captured, withheld, stored } = await attempt(`${start} ${token} ${filler}`);

    expect(captured).toBe("withheld");
    expect(stored).toBe("");
    expect(withheld).toHaveLength(1);
  }
});

test("a large file without a secret is stored", async () => {
  const { captured } = await attempt(new Uint8Array(9 * mebibyte).fill(65));

  expect(captured).toMatchObject({ size: 9 * mebibyte });
});

test("what is allowed is stored whatever it holds", async () => {
  const { captured, withheld } = await attempt(
    token,
    makeGuard((path) => path === "file.dat"),
  );

  expect(captured).toMatchObject({ size: token.length });
  expect(withheld).toEqual([]);
});

test("code is text: what is binary is not taken as code", async () => {
  const folder = makeTree({ "a.py": "1", "b.bin": "\0" });
  await using batch = await createMemoryBlobStore().openBatch();

  const results = await makeGuard().capture(batch, [
    guarded(folder, "a.py", "code"),
    guarded(folder, "b.bin", "code"),
  ]);

  expect(results).toMatchObject([{ path: "a.py" }, "binary"]);
});

test("results come in the order of the files, whatever becomes of each", async () => {
  const folder = makeTree({ a: "1", b: token, [`${token}.txt`]: "2", d: "3" });
  const guard = makeGuard();
  const blobs = createMemoryBlobStore();
  await using batch = await blobs.openBatch();
  const files = ["a", "b", "gone", `${token}.txt`, "d"].map((path) => guarded(folder, path));

  const results = await guard.capture(batch, files);
  await batch.commit();

  expect(results).toMatchObject([
    { path: "a", digest: digestBytes("1") },
    "withheld",
    { code: "STORE_FILE_UNREADABLE" },
    "withheld",
    { path: "d", digest: digestBytes("3") },
  ]);
  expect(guard.withheld.map(({ path }) => path)).toEqual([
    "outputs/[REDACTED:github-token:1].txt",
    "outputs/b",
  ]);
  expect(await storedText(blobs)).not.toContain(token);
});
