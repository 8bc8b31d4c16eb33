import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createMemoryCatalog, type RunQuery, type SealRecord } from "@reseal/store";
import { catalogCases, sealRecord } from "@reseal/store/conformance";
import Database from "better-sqlite3";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rejection, temporaryFolder } from "../test/harness.ts";
import { randomRecords } from "../test/records.ts";
import { openSqliteCatalog } from "./index.ts";
import { openToWrite } from "./open-sqlite.ts";
import { fillDatabase } from "./sqlite-fill.ts";

test.for(catalogCases)("SQLite catalog: $name", async ({ run }) => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "store.db");
  await using catalog = await openSqliteCatalog(file);

  await run(catalog, { reopen: () => openSqliteCatalog(file) });
});

describe("lists", () => {
  test("answer as a plain search through all rows does, page by page", async () => {
    await using folder = await temporaryFolder();
    await using catalog = await openSqliteCatalog(join(folder.path, "store.db"));
    await using plain = createMemoryCatalog();
    const records = randomRecords(10_000, 7);
    await catalog.addSeals(records);
    await plain.addSeals(records);

    await fc.assert(
      fc.asyncProperty(queries(records), async (query) => {
        const expected = (await plain.listRuns({ ...query, limit: 10_000 })).items;
        const found = [];
        let after: string | undefined;
        do {
          const page = await catalog.listRuns({ ...query, after });
          expect(page.items.length).toBeLessThanOrEqual(query.limit ?? 50);
          found.push(...page.items);
          after = page.next ?? undefined;
        } while (after !== undefined);
        expect(found).toEqual(expected);
      }),
      { numRuns: 60, seed: 20261121 },
    );
  }, 120_000);

  test("name the field that was probably meant", async () => {
    await using folder = await temporaryFolder();
    await using catalog = await openSqliteCatalog(join(folder.path, "store.db"));
    const filters = [{ field: "statsu", operator: "=", value: "failed" }] as const;

    const error = await rejection(
      catalog.listRuns({ tenant: "default", filters }),
      "CATALOG_FILTER_INVALID",
    );

    expect(error).toMatchObject({
      message: 'There is no field "statsu". Did you mean status?',
      exitCode: 2,
      details: { did_you_mean: ["status"], fields: expect.arrayContaining(["metric.<name>"]) },
    });
  });

  test("take no cursor with an impossible position", async () => {
    await using folder = await temporaryFolder();
    await using catalog = await openSqliteCatalog(join(folder.path, "store.db"));
    await catalog.addSeals([1, 2, 3].map((number) => sealRecord(number)));
    const query = { tenant: "default", sort: "bytes", limit: 1 };
    const after = (await catalog.listRuns(query)).next ?? "";
    const [binding, , seal] = JSON.parse(Buffer.from(after, "base64url").toString()) as string[];
    const forged = [
      [binding, "text", seal],
      [binding, null, seal],
      [binding, ["NaN"], seal],
      [binding, ["1"], "x' or 1"],
      [binding, ["1"], seal, 1],
    ];

    for (const parts of forged) {
      const cursor = Buffer.from(JSON.stringify(parts)).toString("base64url");
      await rejection(catalog.listRuns({ ...query, after: cursor }), "CATALOG_CURSOR_INVALID");
    }
  });
});

test("a deleted file, filled again in another order, gives the same answers", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "store.db");
  const records = randomRecords(300, 3);
  const answers = async () => {
    await using catalog = await openSqliteCatalog(file);
    const query = { tenant: "default", limit: 10_000 };
    return {
      lists: await Promise.all(
        ["created_at", "metric.loss", "name"].map((sort) => catalog.listRuns({ ...query, sort })),
      ),
      metrics: await catalog.metrics(records[5]?.seal ?? "sha256:", query),
      children: await catalog.children(records[5]?.artifact_id ?? "sha256:", query),
      outputs: await catalog.outputPaths("here"),
    };
  };
  const fill = async (some: readonly SealRecord[]) => {
    await using catalog = await openSqliteCatalog(file);
    await catalog.addSeals(some);
  };

  await fill(records);
  const before = await answers();
  await rm(file);
  await fill(records.toReversed());

  expect(await answers()).toEqual(before);
});

test("closing twice is closing once", async () => {
  await using folder = await temporaryFolder();
  const catalog = await openSqliteCatalog(join(folder.path, "store.db"));

  await catalog[Symbol.asyncDispose]();
  await catalog[Symbol.asyncDispose]();

  await expect(catalog.journalOffset()).rejects.toThrow();
});

