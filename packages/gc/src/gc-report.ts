import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { type GcReport, validate } from "@reseal/schema";
import { gcErrors } from "./errors.ts";
import { formatSize } from "./format-size.ts";
import { syncPath } from "./move-file.ts";

/** Where a report was written. */
export interface ReportPaths {
  readonly markdown: string;
  readonly json: string;
}

/**
 * Write a report as `gc_report_YYYYMMDD_HHMMSS.md` and `.json`; a second one of the same second
 * gets a number.
 * @param folder The trash.
 */
export function writeReport(folder: string, report: GcReport): ReportPaths {
  const stamp = report.start_time.slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "_");
  mkdirSync(folder, { recursive: true });
  for (let number = 1; ; number += 1) {
    const stem = join(folder, `gc_report_${stamp}${number === 1 ? "" : `_${number}`}`);
    const paths = { markdown: `${stem}.md`, json: `${stem}.json` };
    if (existsSync(paths.markdown) || existsSync(paths.json)) continue;
    writeFileSync(paths.json, `${JSON.stringify(report, null, 2)}\n`, { flag: "wx", flush: true });
    const text = renderReport(report, basename(stem));
    writeFileSync(paths.markdown, text, { flag: "wx", flush: true });
    syncPath(dirname(stem));
    return paths;
  }
}

/**
 * Read a report by the name of either of its files.
 * @throws `GC_REPORT_INVALID`
 */
export async function readReport(folder: string, name: string, cwd: string): Promise<GcReport> {
  const json = name.replace(/\.md$/, ".json");
  const inFolder = join(folder, basename(json));
  const path = existsSync(resolve(cwd, json)) ? resolve(cwd, json) : inFolder;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw gcErrors.REPORT_INVALID(`${name} is no report that can be read.`, { cause });
  }
  const [finding] = await validate("gc-report", value);
  if (finding !== undefined)
    throw gcErrors.REPORT_INVALID(
      `${path} is no report of gc: ${finding.pointer || "it"} ${finding.message}.`,
    );
  return value as GcReport;
}

function renderReport(report: GcReport, stem: string): string {
  const { plan } = report;
  const deleted = new Map(report.items.map(({ id, folder }) => [id, folder]));
  return [
    "# Garbage Collection Report",
    "",
    `- **Generated**: ${report.end_time}`,
    `- **Folder**: ${plan.location}`,
    `- **Duration**: ${(report.duration_ms / 1000).toFixed(3)} s`,
    `- **Success**: ${report.success}`,
    `- **Entries deleted**: ${report.entries_deleted} of ${plan.total_to_delete} planned, ${plan.total_entries} in all`,
    `- **Files deleted**: ${report.files_deleted}`,
    `- **Bytes deleted**: ${report.bytes_deleted} (${formatSize(report.bytes_deleted)})`,
    `- **Files moved to trash**: ${report.files_moved_to_trash}`,
    `- **Destroyed, after their time in the trash**: ${report.purged.length}`,
    `- **Undo**: \`reseal artifacts restore --report ${stem}.json\``,
    "",
    ...section("Errors", report.errors, ({ code, message }) => `${code}: ${message}`),
    ...section("Warnings", report.warnings, (text) => text),
    "## By family",
    "",
    "| family | planned | executed | failed | files | bytes |",
    "| --- | --- | --- | --- | --- | --- |",
    ...report.family_results.map(
      ({ family, planned, executed, failed, files, bytes }) =>
        `| ${family} | ${planned} | ${executed} | ${failed} | ${files} | ${bytes} |`,
    ),
    "",
    "## Every decision",
    "",
    "| id | family | run | time | outcome | decision | reasons |",
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...plan.family_plans.flatMap(({ to_keep, to_delete }) => [
      ...to_keep.map((one) => decisionRow(one, "keep")),
      ...to_delete.map((one) => {
        const folder = deleted.get(one.id);
        return decisionRow(one, folder === undefined ? "**not deleted**" : `delete → ${folder}`);
      }),
    ]),
    "",
  ].join("\n");
}

function section<Item>(
  title: string,
  items: readonly Item[],
  textOf: (item: Item) => string,
): string[] {
  if (items.length === 0) return [];
  return [`## ${title}`, "", ...items.map((item) => `- ${oneLine(textOf(item))}`), ""];
}

function decisionRow(
  decision: GcReport["plan"]["family_plans"][number]["to_keep"][number],
  word: string,
): string {
  const { id, family, run_id, timestamp, pass_fail, reasons } = decision;
  const cells = [id, family, run_id, timestamp, pass_fail, word, reasons.join(", ")];
  return `| ${cells.map((cell) => oneLine(cell).replaceAll("|", "\\|")).join(" | ")} |`;
}

function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\s]+/gu, " ");
}
