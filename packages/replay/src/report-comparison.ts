import type {
  Comparison,
  Explanation,
  FileDifference,
  FirstDifference,
  Gate,
  ReplayCheck,
} from "@reseal/schema";
import type { InputComparison } from "./compare-inputs.ts";
import type { Plot } from "./plot-svg.ts";
import { limitedTable, type Report, type ReportSection } from "./report.ts";
import { errorText, placeText, statusText, toleranceLines } from "./report-words.ts";

/** What a report of one comparison tells. */
export interface ComparisonReportParts {
  readonly comparison: Comparison;
  readonly explanation?: Explanation | undefined;
  readonly inputs?: InputComparison | undefined;
  readonly checks?: readonly ReplayCheck[] | undefined;
  /** Courses that differ, from `differingSeries`. */
  readonly plots?: readonly Plot[] | undefined;
  /** Title; a default says which artifacts are compared. */
  readonly title?: string | undefined;
}

/** The report of a replay, or of two runs held against each other. */
export function comparisonReport(parts: ComparisonReportParts): Report {
  const { comparison, title } = parts;
  return {
    title:
      title ??
      `${shortId(comparison.original.artifact_id)} and ${shortId(comparison.candidate.artifact_id)}`,
    summary: verdictText(comparison),
    tone:
      comparison.verdict === "reproduced" || comparison.verdict === "within_tolerance"
        ? "good"
        : "bad",
    sections: comparisonSections(parts),
  };
}

/** The verdict in a sentence, with whether a divergence is explained. */
function verdictText({
  verdict,
  explained,
  reason,
}: Pick<Comparison, "verdict" | "explained" | "reason">): string {
  const kind = verdict === "diverged" && explained !== undefined ? ` (${explained})` : "";
  return `${verdict.replaceAll("_", " ")}${kind}${reason === undefined ? "" : `: ${reason}`}`;
}

/** The sections of {@link comparisonReport}, for reports of several comparisons. */
export function comparisonSections(parts: ComparisonReportParts): ReportSection[] {
  const { comparison, explanation, inputs, checks = [], plots = [] } = parts;
  const differing = comparison.files.filter(({ status }) => status !== "equal");
  const metrics = comparison.metrics.filter(({ equal }) => !equal);
  const first = explanation?.first_difference ?? comparison.first_difference;
  const sections: (ReportSection | undefined)[] = [
    first && firstSection(first),
    explanation && causeSection(explanation),
    plots.length > 0 ? { heading: "Differing series", plots } : undefined,
    differing.length > 0
      ? {
          heading: "Outputs",
          table: limitedTable(
            ["path", "status", "compared as", "first place", "how much"],
            differing.flatMap(outputRows),
          ),
        }
      : undefined,
    metrics.length > 0
      ? {
          heading: "Metrics",
          table: limitedTable(
            ["metric", "original", "candidate", "within tolerance"],
            metrics.map(({ name, original, candidate, within_tolerance }) => [
              name,
              valueText(original),
              valueText(candidate),
              within_tolerance === true ? "yes" : "no",
            ]),
          ),
        }
      : undefined,
    valuesSection("Environment", comparison.environment),
    valuesSection("Configuration", comparison.config),
    inputs && valuesSection("Inputs", inputs.values),
    inputs && inputs.files.length > 0
      ? {
          heading: "Code and input files",
          items: inputs.files.map(({ path, status }) => `${path}: ${status}`),
        }
      : undefined,
    checks.length > 0
      ? {
          heading: "Checks",
          table: limitedTable(
            ["what", "result", "finding"],
            checks.map(({ name, status, message }) => [name, status, message ?? ""]),
          ),
        }
      : undefined,
    keySection(comparison),
    {
      heading: "Tolerance",
      items: toleranceLines(comparison.tolerance),
    },
  ];
  return sections.filter((section) => section !== undefined);
}

/** A file, and the arrays of an archive below it. */
function outputRows(file: FileDifference): string[][] {
  const { path, compared_as: as, arrays = [] } = file;
  return [
    [
      path,
      statusText(file),
      as?.replaceAll("_", " ") ?? "",
      placeText({ path, ...file.first_difference }, false),
      errorText(file, as),
    ],
    ...arrays.map((array) => [
      `${path}: ${array.name}`,
      statusText(array),
      "array",
      placeText({ path, ...array.first_difference }, false),
      errorText(array, "array"),
    ]),
  ];
}

/** The section of a gate's decision. */
export function gateSection({ decision, reasons }: Gate): ReportSection {
  return {
    heading: `Gate: ${decision}`,
    table: limitedTable(
      ["rule", "subject", "candidate", "result", "finding"],
      reasons.map(({ kind, subject, candidate, status, message }) => [
        kind,
        subject,
        candidate === undefined ? "all" : String(candidate + 1),
        status,
        message,
      ]),
    ),
  };
}

function firstSection(first: FirstDifference): ReportSection {
  return {
    heading: "First difference",
    paragraphs: [placeText(first, true)],
    table: {
      headings: ["original", "candidate"],
      rows: [[valueText(first.original), valueText(first.candidate)]],
    },
  };
}

function causeSection({ summary, causes, order }: Explanation): ReportSection {
  const how = {
    produced: "Outputs are in the order in which they were written.",
    data_flow: "Outputs are in the order in which one is made from another.",
    path: "Nobody knows when outputs were written; they are in the order of their paths.",
  }[order];
  return {
    heading: "Likely causes",
    paragraphs: [summary, how],
    table: limitedTable(
      ["", "cause", "how likely", "evidence", "next experiment"],
      causes.map(({ statement, likelihood, evidence, experiment }, index) => [
        String(index + 1),
        statement,
        likelihood,
        evidence.join("; "),
        experiment,
      ]),
    ),
  };
}

function valuesSection(
  heading: string,
  values: Comparison["environment"],
): ReportSection | undefined {
  if (values.length === 0) return undefined;
  return {
    heading,
    table: limitedTable(
      ["where", "original", "candidate"],
      values.map(({ pointer, original, candidate }) => [
        pointer,
        valueText(original),
        valueText(candidate),
      ]),
    ),
  };
}

function keySection({ keys }: Comparison): ReportSection {
  const names = ["artifact_id", "input_key", "env_key", "result_key", "seal"] as const;
  return {
    heading: "Keys",
    table: {
      headings: ["key", "", "original", "candidate"],
      rows: names.map((name) => {
        const { original, candidate, equal } = keys[name];
        return [
          name,
          equal ? "equal" : "different",
          shortId(original ?? "none"),
          shortId(candidate ?? "none"),
        ];
      }),
    },
  };
}

function valueText(value: unknown): string {
  if (value === undefined || value === null) return "(absent)";
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "(absent)");
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

function shortId(digest: string): string {
  return digest.startsWith("sha256:") ? digest.slice(7, 19) : digest;
}
