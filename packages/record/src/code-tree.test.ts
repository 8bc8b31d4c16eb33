import { execFileSync } from "node:child_process";
import { chmodSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compareUtf8, digestBytes, treeDigest } from "@reseal/hash";
import { createMemoryBlobStore } from "@reseal/store";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { makeGuard, storedText, token } from "../test/capture.ts";
import { makeTree, writeTree } from "../test/temporary-tree.ts";
import {
  type CodeTree,
  type CodeTreeOptions,
  captureCode,
  codeFileBytesMax,
  codeTreeBytesMax,
} from "./code-tree.ts";
import { nextTick } from "./fs-tick.ts";
import { StatCache } from "./stat-cache.ts";

async function capture(
  workspace: string,
  options: Partial<CodeTreeOptions> = {},
): Promise<CodeTree> {
  await using batch = await createMemoryBlobStore().openBatch();
  return await captureCode({
    workspace,
    excludes: () => false,
    earlierOutputs: new Set(),
    alwaysTaken: new Set(),
    guard: makeGuard(),
    cache: StatCache.open(join(workspace, "..", "no-such-cache.json"), ""),
    batch,
    tickMs: Number.NEGATIVE_INFINITY,
    ...options,
  });
}

const paths = ({ files }: CodeTree): string[] => files.map((file) => file.path);
const reasons = ({ leftOut }: CodeTree): Record<string, string> =>
  Object.fromEntries(leftOut.map(({ path, reason }) => [path, reason]));

test("takes text, says what else there was and why it was left out", async () => {
  const root = makeTree({
    "a.py": "print(1)\n",
    empty: "",
    "binary.bin": new Uint8Array([1, 0, 2]),
    "large.csv": "x".repeat(codeFileBytesMax + 1),
    "exact.csv": "x".repeat(codeFileBytesMax),
    "ignored.log": "",
    ".gitignore": "*.log\n",
    "back\\slash.py": "",
    "new\nline.py": "",
    "secret.env": `TOKEN=${token}\n`,
    "reseal.yaml": "seed: 1\n",
  });
  symlinkSync("/etc/hostname", join(root, "link"));

  const code = await capture(root);

  expect(paths(code)).toEqual([".gitignore", "a.py", "empty", "exact.csv"]);
  expect(reasons(code)).toEqual({
    "back\\slash.py": "not_portable",
    "binary.bin": "binary",
    "ignored.log": "ignored",
    "large.csv": "large",
    link: "special",
    "new\nline.py": "not_portable",
    "secret.env": "withheld",
  });
});

test("a file says its digest, size and whether it can be executed", async () => {
  const root = makeTree({ "run.sh": "#!/bin/sh\n" });
  chmodSync(join(root, "run.sh"), 0o755);

  const [file] = (await capture(root)).files;

  expect(file).toMatchObject({
    path: "run.sh",
    digest: digestBytes("#!/bin/sh\n"),
    size: 10,
    isExecutable: true,
  });
});

test("is the same with and without git, and with other rules of the user's", async () => {
  const files = { "a.py": "1", "b/c.py": "2", "d.log": "3", ".gitignore": "*.log\n" };
  const plain = makeTree(files);
  const versioned = makeTree(files);
  execFileSync("git", ["init", "-q"], { cwd: versioned });
  writeFileSync(join(versioned, ".git", "info", "exclude"), "a.py\n");
  execFileSync("git", ["add", "-f", "d.log"], { cwd: versioned });

  expect(treeDigest((await capture(versioned)).files)).toBe(
    treeDigest((await capture(plain)).files),
  );
});

test("the budget is spent in order of the paths; what does not fit is passed over", async () => {
  const mebibyte = "x".repeat(codeFileBytesMax);
  const names = Array.from({ length: 50 }, (_, index) => `${String(index).padStart(2, "0")}.txt`);
  const root = makeTree({
    ...Object.fromEntries(names.map((name) => [name, mebibyte])),
    "10a.txt": "small",
    zz: "small",
  });

  const code = await capture(root);

  expect(reasons(code)).toEqual({ "49.txt": "over_budget" });
  const bytes = code.files.reduce((sum, file) => sum + file.size, 0);
  expect(bytes).toBeLessThanOrEqual(codeTreeBytesMax);
  expect(paths(code)).toContain("zz");
});

