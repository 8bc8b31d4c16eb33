import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { collectBytes } from "@reseal/store";
import fc from "fast-check";
import { expect, test } from "vitest";
import { filesIn, now, openTestPool, poolFolder, writeFiles } from "../test/pool-folder.ts";
import { applyCompaction, measureCompaction } from "./apply-compaction.ts";
import type { ArtifactsConfig } from "./artifacts-config.ts";
import { readAudit } from "./audit.ts";
import type { ScannedEntry } from "./entry.ts";
import { type CompactionPlan, planCompaction } from "./plan-compaction.ts";
import type { Pool } from "./pool.ts";
import { openPoolFile } from "./pool-file.ts";
import { applyRestore, compactFilesOf, measureRestore } from "./restore-originals.ts";
import { scanPool } from "./scan.ts";
import { sealedFolderTest } from "./sealed-folder.ts";
import { restoreItem } from "./trash.ts";
import { readTrash } from "./trash-journal.ts";

const small = { enabled: true, minSizeKb: 1, dictThreshold: 5 };
const config: Partial<ArtifactsConfig> = {
  jsonl: small,
  markdown: {
    enabled: true,
    minSizeKb: 1,
    removeEmptySections: true,
    canonicalHeaders: true,
    preserveTimestamps: true,
  },
};
const jsonl = Array.from(
  { length: 60 },
  (_, index) => `{"venue":"kraken-exchange","n":${index},"check":"spread_bps_max"}\n`,
).join("");
const markdown = `# Report\n\n##   Empty  ##\n\n## Text\n\n${"Words. ".repeat(300)}\n`;
const files = {
  "bench/p_20250906_120000.jsonl": jsonl,
  "bench/p_20250906_120000.md": markdown,
  "bench/q_20250906_130000.jsonl": jsonl,
};

async function entriesOf(pool: Pool): Promise<readonly ScannedEntry[]> {
  const { entries } = await scanPool(pool.places, pool.config, { nowMs: now });
  return entries;
}

async function planOf(pool: Pool, only?: readonly string[]): Promise<CompactionPlan> {
  return planCompaction(await entriesOf(pool), {
    config: pool.config,
    only,
    isSealed: sealedFolderTest(pool.places.folder),
  });
}

test("S4-069, S4-070, S4-074, S4-075 compacts, proves it, and moves originals to the trash", async () => {
  const folder = poolFolder(files);
  await using pool = await openTestPool(folder, { config });
  const before = await entriesOf(pool);

  const report = await applyCompaction(pool, await planOf(pool));

  expect(report).toMatchObject({ dry_run: false, changed: 3, failed: 0 });
  const compact = readFileSync(join(folder, "bench/p_20250906_120000.compact.jsonl"), "utf8");
  expect(compact.split("\n")[1]).toBe(jsonl.split("\n")[0]);
  expect(filesIn(join(folder, ".trash"), (path) => /\.(?:jsonl|md)$/.test(path))).toMatchObject({
    [`${idOf(before, "120000")}/bench/p_20250906_120000.jsonl`]: jsonl,
    [`${idOf(before, "120000")}/bench/p_20250906_120000.md`]: markdown,
    [`${idOf(before, "130000")}/bench/q_20250906_130000.jsonl`]: jsonl,
  });
  const cleaned = readFileSync(join(folder, "bench/p_20250906_120000.md"), "utf8");
  expect(cleaned).not.toContain("Empty");
  const after = await entriesOf(pool);
  expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
  expect(after.map(({ modified_at }) => modified_at)).toEqual(
    before.map(({ modified_at }) => modified_at),
  );
  expect(after.map(({ paths }) => paths.length)).toEqual(before.map(({ paths }) => paths.length));
});

test("S4-077 the record of a compaction names both digests, and the trash holds the old version", async () => {
  const folder = poolFolder(files);
  await using pool = await openTestPool(folder, { config });

  const report = await applyCompaction(pool, await planOf(pool));

  const acts = [];
  for await (const act of readAudit(pool.journal)) acts.push(act);
  const result = report.results.find(({ kind }) => kind === "markdown");
  expect(acts.map(({ action }) => action)).toEqual(["compact"]);
  expect(acts[0]?.files).toContainEqual({
    entry_id: result?.entry_id,
    family: "bench",
    trash: result?.entry_id,
    path: result?.original_path,
    digest: result?.original_digest,
    size: result?.original_size,
    compacted_path: result?.original_path,
    compacted_digest: result?.compacted_digest,
    compacted_size: result?.compacted_size,
  });
});

