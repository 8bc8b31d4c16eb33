// Folders of a run that go to the trash in one step, and come back so.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { entryFile, filesIn, openTestPool, poolFolder, writeFiles } from "../test/pool-folder.ts";
import { problemsAfter } from "./check-moves.ts";
import type { Pool } from "./pool.ts";
import { isFolderOfRun } from "./run-key.ts";
import { updatePool } from "./scan.ts";
import { moveToTrash, restoreItem, type TrashMove, type TrashOutcome } from "./trash.ts";
import { readTrash, type TrashItem } from "./trash-journal.ts";
import { filesOutside, wholeFolders } from "./whole-folders.ts";

const run = "20250901_120000";
const files = {
  [`${run}/bench/one.jsonl`]: "1\n",
  [`${run}/bench/one.md`]: "# one\n",
  [`${run}/extra/bench/two.jsonl`]: "2\n",
};
const move: TrashMove = {
  entryId: "aaaaaaaa",
  family: "bench",
  runId: run,
  files: Object.entries(files).map(([path, text]) => entryFile(path, text)),
};
const inTrash = ".trash/aaaaaaaa";

/** What tells a folder that was moved from one that was made. */
function inode(...path: string[]): number {
  return statSync(join(...path)).ino;
}

async function moveOne(pool: Pool, one = move): Promise<TrashItem> {
  const [outcome] = await moveToTrash(pool, "gc", [one]);
  if (outcome?.item === undefined) throw new Error(outcome?.problem?.message);
  return outcome.item;
}

test("a run's folder is moved with all that it holds, and back", async () => {
  const folder = poolFolder({ ...files, "20250902_120000/bench/one.jsonl": "later\n" });
  const whole = inode(folder, run);
  await using pool = await openTestPool(folder);

  const item = await moveOne(pool);

  expect(readdirSync(folder).filter((name) => !name.startsWith("."))).toEqual(["20250902_120000"]);
  expect(filesIn(join(folder, inTrash), () => true)).toEqual(files);
  expect(inode(folder, inTrash, run)).toBe(whole);
  expect(item.files.map(({ path }) => path)).toEqual(Object.keys(files));

  await restoreItem(pool, item);

  expect(inode(folder, run)).toBe(whole);
  expect(existsSync(join(folder, inTrash))).toBe(false);
  expect(await readTrash(pool.journal)).toMatchObject([{ state: "restored" }]);
});

test("S4-122 what was moved so can be copied back by hand", async () => {
  const folder = poolFolder(files);
  await using pool = await openTestPool(folder);
  await moveOne(pool);

  cpSync(join(folder, inTrash), folder, { recursive: true });

  expect(filesIn(folder)).toEqual(files);
});

test.each<readonly [string, (folder: string) => void, readonly string[]]>([
  [
    "a file of nobody",
    (folder) => writeFiles(folder, { [`${run}/bench/notes.txt`]: "mine\n" }),
    [`${run}/bench/notes.txt`],
  ],
  [
    "a folder of another entry",
    (folder) => writeFiles(folder, { [`${run}/bench/smoke90/x.md`]: "x\n" }),
    [`${run}/bench/smoke90/x.md`],
  ],
  ["an empty folder", (folder) => mkdirSync(join(folder, run, "bench/empty")), []],
  ["a link", (folder) => symlinkSync("one.md", join(folder, run, "bench/link")), []],
])("a folder with %s stays, and only the files go", async (_, put, others) => {
  const folder = poolFolder(files);
  put(folder);
  const [mixed, whole] = [inode(folder, run, "bench"), inode(folder, run, "extra")];
  const names = readdirSync(join(folder, run, "bench")).filter((name) => !name.startsWith("one."));
  await using pool = await openTestPool(folder);

  const item = await moveOne(pool);

  expect(readdirSync(join(folder, run, "bench"))).toEqual(names);
  expect(Object.keys(filesIn(folder))).toEqual(others);
  expect(filesIn(join(folder, inTrash), () => true)).toEqual(files);
  expect(inode(folder, inTrash, run, "extra")).toBe(whole);

  await restoreItem(pool, item);

  expect(inode(folder, run, "bench")).toBe(mixed);
  expect(inode(folder, run, "extra")).toBe(whole);
  expect(Object.keys(filesIn(folder)).sort()).toEqual([...Object.keys(files), ...others].sort());
});

test("two entries in the folder of one run each take their own", async () => {
  const texts = { ...files, [`${run}/smoke90/x.md`]: "x\n" };
  const folder = poolFolder(texts);
  const bench = inode(folder, run, "bench");
  await using pool = await openTestPool(folder);
  const other = {
    ...move,
    entryId: "bbbbbbbb",
    family: "smoke90",
    files: [entryFile(`${run}/smoke90/x.md`, "x\n")],
  };

  await moveToTrash(pool, "gc", [move, other]);

  expect(filesIn(folder)).toEqual({});
  expect(inode(folder, inTrash, run, "bench")).toBe(bench);
  expect(filesIn(join(folder, ".trash/bbbbbbbb"), () => true)).toEqual({
    [`${run}/smoke90/x.md`]: "x\n",
  });
  for (const item of await readTrash(pool.journal)) await restoreItem(pool, item);
  expect(filesIn(folder)).toEqual(texts);
});

