// The catalog alone, in this process: inserting, listing, filtering, looking up, lineage.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { median } from "./measure.mjs";

const catalogModule = new URL("../packages/catalog/dist/index.js", import.meta.url).href;

/** Records of one transaction, about as a rebuild of the catalog writes them. */
const recordsPerCall = 1000;
/** What is added to the filled catalog, as an import of many runs does. */
const laterCount = 5000;
const metricsPerRun = 10;
const tenant = "local";

/** @returns `[{ name, value, unit }]` */
export async function measureCatalog(folder, runCount, say) {
  const { openSqliteCatalog } = await import(catalogModule);
  const catalog = await openSqliteCatalog(join(folder, "store.db"));
  const results = [];
  const add = (name, value, unit) => {
    results.push({ name, value, unit });
    say(`catalog: ${name}: ${value.toPrecision(3)} ${unit}`);
  };
  try {
    const timed = async (name, act) => {
      const times = [];
      for (let round = 0; round < 20; round += 1) {
        const begun = performance.now();
        await act(round);
        times.push(performance.now() - begun);
      }
      add(name, median(times), "ms");
      add(`${name}, slowest of 20`, Math.max(...times), "ms");
    };
    let made = 0; // Making up the records is no work of the catalog.
    const insert = async (first, end) => {
      for (let from = first; from < end; from += recordsPerCall) {
        const begun = performance.now();
        const count = Math.min(recordsPerCall, end - from);
        const records = Array.from({ length: count }, (_, index) => record(from + index));
        made += performance.now() - begun;
        await catalog.addSeals(records);
        if (from % 100_000 === 0) say(`catalog: ${from.toLocaleString("en")} runs`);
      }
    };
    const rates = async (name, count, act) => {
      const start = performance.now();
      made = 0;
      await act();
      const took = (performance.now() - start - made) / 1000;
      add(`${name}: runs`, count / took, "per s");
      add(`${name}: rows (run and its metrics)`, (count * (1 + metricsPerRun)) / took, "per s");
    };
    await rates("rebuild", runCount, () => catalog.fill(() => insert(0, runCount)));
    await rates("insert after it", laterCount, () => insert(runCount, runCount + laterCount));
    await timed("insert of one run after it", (round) =>
      catalog.addSeals([record(runCount + laterCount + round)]),
    );

    const newest = { tenant, sort: "created_at", order: "desc", limit: 50 };
    await timed("page of 50, newest first", () => catalog.listRuns(newest));
    const { next } = await catalog.listRuns(newest);
    await timed("the page after it", () => catalog.listRuns({ ...newest, after: next }));
    const best = [{ field: "metric.m3", operator: "<", value: 0.01 }];
    await timed("page filtered by a metric", () => catalog.listRuns({ ...newest, filters: best }));
    await timed("page sorted by a metric", () =>
      catalog.listRuns({ tenant, sort: "metric.m3", order: "asc", limit: 50 }),
    );
    await timed("run by a prefix of 8 characters", (round) =>
      catalog.resolve(hex(`run ${(round * 7919) % runCount}`).slice(0, 8), { tenant }),
    );
    await timed("lineage of 50 generations", async () => {
      let parent = digest("artifact 0");
      for (let depth = 0; depth < 50; depth += 1) {
        const [child] = await catalog.children(parent, { tenant });
        if (child === undefined) break;
        parent = child.artifact_id;
      }
    });
  } finally {
    await catalog[Symbol.asyncDispose]();
  }
  add("peak memory of this process", process.resourceUsage().maxRSS / 1024, "MiB");
  return results;
}

function record(number) {
  const id = hex(`run ${number}`);
  // Chains of 100 generations.
  const parents =
    number % 100 === 0
      ? []
      : [{ artifact_id: digest(`artifact ${number - 1}`), relationship: "derived_from" }];
  return {
    run_id: `${id.slice(0, 8)}-${id.slice(8, 12)}-4${id.slice(13, 16)}-8${id.slice(17, 20)}-${id.slice(20, 32)}`,
    artifact_id: digest(`artifact ${number}`),
    seal: digest(`seal ${number}`),
    input_key: digest(`input ${number % 1000}`),
    result_key: digest(`result ${number}`),
    env_key: digest("environment"),
    type: "run",
    status: number % 17 === 0 ? "failed" : "finished",
    exit_code: number % 17 === 0 ? 1 : 0,
    signal: null,
    pass_fail: null,
    name: `run ${number}`,
    project: `project ${number % 20}`,
    family: `family ${number % 5}`,
    tags: number % 50 === 0 ? ["kept"] : [],
    title: null,
    created_at: new Date(Date.UTC(2026, 0, 1) + number * 1000).toISOString(),
    started_at: null,
    ended_at: null,
    duration_ms: number % 100_000,
    tenant,
    user: "bench",
    host: "bench",
    seed: number,
    command: ["python3", "train.py"],
    files: 12,
    bytes: 100_000,
    manifest_size: 8_000,
    parents,
    workspace: null,
    output_paths: [],
    metrics: Array.from({ length: metricsPerRun }, (_, index) => ({
      name: `m${index}`,
      value: ((number * (index + 3) * 7919) % 100_003) / 100_003,
      context: false,
    })),
  };
}

function hex(text) {
  return createHash("sha256").update(text).digest("hex");
}

function digest(text) {
  return `sha256:${hex(text)}`;
}
