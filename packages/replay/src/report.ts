import type { Plot } from "./plot-svg.ts";

/** A report before it has a form: Markdown and HTML are made from the same sections. */
export interface Report {
  readonly title: string;
  /** The finding in a sentence. */
  readonly summary: string;
  /** How the finding is to be taken, for colours. */
  readonly tone: "good" | "bad" | "neutral";
  readonly sections: readonly ReportSection[];
}

/** A part of a report. Every text is plain text; the renderers escape it. */
export interface ReportSection {
  readonly heading: string;
  readonly paragraphs?: readonly string[];
  readonly items?: readonly string[];
  readonly table?: ReportTable;
  readonly plots?: readonly Plot[];
}

/** Rows of cells under headings. */
export interface ReportTable {
  readonly headings: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Most rows of a table, so that a report of a million files can be read. */
export const reportRowsMax = 500;

/** A table that is cut where it is too long, and says so. */
export function limitedTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): ReportTable {
  if (rows.length <= reportRowsMax) return { headings, rows };
  const more = `and ${rows.length - reportRowsMax} more`;
  return { headings, rows: [...rows.slice(0, reportRowsMax), [more]] };
}
