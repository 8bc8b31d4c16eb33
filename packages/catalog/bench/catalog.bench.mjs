// Rates of the catalog, to compare in one run: `node packages/catalog/bench/catalog.bench.mjs [runs]`.
// Build the package first. Times mean little by themselves; the bare rows beside them are the yardstick.
import { createHash } from "node:crypto";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { openSqliteCatalog } from "../dist/index.js";

const runs = Number(process.argv[2] ?? 100_000);
const folder = await mkdtemp(join(process.argv[3] ?? tmpdir(), "reseal-bench-"));
const hex = (text) => `sha256:${createHash("sha256").update(text).digest("hex")}`;

const metricNames = ["acc", "loss", "f1", "auc", "epochs"];
const makeRecord = (index) => ({
  run_id: `${hex(`r${index}`).slice(7, 15)}-0000-4000-8000-${hex(`r${index}`).slice(15, 27)}`,
  artifact_id: hex(`a${index >> 1}`),
  seal: hex(`s${index}`),
  input_key: hex(`i${index >> 4}`),
  result_key: hex(`o${index}`),
  env_key: hex("env"),
  type: "run",
  status: index % 50 === 0 ? "failed" : "finished",
  exit_code: index % 50 === 0 ? 1 : 0,
  signal: null,
  pass_fail: null,
  name: `train-${index % 100}`,
  project: `project-${index % 7}`,
  family: null,
  tags: index % 3 === 0 ? ["nightly"] : [],
  title: null,
  created_at: new Date(Date.UTC(2026, 0, 1) + index * 1000).toISOString(),
  started_at: null,
  ended_at: null,
  duration_ms: index % 1000,
  tenant: "local",
  user: "me",
  host: "here",
  seed: index,
  command: ["python", "train.py", "--lr", String(index % 10)],
  files: 12,
  bytes: 34_567,
  parents: [],
  workspace: "0123456789abcdef",
  output_paths: [`out/${index}/model.bin`],
  metrics: metricNames.map((name, place) => ({
    name,
    value: name === "epochs" ? index % 3 : ((index * (place + 7919)) % 99_991) / 99_991,
    context: false,
  })),
});

const milliseconds = async (action) => {
  const start = performance.now();
  await action();
  return performance.now() - start;
};
const percentile = (times, share) =>
  times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * share))];

function bareInsert(count) {
  const db = new Database(join(folder, "bare.db"));
  db.pragma("journal_mode = wal");
  db.pragma("synchronous = FULL");
  db.exec(
    "create table t (id integer primary key, digest text unique, created_at text, size integer)",
  );
  const insert = db.prepare("insert into t (digest, created_at, size) values (?, ?, ?)");
  const rows = Array.from({ length: count }, (_, index) => [
    hex(`b${index}`).slice(7),
    "2026",
    index,
  ]);
  const start = performance.now();
  db.exec("begin immediate");
  for (const row of rows) insert.run(row);
  db.exec("commit");
  const time = performance.now() - start;
  db.close();
  return count / time;
}