test("S4-068 the preview tells the very sizes of the compaction, and changes nothing", async () => {
  const folder = poolFolder(files);
  await using pool = await openTestPool(folder, { config });
  const before = filesIn(folder, () => true);

  const preview = await measureCompaction(pool.places, pool.config, await planOf(pool));
  expect(filesIn(folder, () => true)).toEqual(before);
  const report = await applyCompaction(pool, await planOf(pool));

  expect(preview).toEqual({ ...report, dry_run: true });
  expect(preview.compacted_bytes).toBeLessThan(preview.original_bytes);
});

test("what was compacted is left alone the second time", async () => {
  const folder = poolFolder(files);
  await using pool = await openTestPool(folder, { config });
  await applyCompaction(pool, await planOf(pool));
  const before = filesIn(folder);

  const again = await applyCompaction(pool, await planOf(pool));

  expect(again.changed).toBe(0);
  expect(filesIn(folder)).toEqual(before);
});

test("S4-136 files at or below the least size are untouched", async () => {
  const exact = `${jsonl.slice(0, 1023)}\n`;
  const folder = poolFolder({ "bench/a_20250906_120000.jsonl": exact });
  await using pool = await openTestPool(folder, { config });

  const plan = await planOf(pool);

  expect(plan.files).toEqual([]);
  expect(plan.left).toMatchObject([{ reason: "it has no more than 1 KB (min_size_kb)" }]);
});

test("S4-028, S4-031 what is switched off is left alone, and only wanted families are compacted", async () => {
  const folder = poolFolder({ ...files, "x/smoke90/s.jsonl": jsonl });
  await using pool = await openTestPool(folder, {
    config: { ...config, jsonl: { ...small, enabled: false } },
  });

  const plan = await planOf(pool, ["smoke90"]);

  expect(plan.files).toEqual([]);
  expect(plan.left).toMatchObject([
    { file: { path: "x/smoke90/s.jsonl" }, reason: "compaction.jsonl.enabled is false" },
  ]);
});

test("S4-159 a file that would not shrink is left alone, and the report says so", async () => {
  const unique = Array.from({ length: 100 }, (_, n) => `{"id":"unique-value-${n}"}\n`).join("");
  const folder = poolFolder({ "bench/u_20250906_120000.jsonl": unique });
  await using pool = await openTestPool(folder, { config });
  const before = filesIn(folder);

  const report = await applyCompaction(pool, await planOf(pool));

  expect(report.results).toMatchObject([
    { status: "not_smaller", reason: expect.stringContaining("dict_threshold") },
  ]);
  expect(filesIn(folder)).toEqual(before);
});

test("S4-160 a sealed bundle in the folder is never compacted", async () => {
  const folder = poolFolder({
    "run/manifest.json": '{"content":{},"context":{}}',
    "run/bench/a_20250906_120000.jsonl": jsonl,
    "other/manifest.json": '{"name":"no bundle"}',
    "other/bench/b_20250906_130000.jsonl": jsonl,
  });
  await using pool = await openTestPool(folder, { config });

  const plan = await planOf(pool);

  expect(plan.files).toMatchObject([{ file: { path: "other/bench/b_20250906_130000.jsonl" } }]);
  expect(plan.left).toMatchObject([{ reason: "it belongs to a sealed bundle" }]);
});

test("gives the same result in one thread and in several", async () => {
  const large = Object.fromEntries(
    [1, 2, 3].map((run) => [`bench/2025090${run}_120000.jsonl`, jsonl.repeat(1200 + run)]),
  );
  const outcomes = [];
  for (const parallelWorkers of [1, 4]) {
    const folder = poolFolder(large);
    await using pool = await openTestPool(folder, { config: { ...config, parallelWorkers } });
    const { location: _, ...report } = await applyCompaction(pool, await planOf(pool));
    outcomes.push({ report, files: filesIn(folder) });
  }

  expect(outcomes[0]?.report.changed).toBe(3);
  expect(outcomes[1]).toEqual(outcomes[0]);
});