function queries(records: readonly SealRecord[]): fc.Arbitrary<RunQuery> {
  const one = fc.constantFrom(...records.slice(0, 50));
  const filter = fc.oneof(
    comparison(["metric.acc", "metric.epochs", "metric.loss"], fc.constantFrom(0.5, 0, 1, 0.99, 2)),
    comparison(["metric.loss"], fc.constantFrom("NaN", "Infinity", "-Infinity")),
    comparison(
      ["exit_code", "duration_ms", "bytes", "files"],
      fc.constantFrom(0, 1, 5.5, "1", 5e5),
    ),
    comparison(["seed"], fc.constantFrom(7, "42", "123456789012345678901234567890")),
    comparison(["name", "project", "status"], fc.constantFrom("train", "failed", "alpha", "a_b")),
    comparison(
      ["created_at"],
      one.map((record) => record.created_at),
    ),
    comparison(
      ["seal", "artifact_id", "result_key"],
      one.map((record) => record.artifact_id),
    ),
    fc.record({
      field: fc.constantFrom("tag", "tags"),
      operator: fc.constantFrom("=" as const, "!=" as const, "~" as const),
      value: fc.constantFrom("red", "x", "100%", "e"),
    }),
    fc.record({
      field: fc.constantFrom("parent", "parents"),
      operator: fc.constantFrom("=" as const, "!=" as const),
      value: one.map((record) => record.artifact_id),
    }),
    fc.record({
      field: fc.constantFrom("name", "command", "status", "seal", "run_id"),
      operator: fc.constant("~" as const),
      value: fc.constantFrom("a", "%", "_", "größe", "python train", "00", "RAI"),
    }),
  );
  return fc.record({
    tenant: fc.constant("default"),
    filters: fc.array(filter, { maxLength: 3 }),
    sort: fc.constantFrom(
      ...["created_at", "metric.acc", "metric.epochs", "metric.loss", "metric.none", "name"],
      ...["duration_ms", "seed", "seal", "status", "result_key", "bytes", "tenant", "command"],
    ),
    order: fc.constantFrom("asc" as const, "desc" as const),
    limit: fc.constantFrom(97, 800, 10_000),
  });
}

function comparison(fields: readonly string[], value: fc.Arbitrary<string | number>) {
  return fc.record({
    field: fc.constantFrom(...fields),
    operator: fc.constantFrom("=", "!=", "<", "<=", ">", ">=") as fc.Arbitrary<"=" | "<">,
    value,
  });
}

describe("a filled catalog", () => {
  test("is the one that the same seals make without filling", async () => {
    await using folder = await temporaryFolder();
    const files = ["filled.db", "added.db"].map((name) => join(folder.path, name));
    const [filled, added] = await Promise.all(files.map((file) => openSqliteCatalog(file)));
    if (filled === undefined || added === undefined) throw new Error("Two files were opened.");
    const records = randomRecords(2000, 3);
    const counts = await filled.fill(async () => [
      await filled.addSeals(records.slice(0, 1500)),
      await filled.addSeals(records.slice(1000)),
    ]);
    await added.addSeals(records);

    expect(counts).toEqual([1500, 500]);
    expect(await filled.problems()).toEqual([]);
    await filled[Symbol.asyncDispose]();
    await added[Symbol.asyncDispose]();
    expect(contentOf(files[0])).toEqual(contentOf(files[1]));
  });

  test("cares for a crash again afterwards, also where filling failed", async () => {
    await using folder = await temporaryFolder();
    const database = await openToWrite(join(folder.path, "store.db"), 100);
    const settings = () =>
      ["synchronous", "temp_store"].map((name) => database.pragma(name, { simple: true }));
    const before = settings();

    await expect(
      fillDatabase(database, () => Promise.reject(new Error("stop")), undefined),
    ).rejects.toThrow("stop");
    expect(settings()).toEqual(before);
    const meanwhile = await fillDatabase(database, async () => settings(), undefined);

    expect(meanwhile).toEqual([0, 1]);
    expect(settings()).toEqual(before);
    database.close();
  });

  test("can be given up between two indexes", async () => {
    await using folder = await temporaryFolder();
    await using catalog = await openSqliteCatalog(join(folder.path, "store.db"));
    const controller = new AbortController();

    const filling = catalog.fill(async () => controller.abort(new Error("enough")), {
      signal: controller.signal,
    });

    await expect(filling).rejects.toThrow("enough");
  });
});

/** Every table, row for row, and what the schema says. */
function contentOf(file = ""): unknown {
  const database = new Database(file, { readonly: true });
  const schema = database
    .prepare<[], { type: string; name: string }>("select type, name, sql from sqlite_schema")
    .all()
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const tables = schema.filter(({ type }) => type === "table");
  const rows = tables.map(({ name }) =>
    database.prepare(`select * from ${name} order by 1, 2`).all(),
  );
  database.close();
  return { schema, rows };
}