try {
  const file = join(folder, "store.db");
  const records = Array.from({ length: runs }, (_, index) => makeRecord(index));
  const rowsPerRun = 1 + metricNames.length + 1 / 3 + 1;
  const bare = bareInsert(runs);

  const catalog = await openSqliteCatalog(file);
  const insertion = await milliseconds(() => catalog.addSeals(records, { journalOffset: 1 }));
  const { size } = await stat(file);
  console.log(`bare rows with one unique digest   ${(bare).toFixed(0)} k/s`);
  console.log(`seals, 5 metrics each              ${(runs / insertion).toFixed(1)} k/s`);
  console.log(
    `entries (rows of all tables)       ${((runs * rowsPerRun) / insertion).toFixed(1)} k/s`,
  );
  console.log(
    `ratio entries : bare               ${((runs * rowsPerRun) / insertion / bare).toFixed(2)}`,
  );
  console.log(`bytes on disk for each run         ${(size / runs).toFixed(0)}`);
  console.log(
    `again, all there                   ${(runs / (await milliseconds(() => catalog.addSeals(records)))).toFixed(1)} k/s`,
  );
  const singles = records
    .slice(0, 200)
    .map((record, index) => ({ ...record, seal: hex(`z${index}`), run_id: `z${index}` }));
  const single = await milliseconds(async () => {
    for (const record of singles) await catalog.addSeals([record]);
  });
  console.log(
    `durable calls of one seal          ${((singles.length / single) * 1000).toFixed(0)} /s`,
  );

  const queries = {
    "page of 50, newest": () => ({}),
    "page of 50, oldest": () => ({ order: "asc" }),
    "metric, few match": (i) => ({
      filters: [{ field: "metric.acc", operator: ">", value: 0.9999 - i * 1e-7 }],
    }),
    "metric, none match": (i) => ({
      filters: [{ field: "metric.acc", operator: ">", value: 2 + i }],
    }),
    "metric, 1 % match": (i) => ({
      filters: [{ field: "metric.acc", operator: ">", value: 0.99 - i * 1e-5 }],
    }),
    "metric, half match": (i) => ({
      filters: [{ field: "metric.acc", operator: ">", value: 0.5 + i * 1e-3 }],
    }),
    "metric, equal to one of three": () => ({
      filters: [{ field: "metric.epochs", operator: "=", value: 1 }],
    }),
    "two metrics": (i) => ({
      filters: [
        { field: "metric.acc", operator: ">", value: 0.95 },
        { field: "metric.loss", operator: "<", value: 0.05 + i * 1e-4 },
      ],
    }),
    "two metrics, none match": (i) => ({
      filters: [
        { field: "metric.epochs", operator: "<", value: 5 },
        { field: "metric.loss", operator: ">", value: 2 + i },
      ],
    }),
    "sort by metric": () => ({ sort: "metric.acc" }),
    "sort by metric with ties": () => ({ sort: "metric.epochs" }),
    "metric, sort by it": (i) => ({
      sort: "metric.acc",
      filters: [{ field: "metric.acc", operator: "<", value: 0.5 + i * 1e-3 }],
    }),
    "metric, sort by another": (i) => ({
      sort: "metric.loss",
      filters: [{ field: "metric.acc", operator: ">", value: 0.9 + i * 1e-4 }],
    }),
    "metric and status": (i) => ({
      filters: [
        { field: "status", operator: "=", value: "failed" },
        { field: "metric.acc", operator: ">", value: 0.9 + i * 1e-4 },
      ],
    }),
    status: () => ({ filters: [{ field: "status", operator: "=", value: "failed" }] }),
    project: (i) => ({ filters: [{ field: "project", operator: "=", value: `project-${i % 7}` }] }),
    tag: () => ({ filters: [{ field: "tag", operator: "=", value: "nightly" }] }),
    "name ~ (all rows read)": (i) => ({
      filters: [{ field: "name", operator: "~", value: `nowhere${i}` }],
    }),
    "sort by duration": () => ({ sort: "duration_ms" }),
  };
  for (const [name, query] of Object.entries(queries)) {
    const times = [];
    for (let i = 0; i < 40; i += 1)
      times.push(await milliseconds(() => catalog.listRuns({ tenant: "local", ...query(i) })));
    console.log(
      `${name.padEnd(34)} p50 ${percentile(times, 0.5).toFixed(2)} p95 ${percentile(times, 0.95).toFixed(2)} ms`,
    );
  }
  const times = [];
  let after;
  for (let page = 0; page < 300; page += 1) {
    times.push(
      await milliseconds(async () => {
        const { next } = await catalog.listRuns({ tenant: "local", after });
        after = next ?? undefined;
      }),
    );
  }
  console.log(
    `page after page                    p50 ${percentile(times, 0.5).toFixed(2)} p95 ${percentile(times, 0.95).toFixed(2)} ms`,
  );
  const resolves = [];
  for (let i = 0; i < 300; i += 1)
    resolves.push(
      await milliseconds(() => catalog.resolve(hex(`s${i * 7}`).slice(7, 19), { tenant: "local" })),
    );
  console.log(
    `resolve 12 digits                  p50 ${percentile(resolves, 0.5).toFixed(2)} p95 ${percentile(resolves, 0.95).toFixed(2)} ms`,
  );
  await catalog[Symbol.asyncDispose]();
} finally {
  await rm(folder, { recursive: true, force: true });
}
