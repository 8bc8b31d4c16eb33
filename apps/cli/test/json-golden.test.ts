// The shape of what each command prints with --json. A change here is one that breaks programs.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lastLine, Sandbox } from "./sandbox.ts";

const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, "golden", "json-shapes.json"), "utf8"),
) as Record<string, unknown>;

const ends: (() => void)[] = [];
const sandbox = new Sandbox((end) => ends.push(end));
const cwd = sandbox.folder("work", { "a.py": "1", "results/t.csv": "1", "data/in.csv": "1" });
const bundle = join(cwd, "..", "bundle");

beforeAll(async () => {
  const script = `cp data/in.csv out.csv; echo '{"name":"n","value":1}' >> $RESEAL_RUN_DIR/metrics.jsonl`;
  await sandbox.data(["run", "--in", "data", "--seed", "7", "--", "sh", "-c", script], { cwd });
  await sandbox.data(["export", "@last", "-o", bundle], { cwd });
});
afterAll(() => {
  for (const end of ends) end();
});

const commands: Readonly<Record<string, readonly string[]>> = {
  run: ["run", "--seed", "7", "--", "sh", "-c", "echo 1 > run.csv"],
  "run --dry-run": ["run", "--dry-run", "--in", "data", "--", "true"],
  seal: ["seal", "results"],
  ls: ["ls", "-n", "1", "-f", "seed=7"],
  show: ["show", "@last"],
  cat: ["cat", "@last", "a.py"],
  log: ["log", "@last"],
  "verify run": ["verify", "@last"],
  export: ["export", "@last", "-o", "../again"],
  import: ["import", "../bundle", "--store", "../imported"],
  cite: ["cite", "@last", "--format", "json"],
  "schema ls": ["schema", "ls"],
  version: ["version"],
  "an error": ["show", "ffffffffffff"],
};

test.for(Object.keys(commands))("%s", async (name) => {
  const args = [...(commands[name] ?? [])];
  if (name === "cat") args[2] = "code/a.py";

  const { stdout } = await sandbox.reseal(["--json", ...args], { cwd });

  expect(shapeOf(lastLine(stdout))).toEqual(golden[name]);
});

test("no shape is kept of what is not printed any more", () => {
  expect(Object.keys(golden).sort()).toEqual(Object.keys(commands).sort());
});

/** Objects that have as many keys as there are things to name: only what they hold is a shape. */
const dictionaries: ReadonlySet<string> = new Set(["software", "hardware", "counts", "metrics"]);

/** Kinds in the place of values; ids, times and sizes differ from run to run. */
function shapeOf(value: unknown, name = ""): unknown {
  if (value === null) return "null";
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (typeof value !== "object") return kindOf(value);
  if (dictionaries.has(name)) return "dictionary";
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, shapeOf(item, key)]),
  );
}

function kindOf(value: unknown): string {
  if (typeof value !== "string") return typeof value;
  if (/^sha256:[0-9a-f]{64}$/.test(value)) return "digest";
  if (/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(value)) return "uuid";
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(value)) return "time";
  return /^[a-z-]+\/v\d+$/.test(value) ? value : "string";
}
