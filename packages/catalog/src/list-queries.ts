import {
  type Expression,
  expressionBuilder,
  type SelectQueryBuilder,
  type SqlBool,
  sql,
} from "kysely";
import type { Condition } from "./conditions.ts";
import type { ListPlan } from "./list-plan.ts";
import { hasMetric, metricPredicate } from "./predicates.ts";
import { qualifiedRunColumns, type StoredRun, sealOrder } from "./rows.ts";
import type { CatalogDatabase, CatalogTables, SealsTable } from "./tables.ts";

/** A row of a list with the value that it was sorted by. */
export type ListedRow = StoredRun & { readonly sort_value: string | number | null };

/** A condition on a metric that the tenant has. */
export interface MetricCondition extends Condition {
  readonly index: number;
  readonly nameId: number;
}

/** A checked list with what its queries need. */
export interface ListScope {
  readonly db: CatalogDatabase;
  readonly plan: ListPlan;
  /** The id of the metric's name that the list is sorted by, where the tenant has it. */
  readonly sortId: number | undefined;
  readonly metrics: readonly MetricCondition[];
  /** Ids of the seals among which all matching ones are, where those are few. */
  readonly candidates: readonly number[] | undefined;
  /** The tenant and all conditions, but the one at this index. */
  matching(skip?: number): Expression<SqlBool>;
}

/** Rows in the order of a column of the seals table. */
export async function listByColumn(
  { db, plan, matching }: ListScope,
  column: keyof SealsTable,
  limit: number,
): Promise<ListedRow[]> {
  const name = `seals.${column}` as const;
  const query = db
    .selectFrom("seals")
    .select([...qualifiedRunColumns, sql<string | number>`${sql.ref(name)}`.as("sort_value")])
    .where(matching())
    .where(name, "is not", null);
  return paged(query, plan, { value: name }).limit(limit).execute();
}

/**
 * The newest or oldest rows with a metric or a tag, read from the index of that alone, which is in
 * the order of time. `crossJoin` because the planner must not start at the other table.
 */
export async function listByTime(
  { db, plan, metrics, matching }: ListScope,
  limit: number,
): Promise<ListedRow[] | undefined> {
  const [metric] = metrics;
  if (metric !== undefined) {
    const query = db
      .selectFrom("seal_metrics")
      .crossJoin("seals")
      .whereRef("seals.id", "=", "seal_metrics.seal_id")
      .select([...qualifiedRunColumns, "seal_metrics.created_at as sort_value"])
      .where("seal_metrics.name_id", "=", metric.nameId)
      // The plus keeps the planner from the index by value, which has them in another order.
      .where(metricPredicate(sql`+${sql.ref("seal_metrics.value")}`, metric))
      .where(matching(metric.index));
    const order = { value: "seal_metrics.created_at", tie: "seal_metrics.seal_order" };
    return paged(query, plan, order).limit(limit).execute();
  }
  const index = plan.conditions.findIndex(isOneTag);
  if (index < 0) return undefined;
  const query = db
    .selectFrom("seal_tags")
    .crossJoin("seals")
    .whereRef("seals.id", "=", "seal_tags.seal_id")
    .select([...qualifiedRunColumns, "seal_tags.created_at as sort_value"])
    .where("seal_tags.tenant", "=", plan.tenant)
    .where("seal_tags.tag", "=", String(plan.conditions[index]?.value))
    .where(matching(index));
  const order = { value: "seal_tags.created_at", tie: "seal_tags.seal_order" };
  return paged(query, plan, order).limit(limit).execute();
}

/** Rows in the order of a metric's values. */
export async function listByMetric(
  { db, plan, metrics, candidates, matching }: ListScope,
  nameId: number,
  limit: number,
): Promise<ListedRow[]> {
  const joined =
    candidates === undefined
      ? db.selectFrom("seal_metrics").crossJoin("seals")
      : db.selectFrom("seals").crossJoin("seal_metrics");
  const own = metrics.find((metric) => metric.nameId === nameId);
  const column = sql.ref("seal_metrics.value");
  const query = joined
    .whereRef("seals.id", "=", "seal_metrics.seal_id")
    .select([...qualifiedRunColumns, "seal_metrics.value as sort_value"])
    .where("seal_metrics.name_id", "=", nameId)
    .where("seal_metrics.value", "is not", null)
    .where(own === undefined ? sql<SqlBool>`1 = 1` : metricPredicate(column, own))
    .where(matching(own?.index));
  const order = { value: "seal_metrics.value", tie: "seal_metrics.seal_order" };
  return paged(query, plan, order).limit(limit).execute();
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
  } else if (scope.sortId !== undefined) {
    const hasValue = hasMetric(scope.sortId, { operator: "!=", value: null });
    query = query.where(seals.not(hasValue));
  }
  if (after?.value === null) query = query.where("seals.seal", past(order), after.seal);
  return query.orderBy("seals.seal", order).limit(limit).execute();
}

function isOneTag({ field, operator }: Condition): boolean {
  return field.kind === "tag" && operator === "=";
}

/** What a list is ordered by. The tie is the seal's first bits, where an index has no more of it. */
interface Order {
  readonly value: string;
  readonly tie?: string;
}

/** Order the rows and go on behind the page before. */
function paged<DB, TB extends keyof DB, O>(
  query: SelectQueryBuilder<DB, TB, O>,
  { order, after }: ListPlan,
  { value, tie }: Order,
): SelectQueryBuilder<DB, TB, O> {
  const keys = tie === undefined ? [value, "seals.seal"] : [value, tie, "seals.seal"];
  let ordered = query;
  for (const key of keys) ordered = ordered.orderBy(sql.ref(key), order);
  if (after === undefined) return ordered;
  const sign = sql.raw(past(order));
  const seal = sql`(${sql.ref(value)}, ${sql.ref("seals.seal")})`;
  ordered = ordered.where(sql<SqlBool>`${seal} ${sign} (${after.value}, ${after.seal})`);
  if (tie === undefined) return ordered;
  // The same again in terms of the index, so that it is read from there on.
  const first = sql`(${sql.ref(value)}, ${sql.ref(tie)})`;
  return ordered.where(sql<SqlBool>`${first} ${sign}= (${after.value}, ${sealOrder(after.seal)})`);
}

function past(order: "asc" | "desc"): ">" | "<" {
  return order === "asc" ? ">" : "<";
}
