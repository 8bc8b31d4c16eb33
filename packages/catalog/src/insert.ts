import { setImmediate as nextTurn } from "node:timers/promises";
import type { OperationOptions, SealRecord } from "@reseal/store";
import type { CompiledQuery, Insertable } from "kysely";
import { withoutAlgorithm } from "./digests.ts";
import type { SqlFlavour } from "./flavour.ts";
import { sealOrder, toSealsRow, toStoredValue } from "./rows.ts";
import type { CatalogDatabase, CatalogTables } from "./tables.ts";

const recordsPerTurn = 256;

/**
 * Insert what is not there yet, inside the caller's transaction.
 * @returns how many seals that were.
 */
export async function insertSeals(
  transaction: CatalogDatabase,
  flavour: SqlFlavour,
  records: readonly SealRecord[],
  { signal }: OperationOptions,
): Promise<number> {
  const inserter = new Inserter(transaction, flavour);
  let count = 0;
  for (let start = 0; start < records.length; start += recordsPerTurn) {
    if (start > 0) await nextTurn(); // A large first import must not stop the process.
    signal?.throwIfAborted();
    count += await inserter.add(records.slice(start, start + recordsPerTurn));
  }
  return count;
}

interface AddedSeal {
  readonly record: SealRecord;
  readonly id: number;
  readonly order: number;
}

class Inserter {
  readonly #db: CatalogDatabase;
  readonly #flavour: SqlFlavour;
  readonly #compiled = new Map<string, CompiledQuery>();
  readonly #nameIds = new Map<string, number>();

  constructor(db: CatalogDatabase, flavour: SqlFlavour) {
    this.#db = db;
    this.#flavour = flavour;
  }

  async add(records: readonly SealRecord[]): Promise<number> {
    const ids = await this.#insert("seals", records.map(toSealsRow));
    const added: AddedSeal[] = [];
    for (const [index, record] of records.entries()) {
      const id = ids[index];
      if (id !== undefined) added.push({ record, id, order: sealOrder(record.seal) });
    }
    await this.#addMetrics(added);
    await this.#addTags(added);
    await this.#addParents(added);
    await this.#addOutputs(added);
    return added.length;
  }

  async #addMetrics(seals: readonly AddedSeal[]): Promise<void> {
    const rows: Insertable<CatalogTables["seal_metrics"]>[] = [];
    for (const { record, id, order } of seals) {
      for (const metric of record.metrics) {
        const known = this.#nameIds.get(nameKey(record.tenant, metric.name));
        rows.push({
          seal_id: id,
          name_id: known ?? (await this.#addName(record.tenant, metric.name)),
          value: toStoredValue(metric.value),
          context: metric.context ? 1 : 0,
          created_at: record.created_at,
          seal_order: order,
        });
      }
    }
    await this.#insert("seal_metrics", rows);
  }

  async #addName(tenant: string, name: string): Promise<number> {
    await this.#insert("metric_names", [{ tenant, name }]);
    const { id } = await this.#db
      .selectFrom("metric_names")
      .select("id")
      .where("tenant", "=", tenant)
      .where("name", "=", name)
      .executeTakeFirstOrThrow();
    this.#nameIds.set(nameKey(tenant, name), id);
    return id;
  }

  async #addTags(seals: readonly AddedSeal[]): Promise<void> {
    const rows = seals.flatMap(({ record: { tenant, tags, created_at }, id, order }) =>
      tags.map((tag) => ({ seal_id: id, tenant, tag, created_at, seal_order: order })),
    );
    await this.#insert("seal_tags", rows);
  }

  async #addParents(seals: readonly AddedSeal[]): Promise<void> {
    const rows = seals.flatMap(({ record: { tenant, parents }, id }) =>
      parents.map(({ artifact_id }) => ({
        seal_id: id,
        tenant,
        artifact_id: withoutAlgorithm(artifact_id),
      })),
    );
    await this.#insert("seal_parents", rows);
  }

  async #addOutputs(seals: readonly AddedSeal[]): Promise<void> {
    const rows = seals.flatMap(({ record: { workspace, output_paths } }) =>
      workspace === null ? [] : output_paths.map((path) => ({ workspace, path })),
    );
    await this.#insert("workspace_outputs", rows);
  }

  /** Insert rows that all have the same columns in the same order; leave out those there. */
  async #insert<Table extends keyof CatalogTables>(
    table: Table,
    rows: readonly Insertable<CatalogTables[Table]>[],
  ): Promise<readonly (number | undefined)[]> {
    const [first] = rows;
    if (first === undefined) return [];
    let insert = this.#compiled.get(table);
    if (insert === undefined) {
      const builder = this.#db.insertInto<keyof CatalogTables>(table).values(first);
      insert = builder.onConflict((conflict) => conflict.doNothing()).compile();
      this.#compiled.set(table, insert);
    }
    return this.#flavour.insertEach(insert, rows.map(Object.values));
  }
}

function nameKey(tenant: string, name: string): string {
  return `${tenant}\n${name}`;
}
