import { errorText, placeText, statusText, toleranceLines } from "@reseal/replay";
import type {
  ArrayDifference,
  Comparison,
  FileDifference,
  FirstDifference,
  Tolerance,
  ValueDifference,
} from "@reseal/schema";
import { type Colors, harmless, shortDigest } from "./terminal.ts";

/** The five keys side by side and which are equal. */
export function renderKeys({ keys }: Comparison, colors: Colors): string[] {
  const names = ["artifact_id", "input_key", "env_key", "result_key", "seal"] as const;
  return names.map((name) => {
    const { original, candidate, equal } = keys[name];
    if (original === null && candidate === null) return `  ${name.padEnd(11)}  none on either side`;
    const mark = equal ? colors.green("equal    ") : colors.yellow("different");
    const sides = equal
      ? digestText(original)
      : `${digestText(original)}  ${digestText(candidate)}`;
    return `  ${name.padEnd(11)}  ${mark}  ${sides}`;
  });
}

function digestText(digest: string | null): string {
  return digest === null ? "none        " : shortDigest(digest);
}

const verdictMarks: Readonly<Record<string, (colors: Colors) => (text: string) => string>> = {
  reproduced: (colors) => colors.green,
  within_tolerance: (colors) => colors.green,
  diverged: (colors) => colors.red,
  not_comparable: (colors) => colors.yellow,
  failed: (colors) => colors.red,
};

/** The verdict in words, coloured by whether it is good. */
export function renderVerdict(
  { verdict, explained, reason }: Pick<Comparison, "verdict" | "explained" | "reason">,
  colors: Colors,
): string {
  const paint = verdictMarks[verdict]?.(colors) ?? ((text: string) => text);
  const kind = explained === undefined || verdict !== "diverged" ? "" : ` (${explained})`;
  const because = reason === undefined ? "" : `: ${harmless(reason)}`;
  return `${paint(colors.bold(verdict.replaceAll("_", " ")))}${kind}${because}`;
}

/** Where the first difference is, with both values. */
export function renderFirstDifference(difference: FirstDifference): string[] {
  const { original, candidate } = difference;
  return [
    `first difference  ${harmless(placeText(difference, true))}`,
    `  original   ${valueText(original)}`,
    `  candidate  ${valueText(candidate)}`,
  ];
}

/** Longest value that is shown, in characters. */
const shownMax = 200;

function valueText(value: unknown): string {
  if (value === undefined) return "(absent)";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return harmless(text.length > shownMax ? `${text.slice(0, shownMax)}…` : text);
}

/** Differing values, a line each, under a heading; nothing when there is none. */
export function renderValues(
  heading: string,
  differences: readonly ValueDifference[],
  colors: Colors,
): string[] {
  if (differences.length === 0) return [];
  const width = Math.max(...differences.map(({ pointer }) => pointer.length));
  return [
    colors.bold(heading),
    ...differences.map(
      ({ pointer, original, candidate }) =>
        `  ${harmless(pointer).padEnd(width)}  ${valueText(original)} -> ${valueText(candidate)}`,
    ),
  ];
}

/** Differing files, a line each, under a heading; nothing when there is none. */
export function renderFiles(
  heading: string,
  files: readonly FileDifference[],
  colors: Colors,
): string[] {
  const differing = files.filter((file) => file.status !== "equal");
  if (differing.length === 0) return [];
  return [
    colors.bold(heading),
    ...differing.flatMap((file) => [
      fileLine(file, harmless(file.path), errorText(file, file.compared_as)),
      ...(file.arrays ?? []).map((array) =>
        fileLine(array, `  array ${harmless(array.name)}`, errorText(array, "array")),
      ),
    ]),
  ];
}

function fileLine(file: FileDifference | ArrayDifference, name: string, size: string): string {
  return `  ${statusText(file).padEnd(9)}  ${name}${size === "" ? "" : `  ${size}`}`;
}

/** The tolerance that was used, a rule a line; nothing when nothing may differ. */
export function renderTolerance(tolerance: Tolerance, colors: Colors): string[] {
  const lines = toleranceLines(tolerance);
  if (lines.length === 1 && lines[0] === "numbers: exact") return [];
  return [colors.bold("tolerance"), ...lines.map((line) => `  ${harmless(line)}`)];
}

/** Differing metrics, a line each, under a heading; nothing when there is none. */
export function renderMetrics(metrics: Comparison["metrics"], colors: Colors): string[] {
  const differences = metrics
    .filter((metric) => !metric.equal)
    .map(({ name, original, candidate }) => ({
      pointer: name,
      original: original ?? undefined,
      candidate: candidate ?? undefined,
    }));
  return renderValues("metrics", differences, colors);
}
