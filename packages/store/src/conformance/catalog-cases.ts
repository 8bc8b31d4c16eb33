import { strict as assert } from "node:assert";
import type { Catalog, SealRecord } from "../catalog.ts";
import { listCases } from "./catalog-list-cases.ts";
import { lookupCases } from "./catalog-lookup-cases.ts";
import { rejectsExactly } from "./expectations.ts";
import { sealRecord } from "./seal-record.ts";

/** A promise of {@link Catalog} that a case holds an implementation to. */
export type CatalogLaw =
  | "one transaction"
  | "durable"
  | "idempotent"
  | "apart"
  | "ordered"
  | "resolve"
  | "filter"
  | "sort"
  | "lookup"
  | "remove"
  | "abort";

/** What only the owner of an implementation can do for a case. */
export interface CatalogHarness {
  /** Open the same place again, as another process does. */
  readonly reopen?: () => Promise<Catalog>;
}

/** One thing that an empty catalog must do. Where `needs` cannot be had, leave the case out. */
export interface CatalogCase {
  /** A sentence about behaviour; unique. */
  readonly name: string;
  readonly law: CatalogLaw;
  readonly needs: readonly (keyof CatalogHarness)[];
  run(catalog: Catalog, harness?: CatalogHarness): Promise<void>;
}

const tenant = "default";

const removeCases: readonly CatalogCase[] = [
  {
    name: "takes seals out with all that belongs to them, and takes them again",
    law: "remove",
    needs: [],
    async run(catalog) {
      const [first, second] = [sealRecord(1, { tags: ["a"] }), sealRecord(2)];
      await catalog.addSeals([first, second]);

      const gone = await catalog.removeSeals([first.seal, sealRecord(3).seal], { tenant });

      assert.deepEqual(gone, [first.seal, sealRecord(3).seal]);
      assert.deepEqual(
        (await catalog.listRuns({ tenant })).items.map(({ seal }) => seal),
        [second.seal],
      );
      assert.deepEqual(await catalog.metrics(first.seal, { tenant }), []);
      await catalog.addSeals([first]);
      assert.equal((await catalog.listRuns({ tenant })).items.length, 2);
    },
  },
  {
    name: "refuses to take out what a seal that stays derives from",
    law: "remove",
    needs: [],
    async run(catalog) {
      const [old, parent] = [sealRecord(1), sealRecord(2, { parents: [parentOf(1)] })];
      const child = sealRecord(3, { parents: [parentOf(2)] });
      await catalog.addSeals([old, parent, child]);

      assert.deepEqual(await catalog.removeSeals([old.seal, parent.seal], { tenant }), []);
      const purged = await catalog.removeSeals([old.seal], { tenant, evenParents: true });
      assert.deepEqual(purged, [old.seal]);
      assert.deepEqual(await catalog.removeSeals([old.seal, parent.seal, child.seal], { tenant }), [
        old.seal,
        parent.seal,
        child.seal,
      ]);
    },
  },
  {
    name: "takes out another execution of what a seal that stays derives from",
    law: "remove",
    needs: [],
    async run(catalog) {
      const meant = sealRecord(1);
      const again = sealRecord(2, { artifact_id: meant.artifact_id });
      const child = sealRecord(3, { parents: [{ ...parentOf(1), seal: meant.seal }] });
      await catalog.addSeals([meant, again, child]);

      const gone = await catalog.removeSeals([meant.seal, again.seal], { tenant });

      assert.deepEqual(gone, [again.seal]);
    },
  },
  {
    name: "takes nothing out of another tenant",
    law: "apart",
    needs: [],
    async run(catalog) {
      const record = sealRecord(1);
      await catalog.addSeals([record]);

      await catalog.removeSeals([record.seal], { tenant: "somebody else" });

      assert.equal((await catalog.listRuns({ tenant })).items.length, 1);
    },
  },
];

function parentOf(number: number): SealRecord["parents"][number] {
  return { artifact_id: sealRecord(number).artifact_id, relationship: "derived_from" };
}

