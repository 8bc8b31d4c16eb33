import { setImmediate as nextTurn } from "node:timers/promises";
import type { OperationOptions, SealRecord } from "@reseal/store";
import { withoutAlgorithm } from "./digests.ts";
import { InsertPlan } from "./insert-plan.ts";
import { sealOrder, toSealsRow, toStoredValue } from "./rows.ts";
import type { CatalogDatabase } from "./tables.ts";

const recordsPerTurn = 512;

/** Insert what is not there yet, inside the caller's transaction. */
export async function insertSeals(
  transaction: CatalogDatabase,
  records: readonly SealRecord[],
  { signal }: OperationOptions,
): Promise<void> {
  const insert = new Inserter(transaction);
  for (let start = 0; start < records.length; start += recordsPerTurn) {
    if (start > 0) await nextTurn(); // A large first import must not stop the process.
    signal?.throwIfAborted();
    await insert.add(records.slice(start, start + recordsPerTurn));
  }
}

class Inserter {
  readonly #db: CatalogDatabase;
  readonly #plan: InsertPlan;
  readonly #nameIds = new Map<string, number>();

  constructor(db: CatalogDatabase) {
    this.#db = db;
    this.#plan = new InsertPlan(db);
  }

  async add(records: readonly SealRecord[]): Promise<void> {
    const fresh = await this.#addSeals(records);
    if (fresh.length === 0) return;
    await this.#addMetrics(fresh);
    await this.#addLists(fresh);
  }

  /** The records that were not there, each once, with their row's id. */
  async #addSeals(records: readonly SealRecord[]): Promise<readonly AddedSeal[]> {
    const rows = await this.#plan.seals(records.map(toSealsRow));
    const ids = new Map(rows.map((row) => [`${row.seal} ${row.tenant}`, row.id]));
    const added: AddedSeal[] = [];
    for (const record of records) {
      const hex = withoutAlgorithm(record.seal);
      const id = ids.get(`${hex} ${record.tenant}`);
      if (id === undefined) continue;
      ids.delete(`${hex} ${record.tenant}`); // The same seal twice in one call is one row.
      added.push({ record, id, order: sealOrder(hex) });
    }
    return added;
  }

  async #addMetrics(seals: readonly AddedSeal[]): Promise<void> {
    const rows = [];
    for (const { record, id, order } of seals) {
      for (const metric of record.metrics) {
        rows.push({
          seal_id: id,
          name_id: await this.#nameId(record.tenant, metric.name),
          value: toStoredValue(metric.value),
          context: metric.context ? 1 : 0,
          created_at: record.created_at,
          seal_order: order,
        });
      }
    }
    await this.#plan.ignoring("seal_metrics", rows);
  }

  async #addLists(seals: readonly AddedSeal[]): Promise<void> {
    const tags = seals.flatMap(({ record: { tenant, tags, created_at }, id, order }) =>
      tags.map((tag) => ({ seal_id: id, tenant, tag, created_at, seal_order: order })),
    );
    const parents = seals.flatMap(({ record: { tenant, parents }, id }) =>
      parents.map((parent) => ({
        seal_id: id,
        tenant,
        artifact_id: withoutAlgorithm(parent.artifact_id),
      })),
    );
    const outputs = seals.flatMap(({ record: { workspace, output_paths } }) =>
      workspace === null ? [] : output_paths.map((path) => ({ workspace, path })),
    );
    await this.#plan.ignoring("seal_tags", tags);
    await this.#plan.ignoring("seal_parents", parents);
    await this.#plan.ignoring("workspace_outputs", outputs);
  }

  async #nameId(tenant: string, name: string): Promise<number> {
    const key = JSON.stringify([tenant, name]);
    const known = this.#nameIds.get(key);
    if (known !== undefined) return known;
    await this.#db
      .insertInto("metric_names")
      .values({ tenant, name })
      .onConflict((conflict) => conflict.columns(["tenant", "name"]).doNothing())
      .execute();
    const { id } = await this.#db
      .selectFrom("metric_names")
      .select("id")
      .where("tenant", "=", tenant)
      .where("name", "=", name)
      .executeTakeFirstOrThrow();
    this.#nameIds.set(key, id);
    return id;
  }
}

interface AddedSeal {
  readonly record: SealRecord;
  readonly id: number;
  readonly order: number;
}
