import {
  type Expression,
  type ExpressionWrapper,
  expressionBuilder,
  type SqlBool,
  sql,
} from "kysely";
import type { ListPlan } from "./list-plan.ts";
import { metricPredicate } from "./predicates.ts";
import { qualifiedRunColumns, type StoredRun, sealOrder } from "./rows.ts";
import type { CatalogDatabase, CatalogTables, SealsTable } from "./tables.ts";

/** A row of a list with the value that it was sorted by. */
export type ListedRow = StoredRun & { readonly sort_value: string | number | null };

/** A checked list with what its queries need. */
export interface ListScope {
  readonly db: CatalogDatabase;
  readonly plan: ListPlan;
  readonly metricIds: ReadonlyMap<string, number>;
  /** All conditions but the one at this index, and the tenant. */
  matching(skip?: number): Expression<SqlBool>;
}

/**
 * Rows that have a value to sort by.
 *
 * The query starts at the index that gives the order: the metric's own when the list is sorted by
 * it, or when the newest runs with some metric or tag are asked for; else one of the seals table.
 * Then it reads as far as the page is full and never sorts.
 */
export async function listValues(scope: ListScope, limit: number): Promise<ListedRow[]> {
  const { sort, conditions } = scope.plan;
  if (sort.kind === "metric") return listByMetric(scope, sort.name, limit);
  if (sort.column === "created_at") {
    const metric = conditions.findIndex(({ field }) => field.kind === "metric");
    if (metric >= 0) return newestWithMetric(scope, metric, limit);
    const tag = conditions.findIndex(
      ({ field, operator }) => field.kind === "tag" && operator === "=",
    );
    if (tag >= 0) return newestWithTag(scope, tag, limit);
  }
  return listByColumn(scope, sort.column, limit);
}

/** Rows that have no value to sort by, by seal. */
export async function listMissing(scope: ListScope, limit: number): Promise<ListedRow[]> {
  const { sort, order, after } = scope.plan;
  const seals = expressionBuilder<CatalogTables, "seals">();
  let query = scope.db
    .selectFrom("seals")
    .select([...qualifiedRunColumns, sql<null>`null`.as("sort_value")])
    .where(scope.matching());
  if (sort.kind === "column") {
    query = query.where(`seals.${sort.column}`, "is", null);
  } else {
    const nameId = scope.metricIds.get(sort.name);
    if (nameId !== undefined) query = query.where(seals.not(hasValue(nameId)));
  }
  if (after?.value === null) query = query.where("seals.seal", past(order), after.seal);
  return query.orderBy("seals.seal", order).limit(limit).execute();
}

async function listByColumn(
  { db, plan, matching }: ListScope,
  column: keyof SealsTable,
  limit: number,
): Promise<ListedRow[]> {
  const { order, after } = plan;
  let query = db
    .selectFrom("seals")
    .select([
      ...qualifiedRunColumns,
      sql<string | number>`${sql.ref(`seals.${column}`)}`.as("sort_value"),
    ])
    .where(matching());
  query = query.where(`seals.${column}`, "is not", null);
  if (after !== undefined) query = query.where(pastPair(`seals.${column}`, "seals.seal", plan));
  return query
    .orderBy(`seals.${column}`, order)
    .orderBy("seals.seal", order)
    .limit(limit)
    .execute();
}

async function listByMetric(
  { db, plan, metricIds, matching }: ListScope,
  name: string,
  limit: number,
): Promise<ListedRow[]> {
  const nameId = metricIds.get(name);
  if (nameId === undefined) return [];
  const { order, after } = plan;
  let query = db
    .selectFrom("seal_metrics")
    .innerJoin("seals", "seals.id", "seal_metrics.seal_id")
    .select([...qualifiedRunColumns, "seal_metrics.value as sort_value"])
    .where("seal_metrics.name_id", "=", nameId)
    .where("seal_metrics.value", "is not", null)
    .where(matching());
  if (after !== undefined) {
    query = query
      .where(fromPair("seal_metrics.value", "seal_metrics.seal_order", plan))
      .where(pastPair("seal_metrics.value", "seals.seal", plan));
  }
  return query
    .orderBy("seal_metrics.value", order)
    .orderBy("seal_metrics.seal_order", order)
    .orderBy("seals.seal", order)
    .limit(limit)
    .execute();
}

