import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { sealRecord } from "@reseal/store/conformance";
import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { temporaryFolder } from "../test/harness.ts";
import { openSqliteCatalog } from "./index.ts";

/** The columns of seed 000's tables, in their order. */
const columns = {
  artifacts: "digest kind size created_at",
  runs: "run_id created_at spec_json battery_config_json manifest_digest results_digest",
  metrics: "run_id axiom_id name value value_json created_at",
  axioms: "run_id axiom_id left_term right_term symmetry_class created_at",
  models: "run_id axiom_id size status fingerprint candidates elapsed_seconds created_at",
  implications:
    "run_id axiom_id theory status checked_max_size counterexample_size counterexample_fingerprint" +
    " proof_status proof_elapsed_seconds proof_steps_json created_at",
  notes: "note_id run_id axiom_id body created_at",
};

const hex = (digest: string | null) => (digest ?? "").slice("sha256:".length);

test("the documented views have exactly the original's columns, and nothing else has its names", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "store.db");
  await using _catalog = await openSqliteCatalog(file);

  for (const [view, expected] of Object.entries(columns)) {
    const found = query(file, `SELECT name FROM pragma_table_info('${view}') ORDER BY cid`);
    expect(found.map(({ name }) => name).join(" ")).toBe(expected);
  }
  const views = query(file, "SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY name");
  expect(views.map(({ name }) => name)).toEqual(Object.keys(columns).sort());
});

test("another program reads runs, artifacts and metrics, while the catalog is open", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "store.db");
  await using catalog = await openSqliteCatalog(file);
  const record = sealRecord(1, {
    command: ["python", "train.py"],
    seed: 7,
    metrics: [
      { name: "acc", value: 0.5, context: false },
      { name: "gap", value: "-Infinity", context: false },
      { name: "loss", value: "NaN", context: false },
    ],
  });
  const plain = sealRecord(2, { result_key: null });
  await catalog.addSeals([record, plain]);

  expect(query(file, "SELECT * FROM runs ORDER BY created_at")).toEqual([
    {
      run_id: record.run_id,
      created_at: record.created_at,
      spec_json: '{"command":["python","train.py"],"seed":7}',
      battery_config_json: "{}",
      manifest_digest: hex(record.seal),
      results_digest: hex(record.result_key),
    },
    {
      run_id: plain.run_id,
      created_at: plain.created_at,
      spec_json: "{}",
      battery_config_json: "{}",
      manifest_digest: hex(plain.seal),
      results_digest: "",
    },
  ]);
  expect(query(file, "SELECT * FROM artifacts ORDER BY created_at")).toEqual(
    [record, plain].map(({ seal, manifest_size, created_at }) => ({
      digest: hex(seal),
      kind: "run_manifest",
      size: manifest_size,
      created_at,
    })),
  );
  const shared = { run_id: record.run_id, axiom_id: "", created_at: record.created_at };
  expect(query(file, "SELECT * FROM metrics ORDER BY name")).toEqual([
    { ...shared, name: "acc", value: 0.5, value_json: null },
    { ...shared, name: "gap", value: null, value_json: '"-Infinity"' },
    { ...shared, name: "loss", value: null, value_json: '"NaN"' },
  ]);
});

test("a run with several seals is one row of the view: the latest", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "store.db");
  await using catalog = await openSqliteCatalog(file);
  const { run_id } = sealRecord(1);
  const metrics = [{ name: "acc", value: 1, context: false }];
  await catalog.addSeals([sealRecord(9, { run_id, metrics }), sealRecord(1, { metrics })]);

  expect(query(file, "SELECT manifest_digest FROM runs")).toEqual([
    { manifest_digest: hex(sealRecord(9).seal) },
  ]);
  expect(query(file, "SELECT name FROM metrics")).toHaveLength(1);
});

type Row = Record<string, string | number | null>;

const hasCommand = spawnSync("sqlite3", ["--version"]).status === 0;

/** Ask the file with the `sqlite3` command; where there is none, with a connection that knows nothing of us. */
function query(file: string, sql: string): Row[] {
  if (hasCommand) {
    const output = execFileSync("sqlite3", ["-readonly", "-json", file, sql], { encoding: "utf8" });
    return output === "" ? [] : (JSON.parse(output) as Row[]);
  }
  const database = new Database(file, { readonly: true });
  try {
    return database.prepare(sql).all() as Row[];
  } finally {
    database.close();
  }
}
