import { catalogErrors } from "./errors.ts";
import type { SealsTable } from "./tables.ts";

/** What a filter or a sort names. */
export type Field =
  | { readonly kind: "text" | "digest" | "number" | "seed"; readonly column: keyof SealsTable }
  | { readonly kind: "tag" }
  | { readonly kind: "parent" }
  | { readonly kind: "metric"; readonly name: string };

const columns: Readonly<Record<string, Field>> = {
  run_id: { kind: "text", column: "run_id" },
  artifact_id: { kind: "digest", column: "artifact_id" },
  seal: { kind: "digest", column: "seal" },
  input_key: { kind: "digest", column: "input_key" },
  result_key: { kind: "digest", column: "result_key" },
  env_key: { kind: "digest", column: "env_key" },
  type: { kind: "text", column: "type" },
  status: { kind: "text", column: "status" },
  exit_code: { kind: "number", column: "exit_code" },
  signal: { kind: "text", column: "signal" },
  pass_fail: { kind: "text", column: "pass_fail" },
  name: { kind: "text", column: "name" },
  project: { kind: "text", column: "project" },
  family: { kind: "text", column: "family" },
  tags: { kind: "tag" },
  title: { kind: "text", column: "title" },
  created_at: { kind: "text", column: "created_at" },
  started_at: { kind: "text", column: "started_at" },
  ended_at: { kind: "text", column: "ended_at" },
  duration_ms: { kind: "number", column: "duration_ms" },
  tenant: { kind: "text", column: "tenant" },
  user: { kind: "text", column: "user_name" },
  host: { kind: "text", column: "host" },
  seed: { kind: "seed", column: "seed_order" },
  command: { kind: "text", column: "command_text" },
  files: { kind: "number", column: "files" },
  bytes: { kind: "number", column: "bytes" },
  parents: { kind: "parent" },
  tag: { kind: "tag" },
  parent: { kind: "parent" },
};

const metricPrefix = "metric.";

/**
 * The field that a filter or a sort names.
 *
 * @throws CATALOG_FILTER_INVALID, with the nearest known names in `details.did_you_mean`
 */
export function parseField(text: string): Field {
  if (text.startsWith(metricPrefix) && text.length > metricPrefix.length) {
    return { kind: "metric", name: text.slice(metricPrefix.length) };
  }
  const field = Object.hasOwn(columns, text) ? columns[text] : undefined;
  if (field !== undefined) return field;
  const nearest = nearestNames(text);
  const suggestion = nearest.length === 0 ? "" : ` Did you mean ${nearest.join(" or ")}?`;
  throw catalogErrors.FILTER_INVALID(`There is no field "${text}".${suggestion}`, {
    details: {
      field: text,
      did_you_mean: nearest,
      fields: [...Object.keys(columns), "metric.<name>"],
    },
  });
}

/** Known names that are at most a third of the text away, nearest first. */
function nearestNames(text: string): string[] {
  const word = text.toLowerCase().slice(0, 64);
  return Object.keys(columns)
    .map((name) => ({ name, distance: editDistance(word, name) }))
    .filter(({ name, distance }) => distance <= Math.max(2, name.length / 3))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => name);
}

/** Levenshtein's distance, one row at a time. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j += 1) {
      const change = (row[j] ?? 0) + (letter === to[j] ? 0 : 1);
      next.push(Math.min(change, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
