import { didYouMean, nearest } from "@reseal/errors";
import type { RunRow } from "@reseal/store";
import { cliErrors } from "./errors.ts";
import { formatBytes, formatDuration, harmless, shortDigest } from "./terminal.ts";

/** A column of `reseal ls`. */
export interface Column {
  readonly title: string;
  readonly text: (run: RunRow, metrics: Readonly<Record<string, number | string>>) => string;
}

const byName: Readonly<Record<string, (run: RunRow) => string | number | null>> = {
  run: (run) => run.run_id.slice(0, 8),
  artifact: (run) => shortDigest(run.artifact_id),
  seal: (run) => shortDigest(run.seal),
  input_key: (run) => shortDigest(run.input_key),
  result_key: (run) => (run.result_key === null ? null : shortDigest(run.result_key)),
  env_key: (run) => (run.env_key === null ? null : shortDigest(run.env_key)),
  type: (run) => run.type,
  status: (run) => run.status,
  exit: (run) => run.exit_code ?? run.signal,
  pass_fail: (run) => run.pass_fail,
  name: (run) => run.name,
  title: (run) => run.title,
  project: (run) => run.project,
  family: (run) => run.family,
  tags: (run) => run.tags.join(","),
  created: (run) => run.created_at.slice(0, 19).replace("T", " "),
  took: (run) => (run.duration_ms === null ? null : formatDuration(run.duration_ms)),
  user: (run) => run.user,
  host: (run) => run.host,
  seed: (run) => run.seed,
  command: (run) => run.command?.join(" ") ?? replayText(run),
  files: (run) => run.files,
  size: (run) => formatBytes(run.bytes),
};

/** A replay has no command of its own; it says what it is about. */
function replayText(run: RunRow): string | null {
  const original = run.parents.find(({ relationship }) => relationship === "original");
  return original === undefined ? null : `(replay of ${shortDigest(original.artifact_id)})`;
}

/** Names that `--columns` takes, besides `metric.NAME` and the full keys of a run. */
export const columnNames: readonly string[] = Object.keys(byName);

/** The columns of some names. @throws `CLI_USAGE` for a name that is none. */
export function columns(names: readonly string[]): Column[] {
  return names.map((name) => {
    if (name.startsWith("metric.")) {
      const metric = name.slice("metric.".length);
      return { title: metric, text: (_, metrics) => harmless(String(metrics[metric] ?? "")) };
    }
    const read = byName[name];
    if (read === undefined)
      throw cliErrors.USAGE(`There is no column ${JSON.stringify(name)}.`, {
        hint: didYouMean(
          nearest(name, columnNames),
          `Columns: ${columnNames.join(", ")}, metric.NAME.`,
        ),
      });
    const title = name === "created" ? "created (UTC)" : name;
    return { title, text: (run) => harmless(String(read(run) ?? "")) };
  });
}
