import type { RecordedRun, RunPreview } from "@reseal/record";
import type { Context, Manifest } from "@reseal/schema";
import {
  type Colors,
  formatBytes,
  formatDuration,
  harmless,
  plural,
  shortDigest,
} from "./terminal.ts";

/** The three lines after a run: what it is called, what was captured, what was not. */
export function renderRecorded({ manifest, seal }: RecordedRun, colors: Colors): string[] {
  const { content, context } = manifest;
  const { code, data } = content.inputs;
  const { outputs, metrics = {} } = content.results;
  const took =
    context.duration_ms === undefined ? "" : ` in ${formatDuration(context.duration_ms)}`;
  const { external } = content.inputs;
  const captured = [
    code && `${plural(code.files, "file")} of code`,
    data && `${plural(data.files, "input")} (${formatBytes(data.bytes)})`,
    external && `${plural(external.length, "input")} by digest`,
    outputs && `${plural(outputs.files, "output")} (${formatBytes(outputs.bytes)})`,
    content.results.stdout && "standard output as a result",
    Object.keys(metrics).length > 0 && plural(Object.keys(metrics).length, "metric"),
    "environment and logs",
  ].filter((part) => typeof part === "string");
  const lines = [
    `${statusMark(context.status, colors)} artifact ${colors.bold(shortDigest(context.artifact_id))}` +
      `  seal ${shortDigest(seal)}  run ${context.run_id.slice(0, 8)}  (${context.status}${took})`,
    `  captured ${captured.join(", ")}`,
  ];
  const left = leftOutLine(context);
  lines.push(left === undefined ? "  nothing was left out" : `  ${left}`);
  return lines;
}

/** A word for how a run ended, coloured by whether that is good. */
function statusMark(status: Context["status"], colors: Colors): string {
  if (status === "finished") return colors.green("sealed");
  return status === "interrupted" || status === "incomplete"
    ? colors.yellow("sealed")
    : colors.red("sealed");
}

const reasonWords: Readonly<Record<string, string>> = {
  binary: "binary",
  large: "over 1 MiB",
  ignored: "ignored",
  special: "not regular",
  over_budget: "beyond 50 MiB in all",
  withheld: "with a secret",
  not_portable: "with a name that is not portable",
  unreadable: "unreadable",
  earlier_output: "written by earlier runs",
};

type CodeCounts = NonNullable<Context["not_captured"]["code"]>;

/** What was not captured, and the flag that takes it. */
function leftOutLine({ not_captured }: Context): string | undefined {
  const { paths: _, ...counts }: Partial<CodeCounts> = not_captured.code ?? {};
  const parts = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => `${count} ${reasonWords[reason] ?? reason}`);
  const outputs = not_captured.outputs?.paths.length ?? 0;
  if (outputs > 0) parts.push(plural(outputs, "output"));
  if (parts.length === 0) return undefined;
  const flags = [
    parts.length > (counts.withheld ? 1 : 0) && "--in PATH takes a file",
    counts.withheld ? "--allow-secret PATH one with a secret" : undefined,
  ].filter((part) => typeof part === "string");
  return `not captured: ${parts.join(", ")} (${flags.join(", ")}; \`reseal show\` lists them)`;
}

/** What `--dry-run` prints. */
export function renderDryRun(plan: RunPreview, colors: Colors): string {
  const lines = [
    `${colors.bold("command")}    ${plan.command.map(harmless).join(" ")}`,
    `${colors.bold("workspace")}  ${plan.workspace}`,
    `${colors.bold("code")}       ${plural(plan.code.length, "file")}`,
    ...plan.code.map(({ path, size }) => `  ${harmless(path)}  ${colors.dim(formatBytes(size))}`),
    `${colors.bold("inputs")}     ${plural(plan.inputs.length, "file")}`,
    ...plan.inputs.map(({ path, size }) => `  ${harmless(path)}  ${colors.dim(formatBytes(size))}`),
  ];
  if (plan.external.length > 0) {
    lines.push(`${colors.bold("by digest")}  ${plural(plan.external.length, "file")}`);
    for (const { name } of plan.external) lines.push(`  ${harmless(name)}`);
  }
  lines.push(
    `${colors.bold("left out")}   ${plural(plan.left_out.length, "entry").replace("entrys", "entries")}`,
  );
  for (const { path, reason } of plan.left_out)
    lines.push(`  ${harmless(path)}  ${colors.dim(reasonWords[reason] ?? reason)}`);
  lines.push(
    `${colors.bold("outputs")}    ${plan.output_patterns.length === 0 ? "every file that the command creates or changes" : plan.output_patterns.join(" ")}`,
  );
  return lines.join("\n");
}