const writeCases: readonly CatalogCase[] = [
  {
    name: "gives back a record as a row with all its keys",
    law: "lookup",
    needs: [],
    async run(catalog) {
      const record = sealRecord(1, {
        title: "Zürich \u{1f40d}",
        tags: ["b", "a"],
        command: ["python", "a b.py"],
        seed: "123456789012345678901234567890",
        exit_code: -1,
        duration_ms: 12.5,
        result_key: null,
        parents: [{ artifact_id: sealRecord(2).artifact_id, relationship: "derived_from" }],
      });

      await catalog.addSeals([record]);

      const { workspace, output_paths, metrics, manifest_size, ...row } = record;
      assert.deepEqual(await catalog.listRuns({ tenant }), { items: [row], next: null });
    },
  },
  {
    name: "shows all records of a call or none while it runs",
    law: "one transaction",
    needs: [],
    async run(catalog) {
      const records = Array.from({ length: 300 }, (_, number) => sealRecord(number));
      let done = false;
      const counts = new Set<number>();
      const watch = async (): Promise<void> => {
        while (!done) {
          counts.add((await catalog.listRuns({ tenant, limit: 10_000 })).items.length);
          await new Promise((resolve) => setImmediate(resolve));
        }
      };

      const watching = watch();
      await catalog.addSeals(records);
      counts.add((await catalog.listRuns({ tenant, limit: 10_000 })).items.length);
      done = true;
      await watching;

      assert.deepEqual(
        [...counts].filter((count) => count !== 0 && count !== 300),
        [],
      );
      assert(counts.has(300));
    },
  },
  {
    name: "adds nothing of a call that fails half way, and not its journal offset",
    law: "one transaction",
    needs: [],
    async run(catalog) {
      const error = new Error("broken record");
      const broken = {
        ...sealRecord(700),
        get seal(): never {
          throw error;
        },
      };
      const records = Array.from({ length: 700 }, (_, number) => sealRecord(number));

      await assert.rejects(
        catalog.addSeals([...records, broken], { applied: { from: 0, to: 99 } }),
      );

      assert.deepEqual((await catalog.listRuns({ tenant })).items, []);
      assert.equal(await catalog.journalOffset(), 0);
      await catalog.addSeals([sealRecord(1)]);
      assert.equal((await catalog.listRuns({ tenant })).items.length, 1);
    },
  },
  {
    name: "shows rows and the journal offset to whoever opens the place next",
    law: "durable",
    needs: ["reopen"],
    async run(catalog, harness) {
      await catalog.addSeals([sealRecord(1)], { applied: { from: 0, to: 512 } });

      assert(harness?.reopen !== undefined);
      await using other = await harness.reopen();

      assert.equal((await other.listRuns({ tenant })).items.length, 1);
      assert.equal(await other.journalOffset(), 512);
    },
  },
  {
    name: "remembers how much of the journal is applied, and never goes back",
    law: "durable",
    needs: [],
    async run(catalog) {
      assert.equal(await catalog.journalOffset(), 0);
      await catalog.addSeals([sealRecord(1)], { applied: { from: 0, to: 200 } });
      await catalog.addSeals([sealRecord(2)], { applied: { from: 0, to: 100 } });
      await catalog.addSeals([sealRecord(3)]);
      assert.equal(await catalog.journalOffset(), 200);

      await catalog.addSeals([], { applied: { from: 150, to: 300 } });
      assert.equal(await catalog.journalOffset(), 300);
    },
  },
  {
    name: "does not take for applied what another writer's seals have left out before",
    law: "durable",
    needs: [],
    async run(catalog) {
      await catalog.addSeals([sealRecord(2)], { applied: { from: 100, to: 200 } });
      assert.equal(await catalog.journalOffset(), 0);

      await catalog.addSeals([sealRecord(1)], { applied: { from: 0, to: 100 } });
      assert.equal(await catalog.journalOffset(), 100);
    },
  },
  {
    name: "changes nothing when a seal is added again, in one call or in two",
    law: "idempotent",
    needs: [],
    async run(catalog) {
      const record = sealRecord(1, { metrics: [{ name: "loss", value: 1, context: false }] });
      const other = { ...record, name: "other", tags: ["new"], metrics: [] };

      assert.equal(await catalog.addSeals([record, other]), 1);
      assert.equal(await catalog.addSeals([other]), 0);

      const { items } = await catalog.listRuns({ tenant });
      assert.deepEqual(
        items.map(({ name, tags }) => ({ name, tags })),
        [{ name: "run 1", tags: [] }],
      );
      assert.equal((await catalog.metrics(record.seal, { tenant })).length, 1);
      const tagged = { tenant, filters: [{ field: "tag", operator: "=", value: "new" }] } as const;
      assert.deepEqual((await catalog.listRuns(tagged)).items, []);
    },
  },
  {
    name: "keeps several seals of one run and of one artifact",
    law: "idempotent",
    needs: [],
    async run(catalog) {
      const first = sealRecord(1);
      const { run_id, artifact_id } = first;

      const seals = [first, sealRecord(2, { run_id }), sealRecord(3, { artifact_id })];
      assert.equal(await catalog.addSeals(seals), 3);

      assert.equal((await catalog.listRuns({ tenant })).items.length, 3);
    },
  },
  {
    name: "adds the same seals from two sides at once",
    law: "idempotent",
    needs: [],
    async run(catalog) {
      const records = Array.from({ length: 40 }, (_, number) => sealRecord(number));

      await Promise.all([catalog.addSeals(records), catalog.addSeals(records.toReversed())]);

      assert.equal((await catalog.listRuns({ tenant, limit: 100 })).items.length, 40);
    },
  },
  {
    name: "does nothing when aborted before the start",
    law: "abort",
    needs: [],
    async run(catalog) {
      const signal = AbortSignal.abort();
      const record = sealRecord(1);
      const operations = [
        () => catalog.addSeals([record], { signal }),
        () => catalog.journalOffset({ signal }),
        () => catalog.resolve(record.run_id, { tenant, signal }),
        () => catalog.listRuns({ tenant, signal }),
        () => catalog.metrics(record.seal, { tenant, signal }),
        () => catalog.children(record.artifact_id, { tenant, signal }),
        () => catalog.outputPaths("w", { signal }),
      ];

      for (const operation of operations) await rejectsExactly(operation(), signal.reason);

      assert.deepEqual((await catalog.listRuns({ tenant })).items, []);
    },
  },
];

/** The laws of {@link Catalog} as data. Each case wants an empty catalog and leaves rows. */
export const catalogCases: readonly CatalogCase[] = [
  ...writeCases,
  ...removeCases,
  ...lookupCases,
  ...listCases,
];