test("a file that changed since the scan is left as it is", async () => {
  const folder = poolFolder(files);
  await using pool = await openTestPool(folder, { config });
  const plan = await planOf(pool);
  writeFiles(folder, { "bench/p_20250906_120000.jsonl": `${jsonl}{}\n` });

  const report = await applyCompaction(pool, plan);

  expect(report.failed).toBe(1);
  expect(report.results.find(({ status }) => status === "failed")?.reason).toContain(
    "checksum mismatch",
  );
  expect(readFileSync(join(folder, "bench/p_20250906_120000.jsonl"), "utf8")).toBe(`${jsonl}{}\n`);
  expect(existsSync(join(folder, "bench/p_20250906_120000.compact.jsonl"))).toBe(false);
});

test("goes on from a compacted file that an interruption left beside its original", async () => {
  const folder = poolFolder(files);
  const original = join(folder, "bench/p_20250906_120000.jsonl");
  await using pool = await openTestPool(folder, { config });
  await applyCompaction(pool, await planOf(pool));
  writeFileSync(original, jsonl);
  const before = await entriesOf(pool);
  expect(before.flatMap(({ paths }) => paths)).not.toContain(
    "bench/p_20250906_120000.compact.jsonl",
  );

  const report = await applyCompaction(pool, await planOf(pool));

  expect(report.changed).toBe(1);
  expect(existsSync(original)).toBe(false);
});

test("does not overwrite a compacted file of another origin", async () => {
  const other = '{"_dictionaries":{"a":{"0":"b"}},"_type":"dictionary_header"}\n';
  const folder = poolFolder({
    "bench/p_20250906_120000.jsonl": jsonl,
    "bench/p_20250906_120000.compact.jsonl": other,
  });
  await using pool = await openTestPool(folder, { config });

  const report = await applyCompaction(pool, await planOf(pool));

  expect(report.results).toMatchObject([
    { status: "failed", reason: expect.stringContaining("is there and is not ours") },
  ]);
  expect(filesIn(folder)).toMatchObject({ "bench/p_20250906_120000.compact.jsonl": other });
});

test("S4-158 reads what CryptoRun itself compacted, and never brings it back as an original", async () => {
  const records = ['{"venue":"kraken-spot"}', '{"venue_dict":0}', ""].join("\n");
  const foreign = `{"_dictionaries":{"venue":{"0":"kraken-spot"}},"_type":"dictionary_header"}\n${records}`;
  const path = "bench/p_20250906_120000.compact.jsonl";
  const folder = poolFolder({ [path]: foreign });
  await using pool = await openTestPool(folder, { config });

  for (const name of [path, "bench/p_20250906_120000.jsonl"]) {
    const file = openPoolFile(folder, name);
    expect([file.isCompact, file.isForeign]).toEqual([true, true]);
    expect(Buffer.from(await collectBytes(file.bytes())).toString()).toBe(
      '{"venue":"kraken-spot"}\n{"venue":"kraken-spot"}\n',
    );
  }
  const back = await applyRestore(pool, compactFilesOf(await entriesOf(pool)));
  expect(back.results).toMatchObject([{ status: "left" }]);
  expect(filesIn(folder)).toEqual({ [path]: foreign });
});

test("a pinned entry keeps its Markdown to the byte", async () => {
  const folder = poolFolder({ "bench/p_20250906_120000.md": markdown });
  await using pool = await openTestPool(folder, { config });
  const [entry] = await entriesOf(pool);
  if (entry === undefined) throw new Error("no entry");

  const plan = planCompaction([{ ...entry, is_pinned: true }], {
    config: pool.config,
    isSealed: () => false,
  });

  expect(plan.left).toMatchObject([{ reason: "its entry is pinned" }]);
});

test("S4-158 a compacted file is read as its original, by both names", async () => {
  const folder = poolFolder(files);
  await using pool = await openTestPool(folder, { config });
  await applyCompaction(pool, await planOf(pool));

  for (const name of ["p_20250906_120000.jsonl", "p_20250906_120000.compact.jsonl"]) {
    const file = openPoolFile(folder, `bench/${name}`);
    expect(file.isCompact).toBe(true);
    expect(Buffer.from(await collectBytes(file.bytes())).toString()).toBe(jsonl);
  }
  expect(() => openPoolFile(folder, "bench/absent.jsonl")).toThrow(/no file/);
});

