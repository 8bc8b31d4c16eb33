// S4-016, S4-081…S4-084, S4-092…S4-096, S4-123, S4-137…S4-139, S4-141, S4-146…S4-148, S4-154, S4-157.
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { digestBytes } from "@reseal/hash";
import { validate } from "@reseal/schema";
import { encodeDictionary, planDictionary } from "@reseal/store";
import fc from "fast-check";
import { expect, test } from "vitest";
import { filesIn, now, openTestPool, poolFolder, writeFiles } from "../test/pool-folder.ts";
import { defaultArtifactsConfig } from "./artifacts-config.ts";
import { shortIds } from "./entry-id.ts";
import { entryNamed } from "./entry-named.ts";
import { statusOfNames } from "./pass-fail.ts";
import { writePins } from "./pins.ts";
import { type Pool, poolPlaces } from "./pool.ts";
import { readManifest } from "./pool-manifest.ts";
import { runKeyOf, runKeys } from "./run-key.ts";
import {
  isRecent,
  manifestFacts,
  refreshManifest,
  type Scan,
  scanPool,
  updatePool,
} from "./scan.ts";
import { moveToTrash } from "./trash.ts";

const config = defaultArtifactsConfig();
const tree = {
  "microstructure/proofs/20250906_143022_pass.jsonl": "{}\n",
  "microstructure/proofs/20250906_143022_pass.md": "# proof\n",
  "bench/run_a1b2c3d4/p99_1.json": '{"p99": 1}',
  "bench/run_a1b2c3d4/bypass.json": "of no family\n",
  "out/bench/p99_2025-09-05_10-11-12_fail.json": "{}",
  "smoke90/notes.md": "notes\n",
  "readme.txt": "of no family\n",
};

async function scan(folder: string, more: Partial<typeof config> = {}): Promise<Scan> {
  const settings = { ...config, ...more };
  return scanPool(poolPlaces(folder, settings, folder), settings, { nowMs: now });
}

test("S4-016 files are grouped by run id, else time, else folder; other files are counted", async () => {
  const found = await scan(poolFolder(tree));

  expect(
    found.entries.map(({ family, run_id, timestamp, pass_fail, paths }) => [
      family,
      run_id,
      timestamp.slice(0, 19),
      pass_fail,
      paths.length,
    ]),
  ).toEqual([
    ["proofs", "20250906_143022", "2025-09-06T14:30:22", "pass", 2],
    ["smoke90", "smoke90", "2025-09-06T14:00:00", "unknown", 1],
    ["bench", "20250905_101112", "2025-09-05T10:11:12", "fail", 1],
  ]);
  expect(found).toMatchObject({ files: 4, otherFiles: 3 });
});

test.each([
  ["bench/20250906_143022.jsonl", "time", "20250906_143022"],
  ["bench/run-2025-09-06T14-30-22Z/x.md", "time", "20250906_143022"],
  ["bench/2025_09_06_143022.md", "time", "20250906_143022"],
  ["bench/20250906143022.md", "time", "20250906_143022"],
  ["bench/run_20250906_143022_pass.jsonl", "time", "20250906_143022"],
  ["bench/run_20250906143022/x.jsonl", "time", "20250906_143022"],
  ["bench/run_DEADBEEF01/20250906_143022.md", "run_id", "deadbeef01"],
  [
    "bench/0f1e2d3c-0000-4000-8000-000000000001/x.md",
    "run_id",
    "0f1e2d3c-0000-4000-8000-000000000001",
  ],
  ["bench/report_a1b2c3d4e5.md", "run_id", "a1b2c3d4e5"],
  ["bench/20259999_999999.md", "run_id", "20259999"],
  ["bench/sub/report.md", "folder", "bench/sub"],
  ["bench/20250906_143022.compact.jsonl", "time", "20250906_143022"],
])("the run of %s is known by its %s", (path, rule, value) => {
  expect(runKeyOf(path)).toMatchObject({ rule, value });
});

test.each([
  ["x_pass.md", "pass"],
  ["x-SUCCESS.md", "pass"],
  ["x.error.md", "fail"],
  ["bypass.md", "unknown"],
  ["passage_failover.md", "unknown"],
  ["run_pass/x.md", "pass"],
  ["run_pass/x_fail.md", "fail"],
])("S4-147 the name %s says %s", (path, word) => {
  expect(statusOfNames([`bench/${path}`])).toBe(word);
});

