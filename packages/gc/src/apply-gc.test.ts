// S4-054, S4-085…S4-092, S4-097…S4-099, S4-115, S4-130, S4-132, S4-133, S4-145, S4-161.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { validate } from "@reseal/schema";
import fc from "fast-check";
import { expect, test } from "vitest";
import { filesIn, now, openTestPool, poolFolder, writeFiles } from "../test/pool-folder.ts";
import { type Applied, applyGc, planPool } from "./apply-gc.ts";
import { readAudit, verifyAudit } from "./audit.ts";
import { readReport } from "./gc-report.ts";
import { pinEntry, unpinEntry } from "./pin-entry.ts";
import type { Pool } from "./pool.ts";
import { readManifest } from "./pool-manifest.ts";
import { purgeEntry } from "./purge.ts";
import { itemNamed, restoreItems, restoreReport } from "./restore.ts";
import { updatePool } from "./scan.ts";
import { readTrash } from "./trash-journal.ts";

/** 15 runs of a family of which 10 are kept, each with two files. */
function runs(count = 15): Record<string, string> {
  const files: Record<string, string> = {};
  for (let day = 1; day <= count; day += 1) {
    const stamp = `202508${String(day).padStart(2, "0")}_120000`;
    files[`microstructure/proofs/${stamp}_pass.jsonl`] = `{"day": ${day}}\n`;
    files[`microstructure/proofs/${stamp}_pass.md`] = `# Day ${day}\n`;
  }
  return files;
}

async function apply(pool: Pool): Promise<Applied> {
  const scan = await updatePool(pool, {});
  const options = { nowMs: pool.clock.now(), dryRun: false };
  return applyGc(pool, scan, planPool(scan, pool.config, pool.places, options));
}

const day = 86_400_000;

test("S4-054, S4-089, S4-090, S4-098 an apply moves what was planned and writes its report", async () => {
  const folder = poolFolder(runs());
  await using pool = await openTestPool(folder);

  const { report, paths } = await apply(pool);

  expect(report).toMatchObject({
    success: true,
    entries_deleted: 5,
    files_deleted: 10,
    files_moved_to_trash: 10,
    family_results: [{ family: "proofs", planned: 5, executed: 5, failed: 0, files: 10 }],
  });
  expect(await validate("gc-report", report)).toEqual([]);
  expect([report.start_time, report.end_time]).toEqual([
    "2025-09-06T15:00:00.000Z",
    "2025-09-06T15:00:00.000Z",
  ]);
  expect(paths?.markdown).toBe(join(folder, ".trash/gc_report_20250906_150000.md"));
  const text = readFileSync(paths?.markdown ?? "", "utf8");
  expect(text).toContain("| proofs | 5 | 5 | 0 | 10 |");
  expect(text).toMatch(/within_keep_count_10/);
  expect(Object.keys(filesIn(folder))).toHaveLength(20);
  expect((await readManifest(pool.places))?.entries).toHaveLength(10);
  expect(existsSync(pool.places.backup)).toBe(true);
  const { manifest } = await updatePool(pool, { readAll: true });
  expect(manifest.entries).toHaveLength(10);
});

test("S4-161 an apply is undone by its report, the .md or the .json, and by id", async () => {
  const files = runs();
  const folder = poolFolder(files);
  await using pool = await openTestPool(folder);
  const { paths } = await apply(pool);
  const report = await readReport(pool.places.trash, "gc_report_20250906_150000.md", folder);

  const [first] = await readTrash(pool.journal);
  if (first === undefined) throw new Error("nothing in the trash");
  await restoreItems(pool, [itemNamed(await readTrash(pool.journal), first.folder.slice(0, 6))]);
  const { restored, failed } = await restoreReport(pool, report);

  expect([restored.length, failed.length]).toEqual([4, 0]);
  expect(filesIn(folder)).toEqual(files);
  expect((await restoreReport(pool, report)).restored).toEqual([]);
  await apply(pool);
  expect(readdirSync(pool.places.trash)).toContain("gc_report_20250906_150000_2.md");
  expect(paths?.json).toMatch(/150000\.json$/);
});

