import { join } from "node:path";
import type { Catalog, RunQuery } from "@reseal/store";
import { sealRecord } from "@reseal/store/conformance";
import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { temporaryFolder } from "../test/harness.ts";
import { randomRecords } from "../test/records.ts";
import { openSqliteCatalog } from "./index.ts";
import { createSqliteCatalog } from "./sqlite-catalog.ts";

const tenant = "default";
const acc = { field: "metric.acc", operator: ">=", value: 0 } as const;
const rare = { field: "metric.epochs", operator: ">", value: 1e9 } as const;
const list = (query: Partial<RunQuery>) => (catalog: Catalog) =>
  catalog.listRuns({ tenant, ...query });

/** What is asked, and the indexes that its last query must start from, in their order. */
const plans: readonly [string, (catalog: Catalog) => Promise<unknown>, readonly string[]][] = [
  ["a page", list({}), ["seals_by_time"]],
  [
    "a status",
    list({ filters: [{ field: "status", operator: "=", value: "x" }] }),
    ["seals_by_status"],
  ],
  [
    "a project",
    list({ filters: [{ field: "project", operator: "=", value: "x" }] }),
    ["seals_by_project"],
  ],
  [
    "a tag",
    list({ filters: [{ field: "tag", operator: "=", value: "x" }] }),
    ["seal_tags_by_time", "seals PRIMARY KEY"],
  ],
  ["a common metric", list({ filters: [acc] }), ["seal_metrics_by_time", "seals PRIMARY KEY"]],
  ["a rare metric", list({ filters: [rare] }), ["seals PRIMARY KEY"]],
  [
    "an order by metric",
    list({ sort: "metric.acc" }),
    ["seal_metrics_by_value", "seals PRIMARY KEY"],
  ],
  [
    "an order by metric with another metric",
    list({ sort: "metric.acc", filters: [{ field: "metric.epochs", operator: ">=", value: 0 }] }),
    ["seal_metrics_by_value", "seals PRIMARY KEY", "seal_metrics PRIMARY KEY"],
  ],
  [
    "the metrics of a seal",
    (catalog) => catalog.metrics(sealRecord(1).seal, { tenant }),
    ["seals_by_seal", "seal_metrics PRIMARY KEY", "metric_names PRIMARY KEY"],
  ],
  [
    "children",
    (catalog) => catalog.children(sealRecord(1).artifact_id, { tenant }),
    ["seal_parents_by_artifact", "seals PRIMARY KEY"],
  ],
  ["a prefix of a seal", (catalog) => catalog.resolve("ffff0000", { tenant }), ["seals_by_seal"]],
  ["a prefix of a run id", (catalog) => catalog.resolve("zzzz", { tenant }), ["seals_by_run"]],
  ["output paths", (catalog) => catalog.outputPaths("w"), ["workspace_outputs PRIMARY KEY"]],
];

test.for(plans)("%s is read from its index", async ([, ask, expected]) => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "store.db");
  await using writer = await openSqliteCatalog(file);
  await writer.addSeals(randomRecords(1500, 1));
  const asked: { sql: string; parameters: readonly unknown[] }[] = [];
  const database = watched(new Database(file), asked);
  const release = async () => {};
  await using catalog = createSqliteCatalog(database, {
    location: file,
    storage: "wal",
    busyTimeoutMs: 9,
    release,
  });

  await ask(catalog);

  const { sql = "", parameters = [] } = asked.at(-1) ?? {};
  const explain = database.prepare(`EXPLAIN QUERY PLAN ${sql}`);
  const steps = explain.all(parameters) as { detail: string }[];
  expect(steps.flatMap(({ detail }) => indexOf(detail))).toEqual(expected);
});

function indexOf(detail: string): string[] {
  const match =
    /^(SEARCH|SCAN) (\S+)(?: EXISTS)?(?: USING (?:COVERING )?(?:INDEX (\S+)|(?:INTEGER )?(PRIMARY KEY)))?/.exec(
      detail,
    );
  if (match === null) return [];
  const [, how, table, index, key] = match;
  if (how === "SCAN") return [`${detail}!`];
  return [index ?? `${table === "wanted" ? "seal_metrics" : table} ${key}`];
}

/** The database, which also tells what it is asked. */
function watched(
  database: Database.Database,
  asked: { sql: string; parameters: readonly unknown[] }[],
): Database.Database {
  const prepare = database.prepare.bind(database);
  const watching = (sql: string) => {
    const statement = prepare(sql);
    const all = statement.all.bind(statement);
    return Object.assign(statement, {
      all(parameters: readonly unknown[]) {
        asked.push({ sql, parameters });
        return all(parameters);
      },
    });
  };
  return Object.assign(database, { prepare: watching as typeof database.prepare });
}
