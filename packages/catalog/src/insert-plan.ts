import type { CompiledQuery, Insertable } from "kysely";
import type { CatalogDatabase, CatalogTables, SealsTable } from "./tables.ts";

type PlainTable = "seal_metrics" | "seal_tags" | "seal_parents" | "workspace_outputs";
type SealKey = { readonly id: number; readonly seal: string; readonly tenant: string };

/** Rows of one statement; the rest goes in statements of the next smaller size. */
const batchSizes = [128, 16, 1] as const;

/**
 * Inserts of many rows. Building a statement costs more than running it, so that each is compiled
 * once for a table and a number of rows, and then only gets other parameters.
 */
export class InsertPlan {
  readonly #db: CatalogDatabase;
  readonly #compiled = new Map<string, CompiledQuery>();

  constructor(db: CatalogDatabase) {
    this.#db = db;
  }

  /** Insert rows, leaving out those whose key is there. */
  async ignoring<Table extends PlainTable>(
    table: Table,
    rows: readonly Insertable<CatalogTables[Table]>[],
  ): Promise<void> {
    for (const batch of batches(rows)) await this.#run(table, batch, undefined);
  }

  /** Insert seals, leaving out those that are there, and tell which were not. */
  async seals(rows: readonly Insertable<SealsTable>[]): Promise<readonly SealKey[]> {
    const added: SealKey[] = [];
    for (const batch of batches(rows)) {
      added.push(...(await this.#run<SealKey>("seals", batch, sealKey)));
    }
    return added;
  }

  async #run<Row>(
    table: PlainTable | "seals",
    rows: readonly object[],
    key: typeof sealKey | undefined,
  ): Promise<readonly Row[]> {
    const id = `${table} ${rows.length}`;
    const compiled = this.#compiled.get(id) ?? this.#compile(table, rows, key);
    this.#compiled.set(id, compiled);
    // Every row of a table is made by one function: same columns, same order.
    const parameters = rows.flatMap((row) => Object.values(row) as unknown[]);
    const result = await this.#db.executeQuery({ ...compiled, parameters });
    return result.rows as Row[];
  }

  #compile(
    table: PlainTable | "seals",
    rows: readonly object[],
    key: typeof sealKey | undefined,
  ): CompiledQuery {
    const insert = this.#db
      .insertInto(table)
      .values(rows as Insertable<CatalogTables[PlainTable]>[]);
    if (key === undefined) return insert.onConflict((conflict) => conflict.doNothing()).compile();
    return insert
      .onConflict((conflict) => conflict.columns([...key]).doNothing())
      .returning(["id", ...key])
      .compile();
  }
}

const sealKey = ["seal", "tenant"] as const;

function* batches<Row>(rows: readonly Row[]): Generator<readonly Row[]> {
  let start = 0;
  for (const size of batchSizes) {
    for (; rows.length - start >= size; start += size) yield rows.slice(start, start + size);
  }
}
