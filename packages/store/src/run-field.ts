import type { SealRecord } from "./catalog.ts";
import { storeErrors } from "./errors.ts";

/** A value that rows can be compared by; `null` is absent, and so is NaN. */
export type FieldValue = string | number | null;

/** What a filter or a sort names, and how a row's value of it is found. */
export interface RunField {
  readonly kind: "text" | "digest" | "number" | "seed" | "metric" | "set";
  /** The value that decides order and comparison. */
  value(record: SealRecord): FieldValue;
  /** All values, for fields of which a run has many. */
  values(record: SealRecord): readonly string[];
}

const digests = ["artifact_id", "seal", "input_key", "result_key", "env_key"] as const;
const numbers = ["exit_code", "duration_ms", "files", "bytes"] as const;
const texts = [
  "run_id",
  "type",
  "status",
  "signal",
  "pass_fail",
  "name",
  "project",
  "family",
  "title",
  "created_at",
  "started_at",
  "ended_at",
  "tenant",
  "user",
  "host",
] as const;

const tags = set((record) => record.tags);
const parents = set((record) => record.parents.map((parent) => hexOf(parent.artifact_id)));

const fields: ReadonlyMap<string, RunField> = new Map([
  ...digests.map((key) => [key, single("digest", (record) => hexOf(record[key]))] as const),
  ...numbers.map((key) => [key, single("number", (record) => record[key])] as const),
  ...texts.map((key) => [key, single("text", (record) => record[key])] as const),
  ["seed", single("seed", ({ seed }) => (seed === null ? null : seedOrder(seed)))],
  ["command", single("text", (record) => record.command?.join(" ") ?? null)],
  ["tag", tags],
  ["tags", tags],
  ["parent", parents],
  ["parents", parents],
]);

const metricPrefix = "metric.";

/**
 * Find a field by its name.
 * @throws `STORE_FILTER_INVALID`
 */
export function runField(name: string): RunField {
  if (name.startsWith(metricPrefix) && name.length > metricPrefix.length) {
    return metricField(name.slice(metricPrefix.length));
  }
  const field = fields.get(name);
  if (field !== undefined) return field;
  throw storeErrors.FILTER_INVALID(`There is no field "${name}".`, {
    details: { field: name, fields: [...fields.keys(), "metric.<name>"] },
  });
}

/** Text that sorts as the seed's number does, also beyond what a number holds. */
export function seedOrder(seed: number | string): string {
  const text = String(seed);
  if (!/^\d+$/.test(text)) return `~${text}`;
  const digits = text.replace(/^0+(?=\d)/, "");
  return `${String(digits.length).padStart(6, "0")} ${digits}`;
}

/** A digest without its algorithm; other text as it is. */
export function hexOf(text: string): string;
export function hexOf(text: string | null): string | null;
export function hexOf(text: string | null): string | null {
  return text?.startsWith("sha256:") ? text.slice("sha256:".length) : text;
}

function metricField(name: string): RunField {
  return single("metric", (record) => {
    const metric = record.metrics.find((candidate) => candidate.name === name);
    const value = metric === undefined ? Number.NaN : Number(metric.value);
    return Number.isNaN(value) ? null : value;
  });
}

function single(kind: RunField["kind"], value: RunField["value"]): RunField {
  return { kind, value, values: () => [] };
}

function set(values: RunField["values"]): RunField {
  return { kind: "set", value: () => null, values };
}