test("a folder that bears no run's name is never moved", async () => {
  const path = `bench/${run}.jsonl`;
  const folder = poolFolder({ [path]: "1\n" });
  const bench = inode(folder, "bench");
  await using pool = await openTestPool(folder);

  await moveOne(pool, { ...move, files: [entryFile(path, "1\n")] });

  expect(inode(folder, "bench")).toBe(bench);
  expect(readdirSync(join(folder, "bench"))).toEqual([]);
});

test.each([
  [`${run}`, run, true],
  [`bench/run_${"ab".repeat(4)}/sub`, "ab".repeat(4), true],
  [`${run}`, "20250902_120000", false],
  ["bench", "bench", false],
  ["bench/2025", run, false],
] as const)("whether %s is the folder of run %s: %s", (folder, runId, expected) => {
  expect(isFolderOfRun(folder, runId)).toBe(expected);
});

/** The state after a crash: the journal says what is moved, and so much of it was. */
async function crash(pool: Pool, moved: (folder: string) => void): Promise<void> {
  const { folder } = pool.places;
  await pool.journal.append("trash", [
    {
      op: 1,
      state: "begun",
      at: "",
      action: "gc",
      entry_id: "aaaaaaaa",
      family: "bench",
      run_id: run,
      folder: "aaaaaaaa",
      files: move.files,
    },
  ]);
  moved(folder);
  await pool[Symbol.asyncDispose]();
}

function moveFolder(folder: string, path: string): void {
  mkdirSync(join(folder, inTrash, path, ".."), { recursive: true });
  renameSync(join(folder, path), join(folder, inTrash, path));
}

test.each<readonly [string, (folder: string) => void, Readonly<Record<string, string>>]>([
  ["before the folder was moved", () => undefined, {}],
  ["when it was moved", (folder) => moveFolder(folder, run), {}],
  ["when a part of it was", (folder) => moveFolder(folder, `${run}/bench`), {}],
  [
    "when somebody had put a file into it in the last moment",
    (folder) => {
      writeFiles(folder, { [`${run}/bench/last.txt`]: "mine\n" });
      moveFolder(folder, run);
    },
    { [`${run}/bench/last.txt`]: "mine\n" },
  ],
  [
    "when its writer has made it anew since",
    (folder) => {
      moveFolder(folder, run);
      writeFiles(folder, { [`${run}/bench/new.txt`]: "mine\n" });
    },
    { [`${run}/bench/new.txt`]: "mine\n" },
  ],
])("S4-131 all is put back after a crash %s", async (_, moved, others) => {
  const folder = poolFolder(files);
  await crash(await openTestPool(folder), moved);

  await using pool = await openTestPool(folder);

  expect(Object.entries(filesIn(folder)).sort()).toEqual(
    Object.entries({ ...files, ...others }).sort(),
  );
  expect(existsSync(join(folder, inTrash))).toBe(false);
  expect(await readTrash(pool.journal)).toMatchObject([{ state: "put_back" }]);
});

test("a file that was written anew after a crash is kept beside the one in the trash", async () => {
  const folder = poolFolder(files);
  const path = `${run}/bench/one.md`;
  await crash(await openTestPool(folder), () => {
    moveFolder(folder, run);
    writeFiles(folder, { [path]: "# newer\n" });
  });

  await using pool = await openTestPool(folder);

  expect(filesIn(folder)).toEqual({ ...files, [path]: "# newer\n" });
  expect(filesIn(join(folder, inTrash), () => true)).toEqual({ [path]: "# one\n" });
  expect((await moveOne(pool, { ...move, files: [entryFile(path, "# newer\n")] })).folder).toBe(
    "aaaaaaaa-2",
  );
});

test("a stranger that came with a folder is noticed in the trash", async () => {
  const folder = poolFolder(files);
  await using pool = await openTestPool(folder);
  const item = await moveOne(pool);
  writeFiles(join(folder, inTrash), { [`${run}/bench/last.txt`]: "mine\n" });

  const problems = await problemsAfter(
    pool,
    [move],
    new Map([[move, item]]),
    new Map([[item, [run]]]),
  );

  expect(problems.get(move)).toMatchObject({
    code: "GC_FILE_CHANGED",
    message: expect.stringContaining("was put into"),
  });
});

