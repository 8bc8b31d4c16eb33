import { createHash } from "node:crypto";
import { rmSync, statSync } from "node:fs";
import Database from "better-sqlite3";
import { sqliteMigrations } from "../dist/sqlite-schema.js";

const hex = (t) => createHash("sha256").update(t).digest("hex");
const N = 50000;
const rows = Array.from({ length: N }, (_, i) => [
  "local",
  hex("s" + i),
  hex("r" + i).slice(0, 36),
  hex("a" + (i >> 1)),
  hex("i" + (i >> 4)),
  hex("o" + i),
  hex("env"),
  "run",
  "finished",
  0,
  null,
  null,
  "train-" + (i % 100),
  "project-" + (i % 7),
  null,
  "[]",
  null,
  new Date(Date.UTC(2026, 0, 1) + i * 1000).toISOString(),
  null,
  null,
  i % 1000,
  "me",
  "here",
  String(i),
  "000005 " + i,
  '["python","train.py","--lr","1"]',
  "python train.py --lr 1",
  12,
  34567,
  "[]",
  "0123456789abcdef",
  null,
]);
const cols =
  "tenant seal run_id artifact_id input_key result_key env_key type status exit_code signal pass_fail name project family tags title created_at started_at ended_at duration_ms user_name host seed seed_order command command_text files bytes parents workspace manifest_bytes".split(
    " ",
  );
function go(label, alter, { metrics = true, seals = true, fk = true, ret = false } = {}) {
  for (const x of ["", "-wal", "-shm"]) rmSync("/tmp/raw.db" + x, { force: true });
  const db = new Database("/tmp/raw.db");
  db.pragma("journal_mode=wal");
  db.pragma("synchronous=FULL");
  db.pragma("cache_size=-65536");
  db.pragma("temp_store=MEMORY");
  db.exec(sqliteMigrations[0]);
  for (const a of alter) db.exec(a);
  db.pragma("foreign_keys=" + (fk && seals ? "on" : "off"));
  const ins = db.prepare(
    `insert into seals (${cols}) values (${cols.map(() => "?")}) on conflict (seal,tenant) do nothing`,
  );
  const insR = db.prepare(
    `insert into seals (${cols}) values (${cols.map(() => "?")}) on conflict (seal,tenant) do nothing returning id`,
  );
  const m = db.prepare(
    "insert into seal_metrics (seal_id,name_id,value,context,created_at,seal_order) values (?,?,?,?,?,?) on conflict do nothing",
  );
  for (let k = 1; k <= 5; k++)
    db.prepare("insert into metric_names values(?,'local',?)").run(k, "m" + k);
  const c = process.cpuUsage(),
    t = performance.now();
  db.exec("begin immediate");
  for (let i = 0; i < N; i++) {
    if (seals) {
      if (ret) insR.get(rows[i]);
      else ins.run(rows[i]);
    }
    if (metrics)
      for (let k = 1; k <= 5; k++)
        m.run(
          i + 1,
          k,
          ((i * (k + 7919)) % 99991) / 99991,
          0,
          rows[i][17],
          parseInt(rows[i][1].slice(0, 12), 16),
        );
  }
  const t1 = performance.now();
  db.exec("commit");
  const u = process.cpuUsage(c);
  console.log(
    label.padEnd(40),
    "user",
    (u.user / 1e6).toFixed(2),
    "sys",
    (u.system / 1e6).toFixed(2),
    "wall",
    ((performance.now() - t) / 1e3).toFixed(2),
    "commit",
    ((performance.now() - t1) / 1e3).toFixed(2),
    (statSync("/tmp/raw.db-wal").size / 1e6).toFixed(0) + "MB wal",
    ((db.pragma("page_count", { simple: true }) * 4096) / 1e6).toFixed(0) + "MB",
  );
  db.close();
}
const dropSeals = [
  "seals_by_run",
  "seals_by_artifact",
  "seals_by_time",
  "seals_by_status",
  "seals_by_name",
  "seals_by_project",
  "seals_by_family",
].map((i) => "drop index " + i);
go("all", []);
go("seals only", [], { metrics: false });

const short = [
  "drop index seals_by_time",
  "drop index seals_by_status",
  "drop index seals_by_name",
  "drop index seals_by_project",
  "create index t1 on seals(tenant,created_at)",
  "create index t2 on seals(tenant,status,created_at)",
  "create index t3 on seals(tenant,name,created_at)",
  "create index t4 on seals(tenant,project,created_at)",
];
go("seals only, returning", [], { metrics: false, ret: true });
go("seals only, short", short, { metrics: false });
go("metrics only", [], { seals: false });
go("metrics only no by_value", ["drop index seal_metrics_by_value"], { seals: false });
go("metrics only no by_time", ["drop index seal_metrics_by_time"], { seals: false });
go("metrics only no idx", ["drop index seal_metrics_by_value", "drop index seal_metrics_by_time"], {
  seals: false,
});
go("all, short", short);
go("all, short, no fk", short, { fk: false });
