import { type Expression, expressionBuilder, type RawBuilder, type SqlBool, sql } from "kysely";
import type { Condition, Operator } from "./conditions.ts";
import type { SqlFlavour } from "./flavour.ts";
import type { CatalogTables } from "./tables.ts";

/** The condition as a predicate over the `seals` table. */
export function toPredicate(
  { field, operator, value }: Condition,
  flavour: SqlFlavour,
  metricIds: ReadonlyMap<string, number>,
): Expression<SqlBool> {
  const seals = expressionBuilder<CatalogTables, "seals">();
  switch (field.kind) {
    case "metric": {
      const nameId = metricIds.get(field.name);
      return nameId === undefined ? never : hasMetric(nameId, { operator, value });
    }
    case "tag":
      return hasTag(operator, String(value), flavour);
    case "parent":
      return hasParent(operator, String(value), flavour);
    default: {
      if (operator !== "~") return seals(`seals.${field.column}`, operator, value);
      const column = field.kind === "seed" ? "seed" : field.column;
      return flavour.contains(sql.ref<string>(`seals.${column}`), String(value));
    }
  }
}

/** Whether a seal has the metric with such a value. */
export function hasMetric(
  nameId: number,
  condition: Pick<Condition, "operator" | "value">,
): Expression<SqlBool> {
  const seals = expressionBuilder<CatalogTables, "seals">();
  return seals.exists(
    seals
      .selectFrom("seal_metrics as wanted")
      .select("wanted.seal_id")
      .whereRef("wanted.seal_id", "=", "seals.id")
      .where("wanted.name_id", "=", nameId)
      // The plus keeps the planner from the index by value: the key finds the one row.
      .where(metricPredicate(sql`+${sql.ref("wanted.value")}`, condition)),
  );
}

/** The condition on the column of a metric's value. */
export function metricPredicate(
  column: RawBuilder<unknown>,
  { operator, value }: Pick<Condition, "operator" | "value">,
): Expression<SqlBool> {
  if (value !== null) return sql<SqlBool>`${column} ${sql.raw(operator)} ${value}`;
  if (operator === "=") return sql<SqlBool>`${column} is null`;
  if (operator === "!=") return sql<SqlBool>`${column} is not null`;
  return never; // NaN is neither less nor more than anything.
}

const never: Expression<SqlBool> = sql<SqlBool>`1 = 0`;

/** `!=` holds where no tag is equal. */
function hasTag(operator: Operator, value: string, flavour: SqlFlavour): Expression<SqlBool> {
  const seals = expressionBuilder<CatalogTables, "seals">();
  const rows = seals
    .selectFrom("seal_tags as wanted")
    .select("wanted.seal_id")
    .whereRef("wanted.seal_id", "=", "seals.id")
    .where(member("wanted.tag", operator, value, flavour));
  return operator === "!=" ? seals.not(seals.exists(rows)) : seals.exists(rows);
}

/** `!=` holds where no parent is equal. */
function hasParent(operator: Operator, value: string, flavour: SqlFlavour): Expression<SqlBool> {
  const seals = expressionBuilder<CatalogTables, "seals">();
  const rows = seals
    .selectFrom("seal_parents as wanted")
    .select("wanted.seal_id")
    .whereRef("wanted.seal_id", "=", "seals.id")
    .where(member("wanted.artifact_id", operator, value, flavour));
  return operator === "!=" ? seals.not(seals.exists(rows)) : seals.exists(rows);
}

function member(
  column: string,
  operator: Operator,
  value: string,
  flavour: SqlFlavour,
): Expression<SqlBool> {
  const reference = sql.ref<string>(column);
  return operator === "~"
    ? flavour.contains(reference, value)
    : sql<SqlBool>`${reference} = ${value}`;
}