test("brings originals back to the byte, and the compacted files go to the trash", async () => {
  const folder = poolFolder(files);
  await using pool = await openTestPool(folder, { config });
  await applyCompaction(pool, await planOf(pool));
  const compact = compactFilesOf(await entriesOf(pool));

  const preview = await measureRestore(pool.places, pool.config, compact);
  const report = await applyRestore(pool, compact);

  expect(preview).toEqual({ ...report, dry_run: true });
  expect(report).toMatchObject({ changed: 2, failed: 0 });
  expect(filesIn(folder, (path) => path.startsWith("bench") && path.endsWith(".jsonl"))).toEqual({
    "bench/p_20250906_120000.jsonl": jsonl,
    "bench/q_20250906_130000.jsonl": jsonl,
  });
  expect(statSync(join(folder, "bench/p_20250906_120000.jsonl")).mtimeMs).toBe(now - 3_600_000);
});

test("does not bring an original back over another file, or from a damaged one", async () => {
  const folder = poolFolder(files);
  await using pool = await openTestPool(folder, { config });
  await applyCompaction(pool, await planOf(pool));
  const damaged = join(folder, "bench/q_20250906_130000.compact.jsonl");
  writeFileSync(damaged, readFileSync(damaged, "utf8").replace('"n":9,', '"n":8,'));
  writeFiles(folder, { "bench/p_20250906_120000.jsonl": "other\n" });

  const report = await applyRestore(pool, compactFilesOf(await entriesOf(pool)));

  expect(report.failed).toBe(2);
  expect(readFileSync(join(folder, "bench/p_20250906_120000.jsonl"), "utf8")).toBe("other\n");
  expect(existsSync(join(folder, "bench/q_20250906_130000.jsonl"))).toBe(false);
});

test("S4-002, S4-076 compacting and bringing back, or undoing, leaves any files as they were", async () => {
  const line = fc.oneof(
    fc.constantFrom('{"venue":"kraken-exchange","ok":true}', '{"venue_dict":0}', "", "{torn"),
    fc.nat(5).map((n) => `{ "venue": "kraken-exchange", "n": ${n}.0, "say": "caf\\u00e9" }\r`),
    fc.string(),
  );
  const text = fc.array(line, { minLength: 40, maxLength: 120 }).map((lines) => lines.join("\n"));
  const name = fc
    .nat(99)
    .map((n) => `bench/202509${String(n + 10).slice(0, 2)}_1200${n % 60}.jsonl`);
  const tree = fc.dictionary(name, text, { minKeys: 1, maxKeys: 4 });

  await fc.assert(
    fc.asyncProperty(tree, fc.boolean(), async (originals, isUndone) => {
      const folder = poolFolder(originals);
      await using pool = await openTestPool(folder, {
        config: { jsonl: { ...small, minSizeKb: 0, dictThreshold: 2 } },
      });
      await applyCompaction(pool, await planOf(pool));
      for (const path of Object.keys(originals)) {
        const bytes = await collectBytes(openPoolFile(folder, path).bytes());
        expect(Buffer.from(bytes).toString()).toBe(originals[path]);
      }

      if (isUndone) for (const item of await readTrash(pool.journal)) await restoreItem(pool, item);
      await applyRestore(pool, compactFilesOf(await entriesOf(pool)));

      expect(filesIn(folder)).toEqual(originals);
    }),
    { numRuns: 12 },
  );
});

test("undoing a compaction from the trash gives back every byte", async () => {
  const folder = poolFolder(files);
  await using pool = await openTestPool(folder, { config });
  await applyCompaction(pool, await planOf(pool));

  for (const item of await readTrash(pool.journal)) await restoreItem(pool, item);

  expect(filesIn(folder)).toMatchObject(files);
});

function idOf(entries: readonly ScannedEntry[], time: string): string {
  return entries.find(({ run_id }) => run_id.endsWith(time))?.id ?? "";
}
