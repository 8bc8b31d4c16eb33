import type { RunPage, RunQuery } from "@reseal/store";
import { type Expression, expressionBuilder, type SqlBool } from "kysely";
import { formatCursor } from "./cursor.ts";
import { type ListPlan, planList } from "./list-plan.ts";
import { type ListedRow, type ListScope, listMissing, listValues } from "./list-queries.ts";
import { type SqlFlavour, toPredicate } from "./predicates.ts";
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
      ? formatCursor(plan.binding, { value: last.sort_value, seal: last.seal })
      : null;
  return { items: items.map(toRunRow), next };
}

async function scopeOf(
  db: CatalogDatabase,
  flavour: SqlFlavour,
  plan: ListPlan,
): Promise<ListScope> {
  const names = plan.conditions.flatMap(({ field }) =>
    field.kind === "metric" ? [field.name] : [],
  );
  if (plan.sort.kind === "metric") names.push(plan.sort.name);
  const metricIds = await metricIdsOf(db, plan.tenant, names);
  const seals = expressionBuilder<CatalogTables, "seals">();
  const predicates = plan.conditions.map((condition) =>
    toPredicate(condition, { flavour, metricIds }),
  );
  const matching = (skip?: number): Expression<SqlBool> =>
    seals.and([
      seals("seals.tenant", "=", plan.tenant),
      ...predicates.filter((_, index) => index !== skip),
    ]);
  return { db, plan, metricIds, matching };
}

async function metricIdsOf(
  db: CatalogDatabase,
  tenant: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (names.length === 0) return new Map();
  const rows = await db
    .selectFrom("metric_names")
    .select(["id", "name"])
    .where("tenant", "=", tenant)
    .where("name", "in", names)
    .execute();
  return new Map(rows.map(({ id, name }) => [name, id]));
}