test("S4-147 a record's word counts most, then the family's rule, then the name", async () => {
  const rule = { file: "**/p99_*.json", pointer: "/verdict" };
  const families = [
    { name: "bench", patterns: ["**/bench/*/p99_*.json"], policy: {}, status: rule },
  ];
  const found = await scan(
    poolFolder({
      "bench/run_00000001/run.json": '{"pass_fail": "pass", "tags": ["paper"], "version": "1.2"}',
      "bench/run_00000001/p99_fail.json": '{"verdict": "FAIL"}',
      "bench/run_00000002/p99_pass.json": '{"verdict": "FAIL"}',
      "bench/run_00000003/p99_pass.json": '{"verdict": "maybe"}',
      "bench/run_00000004/run.json": '{"status": "finished"}',
      "bench/run_00000004/p99_x.json": "{}",
    }),
    { families },
  );

  const words = Object.fromEntries(found.entries.map((one) => [one.run_id, one.pass_fail]));
  expect(words).toEqual({
    "00000001": "pass",
    "00000002": "fail",
    "00000003": "pass",
    "00000004": "unknown",
  });
  expect(found.entries.find((one) => one.run_id === "00000001")).toMatchObject({
    tags: ["paper"],
    version: "1.2",
  });
});

test("S4-158 a compacted file says how the run ended as its original does", async () => {
  const line = '{"venue": "a venue with a long name", "verdict": "running"}\n';
  const folder = poolFolder({
    "bench/run_00000001.jsonl": `${line.repeat(2000)}{"verdict": "pass"}\n`,
  });
  const status = { file: "**/bench/*.jsonl", pointer: "/verdict" };
  const families = [{ name: "bench", patterns: ["**/bench/*.jsonl"], policy: {}, status }];
  const original = readFileSync(join(folder, "bench/run_00000001.jsonl"));
  const source = async function* () {
    yield original;
  };
  const plan = await planDictionary(source(), { threshold: 5 });
  const compact = join(folder, "bench/run_00000001.compact.jsonl");
  for await (const piece of encodeDictionary(source(), plan)) appendFileSync(compact, piece);
  rmSync(join(folder, "bench/run_00000001.jsonl"));

  const found = await scan(folder, { families });

  expect(found.entries).toMatchObject([{ pass_fail: "pass", run_id: "00000001" }]);
});

test("S4-088, S4-092, S4-094, S4-095 the manifest is valid, and the one before is kept", async () => {
  const folder = poolFolder(tree);
  await using pool = await openTestPool(folder);
  const { manifest } = await updatePool(pool, {});
  expect(await validate("pool-manifest", manifest)).toEqual([]);
  expect(await readManifest(pool.places)).toEqual(manifest);
  expect(existsSync(pool.places.backup)).toBe(false);

  writeFiles(folder, { "bench/20250101_000000.md": "old\n" });
  await updatePool(pool, {});

  expect(JSON.parse(readFileSync(pool.places.backup, "utf8"))).toEqual(manifest);
  cpSync(pool.places.backup, pool.places.manifest); // As the original's handbook says.
  expect(await readManifest(pool.places)).toEqual(manifest);
});

test("S4-139, S4-154 a corrupt manifest is said, and never becomes the backup", async () => {
  const folder = poolFolder(tree);
  await using pool = await openTestPool(folder);
  const { manifest } = await updatePool(pool, {});
  await updatePool(pool, {});
  writeFileSync(pool.places.manifest, "{");

  await expect(readManifest(pool.places)).rejects.toThrow(
    expect.objectContaining({
      code: "GC_MANIFEST_CORRUPT",
      message: expect.stringContaining(pool.places.backup),
    }),
  );
  await updatePool(pool, {});
  expect(JSON.parse(readFileSync(pool.places.backup, "utf8")).entries).toEqual(manifest.entries);
});

test("S4-138 the result does not depend on the number of workers", async () => {
  const files = Object.fromEntries(
    Array.from({ length: 600 }, (_, index) => [
      `bench/202501${String((index % 28) + 1).padStart(2, "0")}_0000${String(index % 60).padStart(2, "0")}_${index}.md`,
      `${index}\n`,
    ]),
  );
  const folder = poolFolder(files);

  const one = await scan(folder, { parallelWorkers: 1 });
  const eight = await scan(folder, { parallelWorkers: 8 });

  expect(eight.entries).toEqual(one.entries);
});

