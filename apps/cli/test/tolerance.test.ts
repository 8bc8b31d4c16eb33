// How far results may differ: flags, tolerance files and reseal.yaml, through the built program.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Sandbox } from "./sandbox.ts";

const ends: (() => void)[] = [];
const sandbox = new Sandbox((end) => ends.push(end));
afterAll(() => {
  for (const end of ends) end();
});

const { env } = sandbox;
const cwd = sandbox.folder("work", {
  // The second run differs everywhere: a little in what counts, a lot in what does not.
  "measure.mjs": `import { appendFileSync, writeFileSync } from "node:fs";
const late = process.argv[2] === "late";
const by = late ? 1.001 : 1;
writeFileSync("summary.json", JSON.stringify({ energy: 2 * by, timing: { seconds: late ? 9 : 1 } }));
const rows = [["a", 1, 5], ["b", 2, 6]].map(([id, x, t]) => [id, x * by, late ? t * 7 : t]);
writeFileSync("points.csv", ["id,x,wall", ...(late ? rows.reverse() : rows)].join("\\n"));
writeFileSync("notes.log", late ? "late" : "early");
appendFileSync(process.env.RESEAL_RUN_DIR + "/metrics.jsonl",
  JSON.stringify({ name: "loss", value: 0.5 * by }) + "\\n");
`,
  "all.yaml": `files:
  summary.json: { relative: 2e-3 }
  "*.csv": { absolute: 0.01 }
metrics:
  "lo*": { relative: 2e-3 }
keys:
  points.csv: [id]
ignore:
  paths: ["*.log"]
  pointers: [/timing]
  columns: [wall]
`,
});

const runs: string[] = [];
beforeAll(async () => {
  for (const when of ["early", "late"]) {
    const out = ["--out", "summary.json", "--out", "points.csv", "--out", "notes.log"];
    const args = ["run", ...out, "--", "node", "measure.mjs", when];
    const { run_id } = await sandbox.data(args, { cwd });
    runs.push(String(run_id));
  }
});

interface Compared {
  readonly tolerance: Record<string, unknown>;
  readonly candidates: readonly {
    readonly verdict: string;
    readonly files: readonly { path: string; status: string; ignored?: true }[];
  }[];
}

async function compared(...flags: readonly string[]): Promise<Compared> {
  return (await sandbox.data(["compare", ...runs, ...flags], { cwd, env })) as unknown as Compared;
}

test("without a tolerance everything that differs counts", async () => {
  const { tolerance, candidates } = await compared();

  expect(tolerance).toEqual({ absolute: 0, relative: 0 });
  expect(candidates[0]?.verdict).toBe("diverged");
});

test("a tolerance file rules metrics, files, keys and what is ignored, and is in the report", async () => {
  const { tolerance, candidates } = await compared("--tolerance", "all.yaml", "--report", "all.md");

  expect(candidates[0]).toMatchObject({
    verdict: "within_tolerance",
    files: [
      { path: "notes.log", status: "different", ignored: true },
      { path: "points.csv", status: "within_tolerance" },
      { path: "summary.json", status: "within_tolerance" },
    ],
  });
  expect(tolerance).toMatchObject({
    files: { "*.csv": { absolute: 0.01, relative: 0 } },
    keys: { "points.csv": ["id"] },
    ignore: { columns: ["wall"] },
  });
  const report = readFileSync(join(cwd, "all.md"), "utf8");
  expect(report).toContain("- table points.csv: rows by id");
  expect(report).toContain("different (ignored)");
});

test("people see the tolerance, the key of a row and what was ignored", async () => {
  const tolerance = "keys: { points.csv: [id] }\nignore: { columns: [wall], paths: [notes.log] }\n";
  writeFileSync(join(cwd, "keys.yaml"), tolerance);
  const { stdout } = await sandbox.reseal(["diff", ...runs, "--tolerance", "keys.yaml"], { cwd });

  expect(stdout).toContain("tolerance\n  numbers: exact\n  table points.csv: rows by id");
  expect(stdout).toContain("different (ignored)  notes.log");
  expect(stdout).toContain("first difference  points.csv, row 1, where id = a, column x");
});

test("one metric may be given by name, layers are put together, and flags win", async () => {
  const { tolerance } = await compared(
    ...["--tolerance", "all.yaml", "--tolerance", "loss=0.25", "--rtol", "1e-9", "--ulp", "4"],
  );

  expect(tolerance).toMatchObject({
    relative: 1e-9,
    ulp: 4,
    metrics: { loss: { absolute: 0.25, relative: 0 }, "lo*": { absolute: 0, relative: 2e-3 } },
  });
});

test("reseal.yaml may hold the tolerance of a project; what flags say wins", async () => {
  const config = readFileSync(join(cwd, "all.yaml"), "utf8").replaceAll(/^/gm, "  ");
  writeFileSync(join(cwd, "reseal.yaml"), `tolerance:\n  relative: 1e-7\n${config}`);

  const plain = await compared();
  const stricter = await compared("--rtol", "0");
  const late = await sandbox.reseal(["replay", runs[1] ?? "", "--json"], { cwd });
  writeFileSync(join(cwd, "reseal.yaml"), "tolerance: { relativ: 1 }\n");
  const wrong = await sandbox.reseal(["compare", ...runs], { cwd });

  expect(plain.candidates[0]?.verdict).toBe("within_tolerance");
  expect([plain.tolerance.relative, stricter.tolerance.relative]).toEqual([1e-7, 0]);
  expect(late.stdout).toContain('"tolerance":{"absolute":0,"relative":1e-7,');
  expect(wrong.status).toBe(2);
  expect(wrong.stderr).toContain("/tolerance");
  writeFileSync(join(cwd, "reseal.yaml"), "");
});

test.for([
  ["nowhere.yaml", 3, "cannot be read"],
  ["measure.mjs", 2, "not valid"],
  ["loss=-1", 2, "The tolerance of loss"],
  ["./loss=1", 3, "cannot be read"],
] as const)("--tolerance %s ends with %i: %s", async ([text, status, message]) => {
  const ended = await sandbox.reseal(["compare", ...runs, "--tolerance", text], { cwd });

  expect(ended.status).toBe(status);
  expect(ended.stderr).toContain(message);
});
