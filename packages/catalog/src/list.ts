import type { RunPage, RunQuery } from "@reseal/store";
import { type Expression, expressionBuilder, type SqlBool, sql } from "kysely";
import { formatCursor } from "./cursor.ts";
import type { SqlFlavour } from "./flavour.ts";
import { type ListPlan, planList } from "./list-plan.ts";
import {
  type ListedRow,
  type ListScope,
  listByColumn,
  listByMetric,
  listByTime,
  listMissing,
  type MetricCondition,
} from "./list-queries.ts";
import { metricPredicate, toPredicate } from "./predicates.ts";
import { toRunRow } from "./rows.ts";
import type { CatalogDatabase, CatalogTables } from "./tables.ts";

/** One page of runs. Rows without a value to sort by come last, whatever the order. */
export async function listRuns(
  db: CatalogDatabase,
  flavour: SqlFlavour,
  query: RunQuery,
): Promise<RunPage> {
  const plan = planList(query);
  const scope = await scopeOf(db, flavour, plan);
  if (scope === undefined) return { items: [], next: null };
  const wanted = plan.limit + 1; // One more tells whether there is a next page.
  const rows: ListedRow[] = [];
  if (plan.after?.value !== null) rows.push(...(await listValues(scope, wanted)));
  if (rows.length < wanted && (plan.sort.kind === "metric" || plan.sort.nullable)) {
    rows.push(...(await listMissing(scope, wanted - rows.length)));
  }
  const items = rows.slice(0, plan.limit);
  const last = items.at(-1);
  const next =
    rows.length > plan.limit && last !== undefined
      ? formatCursor(plan.binding(), { value: last.sort_value, seal: last.seal })
      : null;
  return { items: items.map(toRunRow), next };
}

async function listValues(scope: ListScope, limit: number): Promise<readonly ListedRow[]> {
  const { sort } = scope.plan;
  if (sort.kind === "metric") {
    return scope.sortId === undefined ? [] : listByMetric(scope, scope.sortId, limit);
  }
  const inOrderOfTime = sort.column === "created_at" && scope.candidates === undefined;
  const byTime = inOrderOfTime ? await listByTime(scope, limit) : undefined;
  return byTime ?? listByColumn(scope, sort.column, limit);
}

/** `undefined` where no row can match: a metric that is asked for does not exist. */
async function scopeOf(
  db: CatalogDatabase,
  flavour: SqlFlavour,
  plan: ListPlan,
): Promise<ListScope | undefined> {
  const ids = await metricIdsOf(db, plan);
  const metrics: MetricCondition[] = [];
  for (const [index, condition] of plan.conditions.entries()) {
    if (condition.field.kind !== "metric") continue;
    const nameId = ids.get(condition.field.name);
    if (nameId === undefined) return undefined;
    metrics.push({ ...condition, index, nameId });
  }
  const seals = expressionBuilder<CatalogTables, "seals">();
  const narrow = await findNarrow(db, metrics);
  const all: Expression<SqlBool>[] = plan.conditions.map((condition) =>
    toPredicate(condition, flavour, ids),
  );
  if (narrow !== undefined) all[narrow.index] = seals("seals.id", "in", narrow.candidates);
  // Candidates are the tenant's own, as the name of a metric is; to say it again would only lead
  // the planner to an index in the order of the list.
  if (narrow === undefined) all.push(seals("seals.tenant", "=", plan.tenant));
  return {
    db,
    plan,
    metrics,
    sortId: plan.sort.kind === "metric" ? ids.get(plan.sort.name) : undefined,
    candidates: narrow?.candidates,
    matching: (skip) => seals.and(all.filter((_, index) => index !== skip)),
  };
}

const candidatesMax = 500;

interface Narrow {
  readonly index: number;
  readonly candidates: readonly number[];
}

/**
 * A metric condition that few seals meet, with those seals. To start from them beats every index
 * that gives the order; for a condition that many meet, the page is soon full without.
 */
async function findNarrow(
  db: CatalogDatabase,
  metrics: readonly MetricCondition[],
): Promise<Narrow | undefined> {
  for (const metric of metrics) {
    const rows = await db
      .selectFrom("seal_metrics")
      .select("seal_id")
      .where("name_id", "=", metric.nameId)
      .where(metricPredicate(sql.ref("value"), metric))
      .limit(candidatesMax + 1)
      .execute();
    if (rows.length > candidatesMax) continue;
    // An empty list is not SQL everywhere; no seal has this id.
    return { index: metric.index, candidates: [-1, ...rows.map(({ seal_id }) => seal_id)] };
  }
  return undefined;
}

async function metricIdsOf(
  db: CatalogDatabase,
  { tenant, conditions, sort }: ListPlan,
): Promise<ReadonlyMap<string, number>> {
  const names = conditions.flatMap(({ field }) => (field.kind === "metric" ? [field.name] : []));
  if (sort.kind === "metric") names.push(sort.name);
  if (names.length === 0) return new Map();
  const rows = await db
    .selectFrom("metric_names")
    .select(["id", "name"])
    .where("tenant", "=", tenant)
    .where("name", "in", names)
    .execute();
  return new Map(rows.map(({ id, name }) => [name, id]));
}