test("S4-148 ids follow from family and run alone, and get longer where they would be the same", async () => {
  const first = await scan(poolFolder(tree));
  const second = await scan(
    poolFolder({ "old/microstructure/proofs/20250906_143022.jsonl": "other\n" }),
  );
  expect(first.entries[0]?.id).toBe(second.entries[0]?.id);
  expect(first.entries[0]?.id).toMatch(/^[0-9a-f]{8}$/);

  const [a, b, c] = ["a".repeat(64), `${"a".repeat(9)}${"b".repeat(55)}`, "c".repeat(64)];
  expect([...shortIds([a, b, c]).values()]).toEqual(["aaaaaaaaaa", "aaaaaaaaab", "cccccccc"]);
});

test("S4-137 a folder with too many files stops the scan and names the setting", async () => {
  await expect(scan(poolFolder(tree), { maxFilesPerScan: 6 })).rejects.toThrow(
    expect.objectContaining({
      code: "GC_TOO_MANY_FILES",
      message: expect.stringContaining("indexing.max_files_per_scan"),
    }),
  );
  await expect(scan(poolFolder(tree), { maxFilesPerScan: 7 })).resolves.toBeDefined();
});

test("S4-157 links are not followed, and the pool's own state is not counted", async () => {
  const folder = poolFolder({
    "bench/20250101_000000.md": "x\n",
    "bench/20250102_000000.md": "y\n",
  });
  const elsewhere = poolFolder({ "bench/20250103_000000.md": "secret\n" });
  symlinkSync(elsewhere, join(folder, "link"));
  symlinkSync(
    join(elsewhere, "bench/20250103_000000.md"),
    join(folder, "bench/20250103_000000.md"),
  );
  await using pool = await openTestPool(folder);
  const { entries } = await updatePool(pool, {});
  const old = entries.at(-1);
  if (old === undefined) throw new Error("no entry");
  await moveToTrash(pool, "gc", [
    { entryId: old.id, family: old.family, runId: old.run_id, files: old.files },
  ]);

  const again = await updatePool(pool, {});

  expect(again).toMatchObject({ files: 1, links: 2 });
  expect(again.entries).toHaveLength(1);
});

test("compacted siblings of a file are not counted twice", async () => {
  const found = await scan(
    poolFolder({
      "bench/20250101_000000.jsonl": "original\n",
      "bench/20250101_000000.compact.jsonl": "compacted\n",
      "bench/20250102_000000.compact.jsonl": "compacted\n",
    }),
  );

  expect(found.entries.map(({ paths, siblings }) => [paths, siblings.length])).toEqual([
    [["bench/20250102_000000.compact.jsonl"], 0],
    [["bench/20250101_000000.jsonl"], 1],
  ]);
});

test("S4-084, S4-141 pins survive a scan, a lost manifest and a corrupt one", async () => {
  const folder = poolFolder(tree);
  await using pool = await openTestPool(folder);
  writePins(pool.places, [
    { family: "bench", run_id: "20250905_101112", at: "2025-09-06T15:00:00.000Z", by: "ada@lab" },
    { family: "smoke90", run_id: "smoke90", at: "", by: "ada", until: "2025-09-06T14:59:59Z" },
  ]);
  await updatePool(pool, {});
  writeFileSync(pool.places.manifest, "{");

  const { entries, manifest } = await updatePool(pool, { readAll: true });

  expect(entries.filter(({ is_pinned }) => is_pinned).map(({ run_id }) => run_id)).toEqual([
    "20250905_101112",
  ]);
  expect(manifest.summary.pinned_count).toBe(1);
  writeFileSync(pool.places.pins, "{");
  await expect(updatePool(pool, {})).rejects.toThrow(
    expect.objectContaining({ code: "GC_PINS_CORRUPT" }),
  );
});

test("S4-083 a manifest is recent for some hours, with the same settings", async () => {
  const { manifest } = await scan(poolFolder(tree));

  expect(isRecent(manifest, config, now + 5.9 * 3_600_000)).toBe(true);
  expect(isRecent(manifest, config, now + 6 * 3_600_000)).toBe(false);
  expect(isRecent(manifest, config, now - 1)).toBe(false);
  expect(isRecent(manifest, { ...config, families: config.families.slice(1) }, now)).toBe(false);
});

test("what has not changed is not read again, what has is", async () => {
  const folder = poolFolder(tree);
  await using pool = await openTestPool(folder);
  await new Promise((resolve) => setTimeout(resolve, 20)); // The files are older than the lock.
  await pool[Symbol.asyncDispose]();
  await using later = await openTestPool(folder);
  expect((await updatePool(later, {})).filesRead).toBe(4);
  expect((await updatePool(later, {})).filesRead).toBe(0);

  writeFiles(folder, { "smoke90/notes.md": "other\n" }); // Of the same length and time.

  const changed = await updatePool(later, {});
  expect(changed.filesRead).toBe(1);
  expect((await updatePool(later, { readAll: true })).filesRead).toBe(4);
});

