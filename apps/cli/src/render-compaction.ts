import {
  type BlobCompaction,
  type CompactionReport,
  type CompactionResult,
  formatSize,
  type StoreCompactionReport,
} from "@reseal/gc";
import { harmless } from "./terminal.ts";

/** How a report is shown. */
interface Style {
  /** Also the files that nothing was done with, and why. */
  readonly verbose: boolean;
}

/** A compaction: the summary, then the files that it changed or could not. */
export function renderCompaction(
  report: CompactionReport | StoreCompactionReport,
  { verbose }: Style,
): string {
  const { dry_run, results, changed, failed, original_bytes, compacted_bytes } = report;
  const count = (status: CompactionResult["status"]): number =>
    (results as readonly { readonly status: string }[]).filter((one) => one.status === status)
      .length;
  const what = report.source === "store" ? "blobs" : "files";
  const isRestored = count("restored") > 0;
  const done = isRestored ? "restored" : "compacted";
  const sizes = isRestored
    ? `${formatSize(compacted_bytes)} -> ${formatSize(original_bytes)}`
    : `${formatSize(original_bytes)} -> ${formatSize(compacted_bytes)} (${percent(report.compression_ratio)}, saves ${formatSize(original_bytes - compacted_bytes)})`;
  const lines = [
    `Compaction Summary (DryRun: ${dry_run})`,
    `Total: ${report.files} ${what}; ${changed} ${done}, ${count("not_smaller")} would not shrink, ${count("left")} left alone${failed > 0 ? `, ${failed} failed` : ""}`,
    `Size: ${sizes}`,
  ];
  const shown = (results as readonly (CompactionResult | BlobCompaction)[]).filter(
    ({ status }) => verbose || status === "failed" || (report.source === "pool" && status === done),
  );
  return [...lines, ...(shown.length > 0 ? ["", ...shown.map(resultLine)] : [])].join("\n");
}

function resultLine(result: CompactionResult | BlobCompaction): string {
  const { original_size, compacted_size, compression_ratio, status, reason } = result;
  const path = "original_path" in result ? result.original_path : result.digest;
  const isDone = status === "compacted" || status === "restored";
  const sizes = isDone
    ? `${formatSize(original_size).padStart(6)} -> ${formatSize(compacted_size).padStart(6)}  ${percent(compression_ratio).padStart(6)}`
    : `${formatSize(original_size).padStart(6)}${" ".repeat(18)}`;
  const why = reason === undefined ? "" : `  (${harmless(reason)})`;
  return `  ${status.padEnd(11)}  ${sizes}  ${harmless(path)}${why}`.trimEnd();
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(1)} %`;
}