test("lock files are taken whatever their size and whatever the rules say", async () => {
  const root = makeTree({ "uv.lock": "x".repeat(codeFileBytesMax + 1), ".gitignore": "*.lock\n" });

  const code = await capture(root, { alwaysTaken: new Set(["uv.lock"]) });

  expect(paths(code)).toEqual([".gitignore", "uv.lock"]);
});

test("outputs of earlier runs and what the caller excludes are no code", async () => {
  const root = makeTree({ "a.py": "", "out.csv": "1", "data.csv": "2" });

  const code = await capture(root, {
    earlierOutputs: new Set(["out.csv", "gone.csv"]),
    excludes: (path) => path === "data.csv",
  });

  expect(paths(code)).toEqual(["a.py"]);
  expect(reasons(code)).toEqual({ "out.csv": "earlier_output" });
});

test("a name that holds a secret keeps the file out", async () => {
  const root = makeTree({ [`${token}.txt`]: "nothing", "a.txt": "" });
  const blobs = createMemoryBlobStore();
  const guard = makeGuard();
  await using batch = await blobs.openBatch();

  const code = await capture(root, { guard, batch });
  await batch.commit();

  expect(paths(code)).toEqual(["a.txt"]);
  expect(JSON.stringify(guard.withheld)).not.toContain(token);
  expect(guard.withheld).toMatchObject([{ path: "code/[REDACTED:github-token:1].txt", size: 7 }]);
  expect(await storedText(blobs)).toBe("");
});

test("what the cache knows is not read again, unless the store lost it", async () => {
  const root = makeTree({ "a.py": "one" });
  const file = join(makeTree(), "stat.json");
  const blobs = createMemoryBlobStore();
  const readAgain = async (): Promise<number> => {
    await using batch = await blobs.openBatch();
    const cache = StatCache.open(file, "");
    const putFiles = vi.spyOn(batch, "putFiles");
    const code = await capture(root, { cache, batch, tickMs: await nextTick(root, "x") });
    await batch.commit();
    cache.save();
    expect(paths(code)).toEqual(["a.py"]);
    return putFiles.mock.calls.reduce((sum, [files]) => sum + files.length, 0);
  };

  expect(await readAgain()).toBe(1);
  expect(await readAgain()).toBe(0);

  await blobs.delete(digestBytes("one"));

  expect(await readAgain()).toBe(1);
});

test("what was allowed once is scanned again when it is not allowed any more", async () => {
  const root = makeTree({ "secret.env": `TOKEN=${token}\n` });
  const file = join(makeTree(), "stat.json");
  const cache = StatCache.open(file, "");
  const guard = makeGuard(() => true);

  const allowed = await capture(root, { cache, guard, tickMs: await nextTick(root, "x") });
  cache.save();
  const refused = await capture(root, { cache: StatCache.open(file, "") });

  expect(paths(allowed)).toEqual(["secret.env"]);
  expect(reasons(refused)).toEqual({ "secret.env": "withheld" });
});

test("folders are listed, those that were passed over without a slash", async () => {
  const root = makeTree({
    "a/b/c.py": "",
    "data/x": "",
    ".gitignore": "data/\n",
    "node_modules/x": "",
  });

  expect((await capture(root)).folders).toEqual(["a/", "a/b/", "data"]);
});

test("the order is that of the bytes of the paths, on every file system", async () => {
  const name = fc.string({
    unit: fc.constantFrom("a", "B", "é", "\u{1f600}", "～", "-"),
    minLength: 1,
    maxLength: 4,
  });
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(name, { maxLength: 8 }), async (names) => {
      const root = makeTree({}, () => undefined);
      writeTree(root, Object.fromEntries(names.map((one) => [`x${one}`, ""])));

      const found = paths(await capture(root));
      rmSync(root, { recursive: true });

      expect(found).toEqual([...found].sort(compareUtf8));
      expect(found).toHaveLength(names.length);
    }),
    { numRuns: 30 },
  );
});