const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

/** A pool that was scanned long enough ago for its stat records to tell any change. */
async function settledPool(): Promise<Pool> {
  const folder = poolFolder({ ...tree, "bench/run_a1b2c3d4/run.json": '{"pass_fail": "pass"}' });
  await tick();
  const pool = await openTestPool(folder);
  await updatePool(pool, {});
  await tick();
  writeFileSync(pool.places.known, readFileSync(pool.places.known));
  return pool;
}

test("a scan that finds nothing new leaves the manifest as it is, and says the same", async () => {
  await using pool = await settledPool();
  const before = readFileSync(pool.places.manifest, "utf8");
  const { entries: _, manifest, ...whole } = await updatePool(pool, {});
  await tick();
  writeFileSync(pool.places.known, readFileSync(pool.places.known));
  const written = statSync(pool.places.manifest).ctimeMs;

  const found = await refreshManifest(pool, {});

  expect(found).toMatchObject({ ...whole, filesRead: 0 });
  expect(found.manifest.summary).toEqual(manifest.summary);
  expect(statSync(pool.places.manifest).ctimeMs).toBe(written);
  expect(JSON.parse(before).summary).toEqual(manifest.summary);
  expect(await manifestFacts(pool.places)).toMatchObject({ summary: manifest.summary });
});

test.each<readonly [string, (pool: Pool) => void, object]>([
  [
    "a file with other bytes of the same length and time",
    ({ places }) => writeFiles(places.folder, { "smoke90/notes.md": "other\n" }),
    { total_entries: 3 },
  ],
  [
    "a new file",
    ({ places }) => writeFiles(places.folder, { "out/smoke90/x.md": "x" }),
    { total_entries: 4 },
  ],
  [
    "a file that is gone",
    ({ places }) => rmSync(join(places.folder, "smoke90/notes.md")),
    { total_entries: 2 },
  ],
  [
    "another word in a run's record",
    ({ places }) => writeFiles(places.folder, { "smoke90/run.json": '{"pass_fail": "pass"}' }),
    { pass_count: 2 },
  ],
  [
    "a pin",
    ({ places }) =>
      writePins(places, [{ family: "smoke90", run_id: "smoke90", at: "", by: "ada" }]),
    { pinned_count: 1 },
  ],
  [
    "another hand in the manifest",
    ({ places }) => writeFileSync(places.manifest, '{"entries": []}'),
    { total_entries: 3 },
  ],
])("a scan is made anew after %s", async (_, change, summary) => {
  await using pool = await settledPool();
  change(pool);

  const found = await refreshManifest(pool, {});

  expect(found.manifest.summary).toMatchObject(summary);
  const written = await readManifest(pool.places);
  expect(written?.summary).toEqual(found.manifest.summary);
});

test("a file of no family is counted, wherever it is put", async () => {
  await using pool = await settledPool();
  const { otherFiles } = await updatePool(pool, {});
  for (const [index, path] of ["x.txt", "smoke90/x.txt", "new/folder/x.txt"].entries()) {
    await tick();
    writeFileSync(pool.places.known, readFileSync(pool.places.known));
    writeFiles(pool.places.folder, { [path]: "x\n" });

    expect((await refreshManifest(pool, {})).otherFiles).toBe(otherFiles + index + 1);
  }
});

test("where the state is in a folder that is scanned, a scan that finds nothing new sees so", async () => {
  const folder = poolFolder(tree);
  mkdirSync(join(folder, "state"));
  const manifestFile = join(folder, "state/manifest.json");
  await tick();
  await using pool = await openTestPool(folder, { config: { manifestFile } });
  const { files, otherFiles } = await updatePool(pool, {});
  await tick();
  writeFileSync(pool.places.known, readFileSync(pool.places.known));
  const { ino } = statSync(manifestFile);

  expect(await refreshManifest(pool, {})).toMatchObject({ files, otherFiles, filesRead: 0 });
  expect(statSync(manifestFile).ino).toBe(ino);
  writeFiles(folder, { "smoke90/new.md": "new\n" });
  expect((await refreshManifest(pool, {})).files).toBe(files + 1);
});

