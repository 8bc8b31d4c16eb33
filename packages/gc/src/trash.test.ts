import {
  cpSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { entryFile, filesIn, openTestPool, poolFolder, writeFiles } from "../test/pool-folder.ts";
import { readAudit } from "./audit.ts";
import { moveToTrash, purgeItems, restoreItem, type TrashMove } from "./trash.ts";
import { noteState, readTrash } from "./trash-journal.ts";

const files = { "bench/one.jsonl": "1\n", "bench/sub/one.md": "# one\n", "bench/two.jsonl": "2\n" };
const one: TrashMove = {
  entryId: "aaaaaaaa",
  family: "bench",
  runId: "one",
  files: [entryFile("bench/one.jsonl", "1\n"), entryFile("bench/sub/one.md", "# one\n")],
};

test("S4-085, S4-096, S4-099 files go to the trash under their entry, with their paths, and come back", async () => {
  const folder = poolFolder(files);
  await using pool = await openTestPool(folder);

  const [outcome] = await moveToTrash(pool, "gc", [one]);

  expect(outcome?.item).toMatchObject({ folder: "aaaaaaaa", state: "begun" });
  expect(filesIn(folder)).toEqual({ "bench/two.jsonl": "2\n" });
  expect(filesIn(join(folder, ".trash/aaaaaaaa"), () => true)).toEqual({
    "bench/one.jsonl": "1\n",
    "bench/sub/one.md": "# one\n",
  });

  const [item] = await readTrash(pool.journal);
  if (item !== undefined) await restoreItem(pool, item);

  expect(filesIn(folder)).toEqual(files);
  expect(existsSync(join(folder, ".trash/aaaaaaaa"))).toBe(false);
  expect(await readTrash(pool.journal)).toMatchObject([{ state: "restored" }]);
});

test("S4-122 what is in the trash can be copied back by hand", async () => {
  const folder = poolFolder(files);
  await using pool = await openTestPool(folder);
  await moveToTrash(pool, "gc", [one]);

  cpSync(join(folder, ".trash/aaaaaaaa"), folder, { recursive: true });

  expect(filesIn(folder)).toEqual(files);
  const [item] = await readTrash(pool.journal);
  if (item !== undefined) await restoreItem(pool, item); // And then once more by the command.
  expect(filesIn(folder)).toEqual(files);
});

test("S4-086, S4-132 a file that is not what was planned stays, with the rest of its entry", async () => {
  const folder = poolFolder({ ...files, "bench/sub/one.md": "# changed\n" });
  await using pool = await openTestPool(folder);

  const [outcome] = await moveToTrash(pool, "gc", [one]);

  expect(outcome?.problem).toMatchObject({
    code: "GC_FILE_CHANGED",
    message: expect.stringContaining("checksum mismatch"),
  });
  expect(Object.keys(filesIn(folder))).toHaveLength(3);
});

test("S4-131 what a dead process had begun is put back by the next that opens the pool", async () => {
  const folder = poolFolder(files);
  await using pool = await openTestPool(folder);
  await pool.journal.append("trash", [
    {
      op: 1,
      state: "begun",
      at: "",
      action: "gc",
      entry_id: "aaaaaaaa",
      family: "bench",
      run_id: "one",
      folder: "aaaaaaaa",
      files: one.files,
    },
  ]);
  mkdirSync(join(folder, ".trash/aaaaaaaa/bench"), { recursive: true });
  renameSync(join(folder, "bench/one.jsonl"), join(folder, ".trash/aaaaaaaa/bench/one.jsonl"));
  await pool[Symbol.asyncDispose]();

  await using again = await openTestPool(folder);

  expect(filesIn(folder)).toEqual(files);
  expect(await readTrash(again.journal)).toMatchObject([{ state: "put_back" }]);
  expect(existsSync(join(folder, ".trash/aaaaaaaa"))).toBe(false);
});

test("a restore and a purge that a dead process had begun are finished", async () => {
  const folder = poolFolder(files);
  await using pool = await openTestPool(folder);
  const two = { ...one, entryId: "bbbbbbbb", files: [entryFile("bench/two.jsonl", "2\n")] };
  await moveToTrash(pool, "gc", [one, two]);
  const [first, second] = await readTrash(pool.journal);
  if (first === undefined || second === undefined) throw new Error("not in the trash");
  await noteState(pool.journal, "restoring", [first], "");
  await noteState(pool.journal, "purging", [second], "");
  await pool[Symbol.asyncDispose]();

  await using again = await openTestPool(folder);

  expect(Object.keys(filesIn(folder))).toEqual(["bench/one.jsonl", "bench/sub/one.md"]);
  expect(await readTrash(again.journal)).toMatchObject([
    { state: "restored" },
    { state: "purged" },
  ]);
  const acts = await Array.fromAsync(readAudit(again.journal));
  expect(acts.at(-1)).toMatchObject({
    action: "recover",
    moves: [
      { op: 1, entry_id: "aaaaaaaa", action: "gc", state: "restoring" },
      { op: 2, entry_id: "bbbbbbbb", action: "gc", state: "purging" },
    ],
  });
});

test("nothing is overwritten by a restore", async () => {
  const folder = poolFolder(files);
  await using pool = await openTestPool(folder);
  await moveToTrash(pool, "gc", [one]);
  writeFiles(folder, { "bench/one.jsonl": "newer\n" });
  const [item] = await readTrash(pool.journal);

  await expect(item && restoreItem(pool, item)).rejects.toThrow(
    expect.objectContaining({ code: "GC_RESTORE_CONFLICT" }),
  );
  expect(filesIn(folder)["bench/one.jsonl"]).toBe("newer\n");

  rmSync(join(folder, "bench/one.jsonl"));
  writeFileSync(join(folder, ".trash/aaaaaaaa/bench/one.jsonl"), "damaged\n");
  await expect(item && restoreItem(pool, item)).rejects.toThrow(
    expect.objectContaining({ code: "GC_TRASH_DAMAGED" }),
  );
});

test("a file that is replaced is in both places until it is", async () => {
  const folder = poolFolder(files);
  await using pool = await openTestPool(folder);
  const { digest } = entryFile("x", "# 1\n");
  await moveToTrash(pool, "compact", [
    { ...one, replacedBy: new Map([["bench/sub/one.md", digest]]) },
  ]);
  expect(filesIn(folder)).toMatchObject({ "bench/sub/one.md": "# one\n" });
  writeFiles(folder, { "new.md": "# 1\n" });
  renameSync(join(folder, "new.md"), join(folder, "bench/sub/one.md"));

  const [item] = await readTrash(pool.journal);
  if (item !== undefined) await restoreItem(pool, item);

  expect(filesIn(folder)).toEqual(files);
});

test("an entry that is deleted again gets a folder of its own", async () => {
  const folder = poolFolder(files);
  await using pool = await openTestPool(folder);
  await moveToTrash(pool, "gc", [one]);
  writeFiles(folder, files);

  const [outcome] = await moveToTrash(pool, "gc", [one]);

  expect(outcome?.item?.folder).toBe("aaaaaaaa-2");
  await purgeItems(pool, await readTrash(pool.journal));
  expect(existsSync(join(folder, ".trash/aaaaaaaa"))).toBe(false);
});

test.runIf(existsSync("/dev/shm") && statSync("/dev/shm").dev !== statSync("/tmp").dev)(
  "S4-156 the trash may be on another file system",
  async () => {
    const folder = poolFolder(files);
    const trashFolder = `/dev/shm/reseal-trash-${process.pid}`;
    try {
      await using pool = await openTestPool(folder, { config: { trashFolder } });
      const { mtimeMs } = statSync(join(folder, "bench/one.jsonl"));
      const [outcome] = await moveToTrash(pool, "gc", [one]);
      expect(outcome?.problem).toBeUndefined();
      expect(Object.keys(filesIn(folder))).toEqual(["bench/two.jsonl"]);

      const [item] = await readTrash(pool.journal);
      if (item !== undefined) await restoreItem(pool, item);

      expect(filesIn(folder)).toEqual(files);
      expect(statSync(join(folder, "bench/one.jsonl")).mtimeMs).toBe(mtimeMs);
    } finally {
      rmSync(trashFolder, { recursive: true, force: true });
    }
  },
);

test("S4-155 only one process changes a pool at a time", async () => {
  const folder = poolFolder(files);
  await using _pool = await openTestPool(folder);

  await expect(openTestPool(folder)).rejects.toThrow(
    expect.objectContaining({ code: "GC_BUSY", exitCode: 7 }),
  );
});

test("whoever opens the pool next removes what a killed compaction was writing", async () => {
  const folder = poolFolder({ "bench/a.md": "a", ".manifest.compact-3": "half" });

  await using _pool = await openTestPool(folder);

  expect(existsSync(join(folder, ".manifest.compact-3"))).toBe(false);
});
