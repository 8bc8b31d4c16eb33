import type { RunFilter } from "@reseal/store";
import { withoutAlgorithm } from "./digests.ts";
import { catalogErrors } from "./errors.ts";
import { type Field, parseField } from "./fields.ts";
import { seedOrder } from "./seed-order.ts";

export type Operator = RunFilter["operator"];

/** A filter that was checked, with its value as the column holds it. */
export interface Condition {
  readonly field: Field;
  readonly operator: Operator;
  /** `null` is a metric's NaN. */
  readonly value: string | number | null;
}

const operators: ReadonlySet<string> = new Set(["=", "!=", "<", "<=", ">", ">=", "~"]);

/**
 * Check a filter.
 *
 * @throws CATALOG_FILTER_INVALID for an unknown field, an operator that the field does not have, or
 *   a value that it cannot be compared with
 */
export function parseFilter(filter: RunFilter): Condition {
  const field = parseField(filter.field);
  if (!operators.has(filter.operator))
    throw invalid(filter, `There is no operator "${filter.operator}".`);
  const isSet = field.kind === "tag" || field.kind === "parent";
  if (isSet && !["=", "!=", "~"].includes(filter.operator)) {
    throw invalid(filter, `"${filter.field}" can be compared with =, != and ~ only.`);
  }
  if (filter.operator === "~" && (field.kind === "number" || field.kind === "metric")) {
    throw invalid(filter, `"${filter.field}" is a number; ~ searches in text.`);
  }
  return { field, operator: filter.operator, value: parseValue(filter, field) };
}

function parseValue(filter: RunFilter, field: Field): Condition["value"] {
  switch (field.kind) {
    case "metric":
      return filter.value === "NaN" ? null : parseNumber(filter);
    case "number":
      return parseNumber(filter);
    case "seed":
      return filter.operator === "~" ? String(filter.value) : seedOrder(filter.value);
    case "digest":
    case "parent":
      return withoutAlgorithm(String(filter.value));
    default:
      return String(filter.value);
  }
}

function parseNumber(filter: RunFilter): number {
  const text = String(filter.value).trim();
  const value = Number(text);
  if (text !== "" && !Number.isNaN(value)) return value;
  throw invalid(filter, `"${filter.field}" is a number; "${filter.value}" is not.`);
}

function invalid(filter: RunFilter, message: string): Error {
  return catalogErrors.FILTER_INVALID(message, {
    details: { field: filter.field, operator: String(filter.operator), value: filter.value },
  });
}