test("S4-132 a file that changed without its stat record brings the whole folder back", async () => {
  const folder = poolFolder(files);
  await using pool = await openTestPool(folder);
  const whole = inode(folder, run);
  writeFileSync(join(folder, run, "bench/one.jsonl"), "X\n");
  const { size, mtimeMs, ctimeMs, ino } = statSync(join(folder, run, "bench/one.jsonl"));
  const [first, ...rest] = move.files;
  if (first === undefined) throw new Error("no file");
  const stamped = {
    ...move,
    files: [{ ...first, stamp: { size, mtimeMs, ctimeMs, ino } }, ...rest],
  };

  const [outcome] = await moveToTrash(pool, "gc", [stamped]);

  expect(outcome?.problem).toMatchObject({
    code: "GC_FILE_CHANGED",
    message: expect.stringContaining("checksum mismatch"),
  });
  expect(inode(folder, run)).toBe(whole);
  expect(Object.keys(filesIn(folder))).toHaveLength(3);
});

test("a restore goes into a folder of which a part is there", async () => {
  const folder = poolFolder(files);
  await using pool = await openTestPool(folder);
  const item = await moveOne(pool);
  const extra = inode(folder, inTrash, run, "extra");
  const kept = { [`${run}/bench/one.md`]: "# one\n", [`${run}/bench/new.txt`]: "mine\n" };
  writeFiles(folder, kept);

  await restoreItem(pool, item);

  expect(filesIn(folder)).toEqual(Object.fromEntries(Object.entries({ ...files, ...kept }).sort()));
  expect(inode(folder, run, "extra")).toBe(extra);
  expect(existsSync(join(folder, inTrash))).toBe(false);
});

test("what a person put beside the files in the trash stays there at a restore", async () => {
  const folder = poolFolder(files);
  await using pool = await openTestPool(folder);
  const item = await moveOne(pool);
  writeFiles(join(folder, inTrash), { [`${run}/bench/why.txt`]: "mine\n" });

  await restoreItem(pool, item);

  expect(filesIn(folder)).toEqual(files);
  expect(filesIn(join(folder, inTrash), () => true)).toEqual({
    [`${run}/bench/why.txt`]: "mine\n",
  });
});

test.runIf(existsSync("/dev/shm") && statSync("/dev/shm").dev !== statSync("/tmp").dev)(
  "S4-156 between file systems the files of a folder are copied one by one",
  async () => {
    const folder = poolFolder(files);
    const trashFolder = `/dev/shm/reseal-whole-${process.pid}`;
    try {
      await using pool = await openTestPool(folder, { config: { trashFolder } });
      const item = await moveOne(pool);
      expect(filesIn(folder)).toEqual({});
      expect(filesIn(join(trashFolder, "aaaaaaaa"), () => true)).toEqual(files);

      await restoreItem(pool, item);

      expect(filesIn(folder)).toEqual(files);
      expect(existsSync(join(trashFolder, "aaaaaaaa"))).toBe(false);
    } finally {
      rmSync(trashFolder, { recursive: true, force: true });
    }
  },
);

test("whatever else lies in the folders, moving runs and undoing it changes nothing", async () => {
  const name = fc.constantFrom("bench", "extra", "smoke90", run, "20250902_120000", "a.jsonl");
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
  const trees = fc.uniqueArray(path, { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(trees, async (paths) => {
      const isFolder = (one: string): boolean =>
        paths.some((other) => other.startsWith(`${one}/`)) || !one.endsWith("a.jsonl");
      const texts = Object.fromEntries(
        paths.map((one) => [isFolder(one) ? `${one}/x.jsonl` : one, one]),
      );
      const folder = poolFolder(texts);
      await using pool = await openTestPool(folder);
      const { entries } = await updatePool(pool, {});
      const before = filesIn(folder);
      const moves = entries.map(({ id, family, run_id, files: own }) => ({
        entryId: id,
        family,
        runId: run_id,
        files: own,
      }));

      const outcomes: TrashOutcome[] = await moveToTrash(pool, "gc", moves);

      const gone = new Set(moves.flatMap((one) => one.files.map((file) => file.path)));
      expect(outcomes.map(({ problem }) => problem)).toEqual(moves.map(() => undefined));
      expect(Object.keys(filesIn(folder))).toEqual(
        Object.keys(before).filter((one) => !gone.has(one)),
      );
      for (const item of await readTrash(pool.journal)) await restoreItem(pool, item);
      expect(filesIn(folder)).toEqual(before);
    }),
    { numRuns: 25 },
  );
});

test("the largest folders are found, and the files outside them", () => {
  const folder = poolFolder({
    "a/b/1": "",
    "a/b/2": "",
    "a/c/3": "",
    "a/c/4": "",
    "d/5": "",
    "6": "",
  });
  const paths = ["a/b/1", "a/b/2", "a/c/3", "d/5", "6"];

  const found = wholeFolders(folder, paths, () => true);

  expect(found.sort()).toEqual(["a/b", "d"]);
  expect(wholeFolders(folder, paths, (path) => path === "d")).toEqual(["d"]);
  expect(wholeFolders(folder, ["gone/x"], () => true)).toEqual([]);
  expect(
    filesOutside(
      paths.map((path) => ({ path })),
      found,
    ),
  ).toEqual([{ path: "a/c/3" }, { path: "6" }]);
});