test.each([
  ["a byte of it was changed", (bytes: Buffer) => bytes.fill("x", 400, 401)],
  ["it was cut off", (bytes: Buffer) => bytes.subarray(0, -1)],
  ["it is that of an earlier version", () => Buffer.from('{"format":"reseal-pool-cache/2"}')],
  ["it is empty", () => Buffer.alloc(0)],
] as const)("a cache is not believed when %s", async (_, change) => {
  await using pool = await settledPool();
  expect((await updatePool(pool, {})).filesRead).toBe(0);
  writeFileSync(pool.places.cache, change(readFileSync(pool.places.cache)));

  const { filesRead, files } = await refreshManifest(pool, {});

  expect(filesRead).toBe(files);
  expect((await updatePool(pool, {})).filesRead).toBe(0);
});

test("a pin that has ended is no pin at the next scan", async () => {
  await using pool = await settledPool();
  const until = new Date(now + 1000).toISOString();
  writePins(pool.places, [{ family: "smoke90", run_id: "smoke90", at: "", by: "ada", until }]);
  await refreshManifest(pool, {});
  await tick();
  writeFileSync(pool.places.known, readFileSync(pool.places.known));

  const later = { ...pool, clock: { now: () => now + 2000 } };

  expect((await refreshManifest(pool, {})).manifest.summary.pinned_count).toBe(1);
  expect((await refreshManifest(later, {})).manifest.summary.pinned_count).toBe(0);
});

test("files that changed within the tick of the scan are read again", async () => {
  const folder = poolFolder(tree);
  await using pool = await openTestPool(folder);
  writeFiles(folder, tree); // After the lock was made.
  await updatePool(pool, {});
  await tick();
  writeFileSync(pool.places.known, readFileSync(pool.places.known));

  expect((await refreshManifest(pool, {})).filesRead).toBe(4);
});

test("the run of one file after the other is the run of each", () => {
  const name = fc.constantFrom(
    "x.md",
    "a1b2c3d4.md",
    "20250906_143022.jsonl",
    "2025-09-06.md",
    "run_deadbeef",
    "x.compact.jsonl",
    "20250906_143022_pass",
    "bench",
    "0f1e2d3c-0000-4000-8000-000000000001",
  );
  fc.assert(
    fc.property(fc.array(fc.array(name, { minLength: 1, maxLength: 3 })), (paths) => {
      const keyOf = runKeys();

      for (const path of paths.map((parts) => parts.join("/")))
        expect(keyOf(path)).toEqual(runKeyOf(path));
    }),
  );
});

test("an entry with a file that cannot be read is not listed", async ({ skip }) => {
  if (process.getuid?.() === 0) skip("root may read every file");
  const folder = poolFolder(tree);
  chmodSync(join(folder, "smoke90/notes.md"), 0);

  const found = await scan(folder);

  expect(found.unreadable).toEqual(["smoke90/notes.md"]);
  expect(found.entries).toHaveLength(3);
});

test("S4-130 a scan without the pool's lock changes nothing", async () => {
  const folder = poolFolder(tree);
  const before = filesIn(folder, () => true);

  await scan(folder);

  expect(filesIn(folder, () => true)).toEqual(before);
});

test("an entry is named by a unique beginning of its id, its seal or its run id", async () => {
  const entries = [
    { id: "a1b2c3d4", family: "bench", run_id: "run_deadbeef" },
    { id: "a1b2ffff", family: "proofs", run_id: "20250906_143022" },
  ];

  expect(entryNamed(entries, "A1B2C")).toBe(entries[0]);
  expect(entryNamed(entries, "a1b2c3d4e5f6")).toBe(entries[0]);
  expect(entryNamed(entries, "20250906")).toBe(entries[1]);
  const sealed = [{ id: "ca978112", family: "bench", run_id: "3f1c", seal: digestBytes("a") }];
  for (const name of ["ca97", "ca978112ca1b", digestBytes("a"), "3F1C"])
    expect(entryNamed(sealed, name)).toBe(sealed[0]);
  expect(() => entryNamed(sealed, "ca978112ffff")).toThrow("There is no entry");
  for (const [name, code] of [
    ["a1b2", "GC_ENTRY_AMBIGUOUS"],
    ["ffff", "GC_ENTRY_NOT_FOUND"],
    ["a1b", "GC_ENTRY_NOT_FOUND"],
  ] as const)
    expect(() => entryNamed(entries, name)).toThrow(expect.objectContaining({ code, exitCode: 3 }));
});
