import { strict as assert } from "node:assert";
import type { Catalog, RunFilter, RunQuery, SealRecord } from "../catalog.ts";
import type { CatalogCase } from "./catalog-cases.ts";
import { rejectsWith } from "./expectations.ts";
import { sealRecord } from "./seal-record.ts";

const tenant = "default";

export const listCases: readonly CatalogCase[] = [
  {
    name: "lists the newest first, 50 at most, when nothing else is said",
    law: "ordered",
    needs: [],
    async run(catalog) {
      await catalog.addSeals(numbered(60));

      const { items, next } = await catalog.listRuns({ tenant });

      assert.deepEqual(
        items.map(({ name }) => name),
        Array.from({ length: 50 }, (_, index) => `run ${59 - index}`),
      );
      assert.equal(typeof next, "string");
    },
  },
  ...(["asc", "desc"] as const).flatMap((order) =>
    ["created_at", "exit_code", "metric.loss", "name", "seed", "family"].map(
      (sort): CatalogCase => ({
        name: `pages by ${sort} ${order} without loss or repeat, whatever the page size`,
        law: "ordered",
        needs: [],
        async run(catalog) {
          // Many ties and many absent values: only the seal tells those rows apart.
          const records = Array.from({ length: 40 }, (_, number) =>
            sealRecord(number, {
              created_at: `2026-01-01T00:00:0${number % 3}.000Z`,
              name: number % 2 === 0 ? null : `name ${number % 5}`,
              exit_code: number % 4 === 0 ? null : number % 3,
              seed: number % 4 === 1 ? null : number % 7,
              metrics:
                number % 3 === 0 ? [] : [{ name: "loss", value: number % 4, context: false }],
            }),
          );
          await catalog.addSeals(records);

          const whole = await allSeals(catalog, { tenant, sort, order, limit: 1000 });
          assert.equal(new Set(whole).size, 40);
          for (const limit of [1, 7, 20, 40]) {
            assert.deepEqual(await allSeals(catalog, { tenant, sort, order, limit }), whole);
          }
        },
      }),
    ),
  ),
  {
    name: "neither loses nor repeats a row when others are added between two pages",
    law: "ordered",
    needs: [],
    async run(catalog) {
      await catalog.addSeals([10, 20, 30, 40].map((number) => sealRecord(number)));
      const first = await catalog.listRuns({ tenant, order: "asc", limit: 2 });
      await catalog.addSeals([5, 15, 25, 50].map((number) => sealRecord(number)));

      const rest = await allNames(catalog, { tenant, order: "asc", after: first.next ?? "" });

      assert.deepEqual(rest, ["run 25", "run 30", "run 40", "run 50"]);
    },
  },
  {
    name: "ends a list with no cursor, also when the last page is full",
    law: "ordered",
    needs: [],
    async run(catalog) {
      await catalog.addSeals(numbered(4));

      const first = await catalog.listRuns({ tenant, limit: 2 });
      const last = await catalog.listRuns({ tenant, limit: 2, after: first.next ?? "" });

      assert.equal(last.items.length, 2);
      assert.equal(last.next, null);
    },
  },
  {
    name: "refuses a cursor that it did not give, or gave for another query",
    law: "ordered",
    needs: [],
    async run(catalog) {
      await catalog.addSeals(numbered(4));
      const after = (await catalog.listRuns({ tenant, limit: 1 })).next ?? "";
      const filters: RunFilter[] = [{ field: "exit_code", operator: "=", value: 0 }];
      const wrong: RunQuery[] = [
        ...["", "x", "bm90IGEgY3Vyc29y", `${after}x`, "[]"].map((text) => ({
          tenant,
          after: text,
        })),
        { tenant, after, order: "asc" },
        { tenant, after, sort: "name" },
        { tenant, after, filters },
        { tenant: "other", after },
      ];

      for (const query of wrong) await rejectsWith(catalog.listRuns(query), "CURSOR_INVALID");
    },
  },
  {
    name: "sorts numbers as numbers and puts absent values last in both orders",
    law: "sort",
    needs: [],
    async run(catalog) {
      const losses = [10, 9, "NaN", 1e-3, undefined, "Infinity", -2, "-Infinity"];
      await catalog.addSeals(
        losses.map((value, number) =>
          sealRecord(number, {
            name: value === undefined ? "none" : String(value),
            metrics: value === undefined ? [] : [{ name: "loss", value, context: false }],
          }),
        ),
      );
      const ascending = ["-Infinity", "-2", "0.001", "9", "10", "Infinity"];

      const up = await allNames(catalog, { tenant, sort: "metric.loss", order: "asc" });
      const down = await allNames(catalog, { tenant, sort: "metric.loss", order: "desc" });

      assert.deepEqual(up.slice(0, 6), ascending);
      assert.deepEqual(down.slice(0, 6), ascending.toReversed());
      for (const names of [up, down]) assert.deepEqual(names.slice(6).sort(), ["NaN", "none"]);
    },
  },
  {
    name: "sorts seeds by their number, also beyond 2^53, and text by its UTF-8 bytes",
    law: "sort",
    needs: [],
    async run(catalog) {
      const seeds = [10, 9, "90071992547409930", "90071992547409929", 0];
      await catalog.addSeals(
        seeds.map((seed, number) =>
          sealRecord(number, {
            seed,
            name: ["b", "B", "\uff5e", "\u{1f600}", "a"][number] ?? null,
          }),
        ),
      );

      const bySeed = await catalog.listRuns({ tenant, sort: "seed", order: "asc" });
      const byName = await allNames(catalog, { tenant, sort: "name", order: "asc" });

      assert.deepEqual(
        bySeed.items.map(({ seed }) => seed),
        [0, 9, 10, "90071992547409929", "90071992547409930"],
      );
      assert.deepEqual(byName, ["B", "a", "b", "\uff5e", "\u{1f600}"]);
    },
  },
  {
    name: "filters by columns, tags, parents and metrics",
    law: "filter",
    needs: [],
    async run(catalog) {
      await catalog.addSeals(filterRecords);

      for (const [field, operator, value, expected] of filterTable) {
        const filters: RunFilter[] = [{ field, operator, value }];
        const names = await allNames(catalog, { tenant, filters, order: "asc" });
        assert.deepEqual(names.join(""), expected, `${field} ${operator} ${value}`);
      }
    },
  },
  {
    name: "wants all filters to hold",
    law: "filter",
    needs: [],
    async run(catalog) {
      await catalog.addSeals(filterRecords);
      const filters: RunFilter[] = [
        { field: "metric.loss", operator: "<", value: 100 },
        { field: "metric.accuracy", operator: ">", value: 0.5 },
        { field: "tag", operator: "=", value: "good" },
      ];

      assert.deepEqual(await allNames(catalog, { tenant, filters }), ["a"]);
    },
  },
  {
    name: "refuses fields, operators, values, sorts and limits that it does not know",
    law: "filter",
    needs: [],
    async run(catalog) {
      await catalog.addSeals([sealRecord(1)]);
      const filters = [
        ["nonsense", "=", "x"],
        ["metric.", "=", 1],
        ["constructor", "=", "x"],
        ["name; drop table runs", "=", "x"],
        ["name", "like", "x"],
        ["files", ">", "many"],
        ["metric.loss", "<", ""],
        ["files", "~", "1"],
        ["tag", "<", "a"],
      ] as unknown as [string, RunFilter["operator"], string][];
      const wrong = [
        ...filters.map(([field, operator, value]) => ({ filters: [{ field, operator, value }] })),
        { sort: "nonsense" },
        { sort: "tags" },
        { order: "up" as "asc" },
        ...[0, -1, 1.5, 10_001, Number.NaN].map((limit) => ({ limit })),
      ];

      for (const query of wrong) {
        await rejectsWith(catalog.listRuns({ tenant, ...query }), "FILTER_INVALID");
      }
      assert.equal((await catalog.listRuns({ tenant, limit: 10_000 })).items.length, 1);
    },
  },
];

