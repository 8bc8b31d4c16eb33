import type { Digest } from "@reseal/hash";
import type {
  AddSealsOptions,
  Catalog,
  JournalSpan,
  MetricValue,
  OperationOptions,
  RemoveSealsOptions,
  RunPage,
  RunQuery,
  RunRow,
  SealRecord,
} from "@reseal/store";
import { withoutAlgorithm } from "./digests.ts";
import type { SqlFlavour } from "./flavour.ts";
import { insertSeals } from "./insert.ts";
import { listRuns } from "./list.ts";
import { removeSeals } from "./remove.ts";
import { resolveName } from "./resolve.ts";
import { qualifiedRunColumns, toMetric, toRunRow } from "./rows.ts";
import type { CatalogDatabase } from "./tables.ts";

/** What a dialect brings. */
export interface SqlCatalogParts {
  readonly db: CatalogDatabase;
  readonly flavour: SqlFlavour;
  readonly location: string;
  /** Close the database and let go of what was opened with it. */
  close(): Promise<void>;
}

const journalOffsetKey = "journal_offset";

/** The catalog over any SQL database that Kysely speaks to. */
export class SqlCatalog implements Catalog {
  readonly location: string;
  readonly #db: CatalogDatabase;
  readonly #flavour: SqlFlavour;
  readonly #close: () => Promise<void>;

  constructor(parts: SqlCatalogParts) {
    this.location = parts.location;
    this.#db = parts.db;
    this.#flavour = parts.flavour;
    this.#close = parts.close;
  }

  async addSeals(records: readonly SealRecord[], options: AddSealsOptions = {}): Promise<number> {
    const { applied, signal } = options;
    signal?.throwIfAborted();
    if (records.length === 0 && applied === undefined) return 0;
    return this.#db.transaction().execute(async (transaction) => {
      const count = await insertSeals(transaction, this.#flavour, records, options);
      if (applied !== undefined) await raiseOffset(transaction, applied);
      signal?.throwIfAborted();
      return count;
    });
  }

  async removeSeals(
    seals: readonly Digest[],
    options: RemoveSealsOptions,
  ): Promise<readonly Digest[]> {
    options.signal?.throwIfAborted();
    return this.#db
      .transaction()
      .execute((transaction) => removeSeals(transaction, seals, options));
  }

  async journalOffset({ signal }: OperationOptions = {}): Promise<number> {
    signal?.throwIfAborted();
    const row = await this.#db
      .selectFrom("catalog_state")
      .select("value")
      .where("key", "=", journalOffsetKey)
      .executeTakeFirst();
    return row?.value ?? 0;
  }

  async resolve(
    name: string,
    { tenant, signal }: OperationOptions & { readonly tenant: string },
  ): Promise<readonly RunRow[]> {
    signal?.throwIfAborted();
    return resolveName(this.#db, name, tenant);
  }

  async listRuns(query: RunQuery): Promise<RunPage> {
    query.signal?.throwIfAborted();
    return listRuns(this.#db, this.#flavour, query);
  }

  async metrics(
    seal: Digest,
    { tenant, signal }: OperationOptions & { readonly tenant: string },
  ): Promise<readonly MetricValue[]> {
    signal?.throwIfAborted();
    const rows = await this.#db
      .selectFrom("seals")
      .innerJoin("seal_metrics", "seal_metrics.seal_id", "seals.id")
      .innerJoin("metric_names", "metric_names.id", "seal_metrics.name_id")
      .select(["metric_names.name", "seal_metrics.value", "seal_metrics.context"])
      .where("seals.seal", "=", withoutAlgorithm(seal))
      .where("seals.tenant", "=", tenant)
      .orderBy("metric_names.name")
      .execute();
    return rows.map(toMetric);
  }

  async children(
    artifactId: Digest,
    { tenant, signal }: OperationOptions & { readonly tenant: string },
  ): Promise<readonly RunRow[]> {
    signal?.throwIfAborted();
    const rows = await this.#db
      .selectFrom("seal_parents")
      .innerJoin("seals", "seals.id", "seal_parents.seal_id")
      .select(qualifiedRunColumns)
      .where("seal_parents.artifact_id", "=", withoutAlgorithm(artifactId))
      .where("seal_parents.tenant", "=", tenant)
      .orderBy("seals.created_at")
      .orderBy("seals.seal")
      .execute();
    return rows.map(toRunRow);
  }

  async outputPaths(
    workspace: string,
    { signal }: OperationOptions = {},
  ): Promise<ReadonlySet<string>> {
    signal?.throwIfAborted();
    const rows = await this.#db
      .selectFrom("workspace_outputs")
      .select("path")
      .where("workspace", "=", workspace)
      .execute();
    return new Set(rows.map(({ path }) => path));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}

/** The offset only grows: of two processes that applied the journal, the slower must not lower it. */
async function raiseOffset(db: CatalogDatabase, { from, to }: JournalSpan): Promise<void> {
  if (from === 0)
    await db
      .insertInto("catalog_state")
      .values({ key: journalOffsetKey, value: 0 })
      .onConflict((conflict) => conflict.column("key").doNothing())
      .execute();
  await db
    .updateTable("catalog_state")
    .set({ value: to })
    .where("key", "=", journalOffsetKey)
    .where("value", ">=", from)
    .where("value", "<", to)
    .execute();
}