async function newestWithMetric(
  { db, plan, metricIds, matching }: ListScope,
  index: number,
  limit: number,
): Promise<ListedRow[]> {
  const condition = plan.conditions[index];
  if (condition?.field.kind !== "metric") return [];
  const nameId = metricIds.get(condition.field.name);
  if (nameId === undefined) return [];
  const { order, after } = plan;
  let query = db
    .selectFrom("seal_metrics")
    .innerJoin("seals", "seals.id", "seal_metrics.seal_id")
    .select([...qualifiedRunColumns, "seal_metrics.created_at as sort_value"])
    .where("seal_metrics.name_id", "=", nameId)
    .where(metricPredicate("seal_metrics", condition.operator, condition.value))
    .where(matching(index));
  if (after !== undefined) {
    query = query
      .where(fromPair("seal_metrics.created_at", "seal_metrics.seal_order", plan))
      .where(pastPair("seals.created_at", "seals.seal", plan));
  }
  return query
    .orderBy("seal_metrics.created_at", order)
    .orderBy("seal_metrics.seal_order", order)
    .orderBy("seals.seal", order)
    .limit(limit)
    .execute();
}

async function newestWithTag(
  { db, plan, matching }: ListScope,
  index: number,
  limit: number,
): Promise<ListedRow[]> {
  const { order, after, tenant, conditions } = plan;
  let query = db
    .selectFrom("seal_tags")
    .innerJoin("seals", "seals.id", "seal_tags.seal_id")
    .select([...qualifiedRunColumns, "seal_tags.created_at as sort_value"])
    .where("seal_tags.tenant", "=", tenant)
    .where("seal_tags.tag", "=", String(conditions[index]?.value))
    .where(matching(index));
  if (after !== undefined) {
    query = query
      .where(fromPair("seal_tags.created_at", "seal_tags.seal_order", plan))
      .where(pastPair("seals.created_at", "seals.seal", plan));
  }
  return query
    .orderBy("seal_tags.created_at", order)
    .orderBy("seal_tags.seal_order", order)
    .orderBy("seals.seal", order)
    .limit(limit)
    .execute();
}

function hasValue(nameId: number): ExpressionWrapper<CatalogTables, "seals", SqlBool> {
  const seals = expressionBuilder<CatalogTables, "seals">();
  return seals.exists(
    seals
      .selectFrom("seal_metrics as wanted")
      .select("wanted.seal_id")
      .whereRef("wanted.seal_id", "=", "seals.id")
      .where("wanted.name_id", "=", nameId)
      .where("wanted.value", "is not", null),
  );
}

/** The rows that come after the last row of the page before. */
function pastPair(first: string, second: string, plan: ListPlan): Expression<SqlBool> {
  const { after, order } = plan;
  const sign = sql.raw(past(order));
  return sql<SqlBool>`(${sql.ref(first)}, ${sql.ref(second)}) ${sign} (${after?.value}, ${after?.seal})`;
}

/** The same in terms of the index, which knows only the first bits of the seal: a few rows more. */
function fromPair(first: string, second: string, plan: ListPlan): Expression<SqlBool> {
  const { after, order } = plan;
  const sign = sql.raw(order === "asc" ? ">=" : "<=");
  const bits = sealOrder(after?.seal ?? "");
  return sql<SqlBool>`(${sql.ref(first)}, ${sql.ref(second)}) ${sign} (${after?.value}, ${bits})`;
}

function past(order: "asc" | "desc"): ">" | "<" {
  return order === "asc" ? ">" : "<";
}