const parent = sealRecord(100).artifact_id;

const filterRecords: readonly SealRecord[] = [
  sealRecord(1, {
    name: "a",
    project: "Train 100%",
    tags: ["good", "x_y"],
    exit_code: 2,
    seed: 7,
    command: ["python", "train.py"],
    metrics: [
      { name: "loss", value: 9, context: false },
      { name: "accuracy", value: 0.75, context: false },
    ],
  }),
  sealRecord(2, {
    name: "b",
    project: "train",
    tags: ["good"],
    exit_code: 10,
    seed: "90071992547409930",
    parents: [{ artifact_id: parent, relationship: "derived_from" }],
    metrics: [
      { name: "loss", value: "Infinity", context: false },
      { name: "accuracy", value: "NaN", context: true },
    ],
  }),
  sealRecord(3, {
    name: "c",
    tags: ["xay"],
    exit_code: null,
    metrics: [{ name: "loss", value: 10, context: false }],
  }),
];

const filterTable: readonly (readonly [string, RunFilter["operator"], string | number, string])[] =
  [
    ["name", "=", "a", "a"],
    ["name", "=", "A", ""],
    ["name", "!=", "a", "bc"],
    ["name", ">=", "b", "bc"],
    ["name", "<", "b", "a"],
    ["status", "=", "finished", "abc"],
    ["seal", "=", sealRecord(2).seal, "b"],
    ["artifact_id", "=", sealRecord(3).artifact_id, "c"],
    // Text is searched letter for letter; nothing in it is a pattern.
    ["project", "~", "rain", "ab"],
    ["project", "~", "Train", "a"],
    ["project", "~", "0%", "a"],
    ["project", "~", "_", ""],
    ["project", "~", "*", ""],
    ["command", "~", "python train", "a"],
    // An absent value compares with nothing.
    ["project", "!=", "train", "a"],
    ["exit_code", "!=", 2, "b"],
    // Numbers compare as numbers, also when the filter's value is their text.
    ["exit_code", "<", 9, "a"],
    ["exit_code", ">", "9", "b"],
    ["exit_code", "=", "2.0", "a"],
    ["seed", "=", 7, "a"],
    ["seed", "=", "7", "a"],
    ["seed", "=", "90071992547409930", "b"],
    ["seed", "=", "90071992547409931", ""],
    ["seed", ">", 8, "b"],
    ["metric.loss", "<", 10, "a"],
    ["metric.loss", ">=", "10", "bc"],
    ["metric.loss", "=", "Infinity", "b"],
    ["metric.loss", "!=", 10, "ab"],
    ["metric.accuracy", ">", 0, "a"],
    ["metric.accuracy", "=", "NaN", "b"],
    ["metric.unknown", "=", 0, ""],
    ["metric.unknown", "!=", 0, ""],
    ["tag", "=", "good", "ab"],
    ["tag", "!=", "good", "c"],
    ["tag", "=", "x_y", "a"],
    ["tag", "~", "oo", "ab"],
    ["parent", "=", parent, "b"],
    ["parent", "!=", parent, "ac"],
  ];

function numbered(count: number): SealRecord[] {
  return Array.from({ length: count }, (_, number) => sealRecord(number));
}

async function allNames(catalog: Catalog, query: RunQuery): Promise<(string | null)[]> {
  return (await catalog.listRuns(query)).items.map(({ name }) => name);
}

async function allSeals(catalog: Catalog, query: RunQuery): Promise<string[]> {
  const seals: string[] = [];
  let after: string | undefined;
  do {
    const page = await catalog.listRuns({ ...query, after });
    assert(page.items.length <= (query.limit ?? 50));
    seals.push(...page.items.map(({ seal }) => seal));
    after = page.next ?? undefined;
  } while (after !== undefined);
  return seals;
}
