import { type Expression, expressionBuilder, type RawBuilder, type SqlBool, sql } from "kysely";
import type { Condition, Operator } from "./conditions.ts";
import type { CatalogTables } from "./tables.ts";

/** What is said differently in each dialect. */
export interface SqlFlavour {
  /** Whether `text` contains `part`, letter for letter. */
  contains(text: RawBuilder<string>, part: string): Expression<SqlBool>;
}

/** What a predicate needs to know beside its condition. */
export interface PredicateScope {
  readonly flavour: SqlFlavour;
  /** Ids of the metric names that the tenant has. */
  readonly metricIds: ReadonlyMap<string, number>;
}

/** The condition as a predicate over the `seals` table. */
export function toPredicate(
  { field, operator, value }: Condition,
  scope: PredicateScope,
): Expression<SqlBool> {
  const seals = expressionBuilder<CatalogTables, "seals">();
  switch (field.kind) {
    case "metric":
      return hasMetric(scope.metricIds.get(field.name), operator, value);
    case "tag":
      return hasTag(operator, String(value), scope.flavour);
    case "parent":
      return hasParent(operator, String(value), scope.flavour);
    default: {
      if (operator !== "~") return seals(`seals.${field.column}`, operator, value);
      const column = field.kind === "seed" ? "seed" : field.column;
      return scope.flavour.contains(sql.ref<string>(`seals.${column}`), String(value));
    }
  }
}

/** The condition on a metric's value, over the table or alias of this name. */
export function metricPredicate(
  table: "seal_metrics" | "wanted",
  operator: Operator,
  value: Condition["value"],
): Expression<SqlBool> {
  const column = sql.ref<number>(`${table}.value`);
  if (value !== null) return sql<SqlBool>`${column} ${sql.raw(operator)} ${value}`;
  if (operator === "=") return sql<SqlBool>`${column} is null`;
  if (operator === "!=") return sql<SqlBool>`${column} is not null`;
  return sql<SqlBool>`1 = 0`; // NaN is neither less nor more than anything.
}

function hasMetric(
  nameId: number | undefined,
  operator: Operator,
  value: Condition["value"],
): Expression<SqlBool> {
  if (nameId === undefined) return sql<SqlBool>`1 = 0`;
  const seals = expressionBuilder<CatalogTables, "seals">();
  return seals.exists(
    seals
      .selectFrom("seal_metrics as wanted")
      .select("wanted.seal_id")
      .whereRef("wanted.seal_id", "=", "seals.id")
      .where("wanted.name_id", "=", nameId)
      .where(metricPredicate("wanted", operator, value)),
  );
}

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
