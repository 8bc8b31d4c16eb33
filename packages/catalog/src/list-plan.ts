import type { RunQuery } from "@reseal/store";
import { type Condition, parseFilter } from "./conditions.ts";
import { bindingOf, type Position, parseCursor } from "./cursor.ts";
import { catalogErrors } from "./errors.ts";
import { parseField } from "./fields.ts";
import type { SealsTable } from "./tables.ts";

const limitDefault = 50;
const limitMax = 10_000;

/** What a list is sorted by. */
export type Sort =
  | { readonly kind: "column"; readonly column: keyof SealsTable; readonly nullable: boolean }
  | { readonly kind: "metric"; readonly name: string };

/** A list that was checked. */
export interface ListPlan {
  readonly tenant: string;
  readonly conditions: readonly Condition[];
  readonly sort: Sort;
  readonly order: "asc" | "desc";
  readonly limit: number;
  /** What a cursor of this list is bound to. */
  readonly binding: () => string;
  readonly after: Position | undefined;
}

/**
 * Check a query.
 *
 * @throws CATALOG_FILTER_INVALID · CATALOG_CURSOR_INVALID
 */
export function planList(query: RunQuery): ListPlan {
  const { tenant, filters = [], sort = "created_at", order = "desc", limit = limitDefault } = query;
  if (!Number.isInteger(limit) || limit < 1 || limit > limitMax) {
    throw catalogErrors.FILTER_INVALID(`limit is a whole number from 1 to ${limitMax}.`, {
      details: { limit },
    });
  }
  if (order !== "asc" && order !== "desc") {
    throw catalogErrors.FILTER_INVALID("order is asc or desc.", { details: { order } });
  }
  const conditions = filters.map(parseFilter);
  const binding = (): string => bindingOf([tenant, conditions, sort, order]);
  const plan = { tenant, conditions, sort: parseSort(sort), order, limit, binding };
  return { ...plan, after: query.after === undefined ? undefined : position(plan, query.after) };
}

function parseSort(text: string): Sort {
  const field = parseField(text);
  if (field.kind === "metric") return field;
  if (field.kind === "tag" || field.kind === "parent") {
    throw catalogErrors.FILTER_INVALID(`A list cannot be sorted by "${text}": a run has many.`, {
      details: { field: text },
    });
  }
  return { kind: "column", column: field.column, nullable: !alwaysThere.has(field.column) };
}

function position(plan: Pick<ListPlan, "binding" | "sort">, cursor: string): Position {
  const after = parseCursor(plan.binding(), cursor);
  const wanted = plan.sort.kind === "metric" || numbers.has(plan.sort.column) ? "number" : "string";
  const mayBeMissing = plan.sort.kind === "metric" || plan.sort.nullable;
  if (after.value === null ? !mayBeMissing : typeof after.value !== wanted) {
    throw catalogErrors.CURSOR_INVALID("`after` is not a cursor of this list.");
  }
  return after;
}

const numbers: ReadonlySet<keyof SealsTable> = new Set([
  "exit_code",
  "duration_ms",
  "files",
  "bytes",
]);

const alwaysThere: ReadonlySet<keyof SealsTable> = new Set([
  "run_id",
  "artifact_id",
  "seal",
  "input_key",
  "type",
  "status",
  "created_at",
  "tenant",
  "files",
  "bytes",
]);