test("S4-091, S4-132, S4-145 a file that changed is left, and the report says so", async () => {
  const folder = poolFolder(runs());
  await using pool = await openTestPool(folder);
  const scan = await updatePool(pool, {});
  const plan = planPool(scan, pool.config, pool.places, { nowMs: now, dryRun: false });
  writeFiles(folder, { "microstructure/proofs/20250801_120000_pass.md": "written since\n" });

  const { report } = await applyGc(pool, scan, plan);

  expect(report).toMatchObject({ success: false, entries_deleted: 4 });
  expect(report.errors).toMatchObject([{ code: "GC_FILE_CHANGED" }]);
  expect(Object.keys(filesIn(folder))).toHaveLength(22);
  expect(readFileSync(join(folder, ".trash/gc_report_20250906_150000.md"), "utf8")).toContain(
    "checksum mismatch",
  );
});

test("S4-145 an apply that cannot go on puts back what it had begun, and leaves a report", async () => {
  const files = runs();
  const folder = poolFolder(files);
  await using pool = await openTestPool(folder);
  const scan = await updatePool(pool, {});
  const plan = planPool(scan, pool.config, pool.places, { nowMs: now, dryRun: false });
  const third = scan.entries.at(-3)?.id ?? "";
  mkdirSync(join(folder, ".trash"), { recursive: true });
  const journal = pool.journal;
  const stopped: Pool = {
    ...pool,
    journal: {
      read: (...args) => journal.read(...args),
      size: (...args) => journal.size(...args),
      async append(...args) {
        const span = await journal.append(...args);
        // From now on there is a file where the folder of an entry should be.
        if (args[0] === "trash" && !existsSync(join(folder, ".trash", third)))
          writeFileSync(join(folder, ".trash", third), "in the way\n");
        return span;
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    },
  };

  await expect(applyGc(stopped, scan, plan)).rejects.toThrow();

  expect(filesIn(folder)).toEqual(files);
  const report = await readReport(pool.places.trash, "gc_report_20250906_150000.json", folder);
  expect(report).toMatchObject({ success: false, entries_deleted: 0 });
  expect(report.errors).toHaveLength(1);
});

test("a plan of another state is refused", async () => {
  const folder = poolFolder(runs());
  await using pool = await openTestPool(folder);
  const scan = await updatePool(pool, {});
  const plan = planPool(scan, pool.config, pool.places, { nowMs: now, dryRun: true });
  writeFiles(folder, { "microstructure/proofs/20250901_120000_fail.md": "new\n" });
  const later = await updatePool(pool, {});

  await expect(applyGc(pool, later, plan)).rejects.toThrow(
    expect.objectContaining({ code: "GC_PLAN_STALE", exitCode: 5 }),
  );
  expect(await readTrash(pool.journal)).toEqual([]);
});

test("S4-097, S4-133 what is in the trash for 29 days stays, for 31 days goes with the next apply", async () => {
  const folder = poolFolder(runs());
  {
    await using pool = await openTestPool(folder);
    await apply(pool);
  }
  {
    await using pool = await openTestPool(folder, { nowMs: now + 29 * day });
    expect((await apply(pool)).report.purged).toEqual([]);
  }
  await using pool = await openTestPool(folder, { nowMs: now + 31 * day });

  const { report } = await apply(pool);

  expect(report.purged).toHaveLength(5);
  expect(readdirSync(pool.places.trash).filter((name) => /^[0-9a-f]{8}/.test(name))).toEqual([]);
  expect((await readTrash(pool.journal)).every(({ state }) => state === "purged")).toBe(true);
});

test("S4-115 the audit log names every act, and shows when it was changed", async () => {
  const folder = poolFolder(runs());
  await using pool = await openTestPool(folder);
  const [newest] = (await updatePool(pool, {})).entries;
  if (newest === undefined) throw new Error("no entry");
  await pinEntry(pool, newest, { reason: "for the paper" });
  const { report } = await apply(pool);
  await restoreReport(pool, report);
  expect(await unpinEntry(pool, newest)).toBe(true);
  expect(await unpinEntry(pool, newest)).toBe(false);

  const actions: string[] = [];
  for await (const { action } of readAudit(pool.journal)) actions.push(action);
  expect(actions).toEqual(["pin", "gc", "gc_done", "restore", "restore_done", "unpin", "unpin"]);
  expect(await verifyAudit(pool.journal)).toMatchObject({ records: 7, broken: null });

  const file = join(pool.places.trash, "audit.jsonl");
  writeFileSync(file, readFileSync(file, "utf8").replace("for the paper", "for no reason"));
  expect((await verifyAudit(pool.journal)).broken).toMatchObject({ position: 1 });
});

test("a purge destroys an entry wherever it is, also a protected one, and says why", async () => {
  const folder = poolFolder(runs());
  await using pool = await openTestPool(folder);
  const { entries } = await updatePool(pool, {});
  const [newest] = entries;
  if (newest === undefined) throw new Error("no entry");
  await pinEntry(pool, newest);
  const scan = await updatePool(pool, {});

  const purged = await purgeEntry(pool, scan, { entry: scan.entries[0] }, "a leaked key");

  expect(purged).toMatchObject({ entry_id: newest.id, files: 2 });
  expect(Object.keys(filesIn(folder))).toHaveLength(28);
  expect(existsSync(join(pool.places.trash, newest.id))).toBe(false);
  const last: unknown[] = [];
  for await (const record of readAudit(pool.journal)) last.push(record);
  expect(last.at(-1)).toMatchObject({ action: "purge_done", reason: "a leaked key" });
  expect((await updatePool(pool, {})).entries.some(({ id }) => id === newest.id)).toBe(false);
});

test("whatever the tree, undoing an apply gives the same tree", async () => {
  const anyFile = fc.record({
    family: fc.constantFrom("microstructure/proofs", "bench", "smoke90", "explain_delta"),
    folder: fc.constantFrom("", "old/", "sub dir/ünï/"),
    day: fc.integer({ min: 1, max: 28 }),
    word: fc.constantFrom("pass", "fail", "x"),
    text: fc.string({ maxLength: 40 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyFile, { maxLength: 30 }),
      fc.integer({ min: 1, max: 3 }),
      async (list, keep) => {
        const files = Object.fromEntries(
          list.map(({ family, folder, day, word, text }) => [
            `${folder}${family}/202508${String(day).padStart(2, "0")}_000000_${word}.md`,
            text,
          ]),
        );
        const place = poolFolder(files);
        const families = ["proofs", "bench", "smoke90", "explain"];
        await using pool = await openTestPool(place);
        const config = {
          ...pool.config,
          families: pool.config.families.map((family) => ({
            ...family,
            policy: families.includes(family.name) ? { keep } : {},
          })),
        };
        const before = filesIn(place);

        const { report } = await apply({ ...pool, config });
        expect(Object.keys(filesIn(place))).toHaveLength(
          Object.keys(files).length - report.files_deleted,
        );
        await restoreReport(pool, report);

        expect(filesIn(place)).toEqual(before);
      },
    ),
    { numRuns: 15 },
  );
});

test("a pin says what others rely on the entry for, and the plan repeats it", async () => {
  const folder = poolFolder(runs(12));
  await using pool = await openTestPool(folder);
  const oldest = (await updatePool(pool, {})).entries.at(-1);
  if (oldest === undefined) throw new Error("no entry");

  await pinEntry(pool, oldest, { purpose: "promoted" });

  const scan = await updatePool(pool, {});
  const options = { nowMs: now, dryRun: true };
  const { family_plans } = planPool(scan, pool.config, pool.places, options);
  expect(family_plans[0]?.reason_to_keep[oldest.id]).toEqual(["pinned", "promoted"]);
  expect((await readManifest(pool.places))?.entries.at(-1)).not.toHaveProperty("protections");
});
