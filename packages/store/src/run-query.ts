import { compareUtf8, digestBytes } from "@reseal/hash";
import type { RunFilter, RunQuery, SealRecord } from "./catalog.ts";
import { storeErrors } from "./errors.ts";
import { type FieldValue, hexOf, type RunField, runField, seedOrder } from "./run-field.ts";

/** A query that was checked. */
export interface RunPlan {
  readonly limit: number;
  matches(record: SealRecord): boolean;
  compare(a: SealRecord, b: SealRecord): number;
  /** Whether a record comes after the last one of the page before. */
  isPast(record: SealRecord): boolean;
  cursorOf(record: SealRecord): string;
}

const limitDefault = 50;
const limitMax = 10_000;
const operators: ReadonlySet<string> = new Set(["=", "!=", "<", "<=", ">", ">=", "~"]);

/**
 * Check a query and make functions of it.
 * @throws `STORE_FILTER_INVALID`, `STORE_CURSOR_INVALID`
 */
export function planRuns(query: RunQuery): RunPlan {
  const { tenant, filters = [], sort = "created_at", order = "desc", limit = limitDefault } = query;
  if (!Number.isInteger(limit) || limit < 1 || limit > limitMax) {
    throw storeErrors.FILTER_INVALID(`limit is a whole number from 1 to ${limitMax}.`, {
      details: { limit },
    });
  }
  if (order !== "asc" && order !== "desc") {
    throw storeErrors.FILTER_INVALID("order is asc or desc.", { details: { order } });
  }
  const predicates = filters.map(predicateOf);
  const field = runField(sort);
  if (field.kind === "set") {
    throw storeErrors.FILTER_INVALID(`A list cannot be sorted by "${sort}": a run has many.`);
  }
  const binding = digestBytes(JSON.stringify([tenant, filters, sort, order])).slice(7, 23);
  const after = query.after === undefined ? undefined : parseCursor(query.after, binding);
  return {
    limit,
    matches: (record) =>
      record.tenant === tenant && predicates.every((predicate) => predicate(record)),
    compare: (a, b) => comparePositions(positionOf(field, a), positionOf(field, b), order),
    isPast: (record) =>
      after === undefined || comparePositions(positionOf(field, record), after, order) > 0,
    cursorOf: (record) => formatCursor(positionOf(field, record), binding),
  };
}

function predicateOf(filter: RunFilter): (record: SealRecord) => boolean {
  const { operator } = filter;
  const field = runField(filter.field);
  if (!operators.has(operator)) throw invalid(filter, `There is no operator "${operator}".`);
  if (field.kind === "set") return setPredicate(field, filter);
  if (operator === "~") return containsPredicate(field, filter);
  if (field.kind === "metric" && filter.value === "NaN") return nanPredicate(filter);
  const wanted = wantedValue(field, filter);
  return (record) => {
    const actual = field.value(record);
    return actual !== null && holds(compareValues(actual, wanted), operator);
  };
}

function wantedValue(field: RunField, filter: RunFilter): string | number {
  const text = String(filter.value);
  if (field.kind === "seed") return seedOrder(text);
  if (field.kind === "digest") return hexOf(text);
  if (field.kind === "text") return text;
  const value = Number(text);
  if (text.trim() !== "" && !Number.isNaN(value)) return value;
  throw invalid(filter, `"${filter.field}" is a number; "${text}" is not.`);
}

function setPredicate(field: RunField, filter: RunFilter): (record: SealRecord) => boolean {
  const text = hexOf(String(filter.value));
  switch (filter.operator) {
    case "=":
      return (record) => field.values(record).includes(text);
    case "!=":
      return (record) => !field.values(record).includes(text);
    case "~":
      return (record) => field.values(record).some((value) => value.includes(text));
    default:
      throw invalid(filter, `"${filter.field}" can be compared with =, != and ~ only.`);
  }
}

function containsPredicate(field: RunField, filter: RunFilter): (record: SealRecord) => boolean {
  if (field.kind === "number" || field.kind === "metric") {
    throw invalid(filter, `"${filter.field}" is a number; ~ searches in text.`);
  }
  const part = field.kind === "digest" ? hexOf(String(filter.value)) : String(filter.value);
  return (record) => {
    const text = field.kind === "seed" ? record.seed : field.value(record);
    return text !== null && String(text).includes(part);
  };
}

/** NaN equals NaN here, as people who look for it mean it, and is neither less nor more. */
function nanPredicate({ field, operator }: RunFilter): (record: SealRecord) => boolean {
  const name = field.slice("metric.".length);
  return ({ metrics }) => {
    const metric = metrics.find((candidate) => candidate.name === name);
    if (metric === undefined) return false;
    const isNotANumber = Number.isNaN(Number(metric.value));
    return operator === "=" ? isNotANumber : operator === "!=" && !isNotANumber;
  };
}

function holds(comparison: number, operator: RunFilter["operator"]): boolean {
  switch (operator) {
    case "=":
      return comparison === 0;
    case "!=":
      return comparison !== 0;
    case "<":
      return comparison < 0;
    case "<=":
      return comparison <= 0;
    case ">":
      return comparison > 0;
    default:
      return comparison >= 0;
  }
}

interface Position {
  readonly value: FieldValue;
  readonly seal: string;
}

function positionOf(field: RunField, record: SealRecord): Position {
  return { value: field.value(record), seal: record.seal };
}

/** Absent values come last in both orders; ties fall back to the seal. */
function comparePositions(a: Position, b: Position, order: "asc" | "desc"): number {
  if ((a.value === null) !== (b.value === null)) return a.value === null ? 1 : -1;
  const values = a.value === null || b.value === null ? 0 : compareValues(a.value, b.value);
  const comparison = values || compareUtf8(a.seal, b.seal);
  return order === "asc" ? comparison : -comparison;
}

function compareValues(a: string | number, b: string | number): number {
  if (typeof a === "number" && typeof b === "number") return a === b ? 0 : a < b ? -1 : 1;
  return compareUtf8(String(a), String(b));
}

/** A number travels as a list with its text: JSON has no infinity. */
function formatCursor({ value, seal }: Position, binding: string): string {
  const portable = typeof value === "number" ? [String(value)] : value;
  return Buffer.from(JSON.stringify([binding, portable, seal])).toString("base64url");
}

function parseCursor(cursor: string, binding: string): Position {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor, "base64url").toString());
  } catch {
    parts = undefined;
  }
  if (Array.isArray(parts) && parts[0] === binding && typeof parts[2] === "string") {
    const value: unknown = parts[1];
    if (value === null || typeof value === "string") return { value, seal: parts[2] };
    if (Array.isArray(value)) return { value: Number(value[0]), seal: parts[2] };
  }
  throw storeErrors.CURSOR_INVALID("`after` is not a cursor of this list.");
}

function invalid(filter: RunFilter, message: string): Error {
  return storeErrors.FILTER_INVALID(message, { details: { ...filter } });
}
