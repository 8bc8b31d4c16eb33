import type { Report, ReportSection, ReportTable } from "./report.ts";

/** A report as GitHub-flavoured Markdown; plots are left to the HTML form. */
export function markdownReport({ title, summary, sections }: Report): string {
  return [`# ${escapeText(title)}`, escapeText(summary), ...sections.flatMap(section), ""]
    .join("\n\n")
    .trimEnd()
    .concat("\n");
}

function section({ heading, paragraphs = [], items, table, plots = [] }: ReportSection): string[] {
  return [
    `## ${escapeText(heading)}`,
    ...paragraphs.map(escapeText),
    ...(items?.length ? [items.map((text) => `- ${escapeText(text)}`).join("\n")] : []),
    ...(table ? [tableText(table)] : []),
    ...plots.map(({ title, original, candidate }) =>
      escapeText(`${title}: ${original.length} and ${candidate.length} values, plotted in HTML.`),
    ),
  ];
}

function tableText({ headings, rows }: ReportTable): string {
  const line = (cells: readonly string[]): string =>
    `| ${headings.map((_, index) => escapeText(cells[index] ?? "")).join(" | ")} |`;
  return [line(headings), `|${headings.map(() => " --- |").join("")}`, ...rows.map(line)].join(
    "\n",
  );
}

/** Plain text in Markdown: nothing of it is markup, a link or HTML, and it stays on one line. */
function escapeText(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\s]+/gu, " ")
    .trim()
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(/([\\`*_[\]|~#])/g, "\\$1")
    .replace(/^(\d+)([.)])/, "$1\\$2")
    .replace(/^([-+>=])/, "\\$1")
    .replaceAll(/(https?):\/\//gi, "$1:&#47;&#47;");
}
