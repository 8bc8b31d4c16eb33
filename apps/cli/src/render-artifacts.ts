import { formatSize } from "@reseal/gc";
import type { GcDecision, GcPlan, PoolEntry } from "@reseal/schema";
import { harmless, plural } from "./terminal.ts";

/** How a table is drawn. */
export interface TableStyle {
  /** No character beyond ASCII. */
  readonly ascii: boolean;
  /** Paths under each entry. */
  readonly verbose: boolean;
}

const mb = 1024 * 1024;

/** The table of entries with its legend and its total. */
export function renderEntries(entries: readonly PoolEntry[], style: TableStyle): string {
  const pin = style.ascii ? "P" : "📌";
  const statuses = entries.map(statusOf);
  const widths = [
    Math.max(12, ...entries.map(({ id }) => id.length)),
    Math.max(10, ...entries.map(({ family }) => family.length)),
    19,
    8,
    Math.max(6, ...statuses.map((status) => status.length)),
    6,
  ];
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => cell + " ".repeat(Math.max(0, (widths[index] ?? 0) - widthOf(cell))))
      .join(" ")
      .trimEnd();
  const rows = entries.flatMap((entry, index) => [
    line([
      entry.id,
      harmless(entry.family),
      timeText(entry.timestamp),
      formatSize(entry.total_bytes),
      statuses[index] ?? "",
      entry.is_pinned ? pin : "",
      String(entry.paths.length),
    ]),
    ...(style.verbose ? entry.paths.map((path) => `             ${harmless(path)}`) : []),
  ]);
  return [
    line(["ID", "FAMILY", "TIMESTAMP", "SIZE", "STATUS", "PINNED", "FILES"]),
    ...rows,
    "",
    ...listFooter(entries, style.ascii),
  ].join("\n");
}

/** The legend and the total below a list. */
export function listFooter(entries: readonly PoolEntry[], ascii: boolean): string[] {
  const bytes = entries.reduce((sum, { total_bytes }) => sum + total_bytes, 0);
  return [
    `Legend: * = last run, + = last pass, ${ascii ? "P" : "📌"} = pinned`,
    `Total: ${entryCount(entries.length)}, ${(bytes / mb).toFixed(1)} MB (times are UTC)`,
  ];
}

/** `1 entry`, `2 entries`. */
export function entryCount(count: number): string {
  return count === 1 ? "1 entry" : `${count} entries`;
}

/** `2025-09-06 14:30:22`, in UTC. */
export function timeText(timestamp: string): string {
  return timestamp.slice(0, 19).replace("T", " ");
}

/** `pass*+`: how it ended, and whether it is the last run or the last pass of its family. */
export function statusOf({ pass_fail, is_last_run, is_last_pass }: PoolEntry): string {
  return `${pass_fail}${is_last_run ? "*" : ""}${is_last_pass ? "+" : ""}`;
}

/** Columns on a terminal: a pin takes two. */
function widthOf(text: string): number {
  return [...text].reduce((sum, character) => sum + (character > "\u{1f000}" ? 2 : 1), 0);
}

/** A plan: the summary, the families, and every entry with its reasons. */
export function renderPlan(plan: GcPlan, { verbose }: { readonly verbose: boolean }): string {
  const deleted = plan.family_plans.flatMap(({ to_delete }) => to_delete);
  const kept = plan.family_plans.flatMap(({ to_keep }) => to_keep);
  const lines = [
    `GC Plan Summary (DryRun: ${plan.dry_run})`,
    `Total Entries: ${plan.total_entries}`,
    `To Delete: ${plan.total_to_delete} entries (${formatSize(plan.bytes_to_delete)}, ${plan.files_to_delete} files)`,
    `To Keep: ${plan.total_to_keep} entries`,
    `Safety: ${plan.pinned_kept} pinned, ${plan.last_pass_kept} last-pass, ${plan.last_run_kept} last-run kept`,
    "",
    "By Family:",
    ...plan.family_plans.map(
      ({ family, keep_count, total_entries, bytes_to_delete }) =>
        `  ${harmless(family)}: keep ${keep_count}/${total_entries}, delete ${formatSize(bytes_to_delete)}`,
    ),
  ];
  if (plan.unreferenced !== undefined) {
    const { blobs, bytes } = plan.unreferenced;
    lines.push("", `Unreferenced: ${plural(blobs, "blob")} (${formatSize(bytes)})`);
  }
  if (deleted.length > 0) lines.push("", "Delete:", ...deleted.map(decisionLine));
  if (verbose && kept.length > 0) lines.push("", "Keep:", ...kept.map(decisionLine));
  return lines.join("\n");
}

function decisionLine(decision: GcDecision): string {
  const { id, family, timestamp, pass_fail, total_bytes, files, reasons, run_id } = decision;
  return [
    `  ${id.padEnd(8)}`,
    harmless(family).padEnd(10),
    timeText(timestamp),
    pass_fail.padEnd(7),
    formatSize(total_bytes).padStart(6),
    plural(files, "file").padEnd(8),
    reasons.join(", "),
    `(${harmless(run_id)})`,
  ].join("  ");
}