/** Everything about one run, for a person. */
export function renderManifest(manifest: Manifest, seal: string, colors: Colors): string {
  const { content, context } = manifest;
  const { inputs, results } = content;
  const rows: (readonly [string, string | undefined])[] = [
    ["run", context.run_id],
    ["artifact", context.artifact_id],
    ["seal", seal],
    ["type", content.type],
    ["status", `${context.status}${exitText(results.exit)}`],
    ["title", context.title],
    ["name", context.name],
    ["project", context.project],
    ["family", context.family],
    ["tags", context.tags.join(", ") || undefined],
    ["notes", context.notes],
    ["authors", context.authors.map((author) => author.name).join(", ") || undefined],
    ["started", context.started_at],
    ["took", context.duration_ms === undefined ? undefined : formatDuration(context.duration_ms)],
    ["by", [context.user, context.host].filter(Boolean).join(" on ") || undefined],
    ["git", gitText(context)],
    ["command", inputs.command?.join(" ")],
    ["in folder", inputs.working_directory],
    ["seed", inputs.seed === undefined ? undefined : String(inputs.seed)],
    ["config", inputs.config],
    ["code", treeText(inputs.code)],
    ["inputs", treeText(inputs.data)],
    ["by digest", inputs.external?.map(({ name }) => name).join(", ")],
    ["outputs", treeText(results.outputs)],
    ["stdout", results.stdout && `a result, ${shortDigest(results.stdout)}`],
    ["verdict", results.verdict?.replaceAll("_", " ")],
    ["input key", context.input_key],
    ["result key", context.result_key ?? "none: nothing to compare"],
    ["env key", context.env_key ?? undefined],
    ["error", context.error?.message],
  ];
  const lines = rows
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([name, value]) => `${colors.bold(name.padEnd(10))} ${harmless(value ?? "")}`);
  section(lines, "metrics", Object.entries(results.metrics ?? {}), colors);
  section(lines, "measured beside", Object.entries(context.context_metrics), colors);
  const parents = context.parents.map(
    (parent) => [parent.relationship, parent.artifact_id] as const,
  );
  section(lines, "parents", parents, colors);
  const left = [
    ...(context.not_captured.code?.paths ?? []),
    ...(context.not_captured.outputs?.paths ?? []),
  ].map(({ path, reason }) => [path, reasonWords[reason] ?? reason.replaceAll("_", " ")] as const);
  section(lines, "not captured", left, colors);
  for (const { message } of context.warnings)
    lines.push(`${colors.yellow("warning")}    ${harmless(message)}`);
  return lines.join("\n");
}

function section(
  lines: string[],
  name: string,
  entries: readonly (readonly [string, string | number])[],
  colors: Colors,
): void {
  if (entries.length === 0) return;
  const width = Math.max(...entries.map(([key]) => key.length));
  lines.push(colors.bold(name));
  for (const [key, value] of entries)
    lines.push(`  ${harmless(key).padEnd(width)}  ${harmless(String(value))}`);
}

function exitText(exit: Manifest["content"]["results"]["exit"]): string {
  if (exit === undefined) return "";
  return "code" in exit ? ` (exit ${exit.code})` : ` (${exit.signal})`;
}

function gitText({ workspace }: Context): string | undefined {
  const git = workspace?.git;
  if (git === undefined) return undefined;
  return `${git.commit.slice(0, 12)}${git.branch ? ` on ${git.branch}` : ""}${git.dirty ? ", changed" : ""}`;
}

function treeText(
  tree: { files: number; bytes: number; tree: string } | undefined,
): string | undefined {
  if (tree === undefined) return undefined;
  return `${plural(tree.files, "file")}, ${formatBytes(tree.bytes)}  tree ${shortDigest(tree.tree)}`;
}
