import type {
  BackupReport,
  RepairAction,
  RepairReport,
  RestoreReport,
  StoreFinding,
  StoreLock,
  StoreReport,
  StoreStats,
} from "@reseal/connect";
import type { CommandContext } from "./context.ts";
import { renderTable } from "./table.ts";
import { type Colors, formatBytes, harmless, plural, shortDigest } from "./terminal.ts";

/** Findings that are listed before the rest is counted. */
const listedMax = 50;

export function renderCheck(colors: Colors, report: StoreReport): string {
  const { seals, blobs, bytes, read, unreferenced, findings } = report;
  const lines = renderFindings(colors, findings);
  const bad = findings.filter(({ level }) => level !== "note").length;
  const what = `${plural(seals, "seal")}, ${plural(blobs, "blob")}, ${formatBytes(bytes)}`;
  const how = read.blobs === 0 ? "no data read" : `${formatBytes(read.bytes)} read`;
  lines.push(
    bad === 0
      ? `${colors.green("in order")}  ${what}, ${how}`
      : `${colors.red(plural(bad, "finding"))}  ${what}, ${how}`,
  );
  if (unreferenced.blobs > 0) {
    const size = formatBytes(unreferenced.bytes);
    lines.push(`          ${plural(unreferenced.blobs, "blob")} of no run (${size})`);
  }
  return lines.join("\n");
}

function renderFindings(colors: Colors, findings: readonly StoreFinding[]): string[] {
  const paint = { damage: colors.red, fault: colors.yellow, note: colors.dim };
  const lines = findings
    .slice(0, listedMax)
    .map(
      ({ level, code, path, message }) =>
        `${paint[level](level.padEnd(6))}  ${code}  ${harmless(path)}: ${harmless(message)}`,
    );
  const more = findings.length - lines.length;
  return more > 0 ? [...lines, `… and ${plural(more, "finding")} more (--json lists all)`] : lines;
}

export function renderRepair(colors: Colors, report: RepairReport, applied: boolean): string {
  const { actions, lost, quarantine } = report;
  const lines = actions.map((step) => `${describeStep(step)}`);
  for (const { path, message } of lost)
    lines.push(`${colors.red("lost")}  ${path}: ${harmless(message)}`);
  if (lost.length > 0)
    lines.push("Name a store, backup or exported bundle that has what is lost with --from.");
  if (actions.length === 0 && lost.length === 0) lines.push(`${colors.green("nothing to repair")}`);
  else if (applied) lines.push(`${colors.green("done")}  ${plural(actions.length, "step")}`);
  else if (actions.length > 0) lines.push("Nothing was changed. Do it with --apply.");
  if (quarantine !== null) lines.push(`What was moved away lies in ${quarantine}.`);
  return lines.join("\n");
}

function describeStep(step: RepairAction): string {
  const name = step.action.padEnd(10);
  switch (step.action) {
    case "quarantine":
    case "rebuild":
      return `${name}  ${harmless(step.path)}: ${harmless(step.reason)}`;
    case "refill":
      return `${name}  ${step.path} from ${harmless(step.from)}`;
    case "relist":
      return `${name}  ${step.path}: ${plural(step.seals.length, "seal")}`;
    default:
      return `${name}  ${harmless(step.path)}`;
  }
}

export function renderBackup(colors: Colors, report: BackupReport): string {
  const { folder, blobs, bytes, copied, findings } = report;
  return [
    ...renderFindings(colors, findings),
    `backup  ${harmless(folder)}: ${plural(blobs, "blob")}, ${formatBytes(bytes)}`,
    `new     ${plural(copied.blobs, "blob")}, ${formatBytes(copied.bytes)}`,
  ].join("\n");
}

export function renderRestore({ location, seals, blobs, bytes }: RestoreReport): string {
  const what = `${plural(seals, "seal")}, ${plural(blobs, "blob")}, ${formatBytes(bytes)}`;
  return `restored  ${harmless(location)}: ${what}, all verified`;
}

export function renderStats(stats: StoreStats): string {
  const folder = ({ files, bytes }: { files: number; bytes: number }): string =>
    files === 0 ? "empty" : `${plural(files, "file")}, ${formatBytes(bytes)}`;
  const rows: [string, string][] = [
    ["store", harmless(stats.location)],
    ["runs", plural(stats.runs, "run")],
    ["blobs", plural(stats.blobs, "blob")],
    ["logical", `${formatBytes(stats.logical_bytes)} if each run were kept by itself`],
    ["physical", formatBytes(stats.physical_bytes)],
    ["ratio", stats.dedupe_ratio.toFixed(2)],
    ["catalog", formatBytes(stats.catalog_bytes)],
    ["journal", formatBytes(stats.journal_bytes)],
    ["trash", folder(stats.trash)],
    ["temporary", folder(stats.temporary)],
    ["caches", folder(stats.cache)],
    ...stats.largest_runs.map((run): [string, string] => [
      "large run",
      `${formatBytes(run.bytes).padEnd(10)}  ${run.run_id}  ${harmless(run.name ?? "")}`.trimEnd(),
    ]),
    ...stats.largest_blobs.map(({ digest, bytes }): [string, string] => [
      "large blob",
      `${formatBytes(bytes).padEnd(10)}  ${shortDigest(digest)}`,
    ]),
  ];
  return rows.map(([name, value]) => `${name.padEnd(10)}  ${value}`).join("\n");
}

export function renderLocks(context: CommandContext, locks: readonly StoreLock[]): string {
  const explanation = "Nothing needs to be unlocked: no command waits for a dead process.";
  if (locks.length === 0) return `${explanation}\nNo process holds anything here.`;
  const words = { removed: "removed", left_to_recovery: "sealed by recovery", kept: "kept" };
  const rows = locks.map(({ kind, path, owner, host, pid, done }) => [
    kind.replaceAll("_", " "),
    owner,
    `${harmless(host ?? "?")} ${pid ?? "?"}`,
    words[done],
    harmless(path),
  ]);
  const head = ["held", "owner", "process", "now", "path"];
  return `${explanation}\n${renderTable(head, rows, context.out, context.host.stdout)}`;
}
