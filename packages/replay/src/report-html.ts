import { createHash } from "node:crypto";
import { escapeXml, plotSvg } from "./plot-svg.ts";
import type { Report, ReportSection, ReportTable } from "./report.ts";

const style = `
:root { color-scheme: light dark; --fg: #1b1f24; --bg: #fff; --soft: #59636e; --line: #d1d9e0;
  --good: #116329; --bad: #b02a1c; --a: #0b57b7; --b: #b35900; }
@media (prefers-color-scheme: dark) { :root { --fg: #e6edf3; --bg: #0d1117; --soft: #9198a1;
  --line: #3d444d; --good: #4ac26b; --bad: #ff8073; --a: #6cb6ff; --b: #f0a04b; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--fg); background: var(--bg);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
.summary { font-size: 1.1rem; border-left: 4px solid var(--line); padding: .25rem 1rem; }
.good { border-color: var(--good); } .bad { border-color: var(--bad); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; } th, td { text-align: left; vertical-align: top;
  padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); overflow-wrap: break-word; }
th { color: var(--soft); font-weight: 600; }
td, li { font-variant-numeric: tabular-nums; }
figure { margin: 1rem 0; } figcaption { color: var(--soft); }
svg { width: 100%; height: auto; font: 11px system-ui, sans-serif; fill: var(--soft); }
polyline { fill: none; stroke-width: 1.5; } .axis { stroke: var(--line); }
.original { stroke: var(--a); } .candidate { stroke: var(--b); stroke-dasharray: 5 3; }
.first { stroke: var(--bad); stroke-dasharray: 2 3; }
.key-a { color: var(--a); } .key-b { color: var(--b); }
`;

/**
 * A report as one HTML file that needs nothing else: no script, no other file, no network.
 *
 * Its own content security policy allows its one style sheet and nothing more; every text is
 * escaped.
 */
export function htmlReport(report: Report): string {
  const hash = createHash("sha256").update(style).digest("base64");
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  return [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeXml(report.title)}</title>`,
    `<style>${style}</style>`,
    "</head>",
    "<body>",
    "<main>",
    `<h1>${escapeXml(report.title)}</h1>`,
    `<p class="summary ${report.tone}">${escapeXml(report.summary)}</p>`,
    ...report.sections.map(section),
    "</main>",
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

function section({ heading, paragraphs = [], items, table, plots = [] }: ReportSection): string {
  return [
    "<section>",
    `<h2>${escapeXml(heading)}</h2>`,
    ...paragraphs.map((text) => `<p>${escapeXml(text)}</p>`),
    ...(items ? ["<ul>", ...items.map((text) => `<li>${escapeXml(text)}</li>`), "</ul>"] : []),
    ...(table ? [tableHtml(table)] : []),
    ...plots.map(
      (plot) =>
        `<figure>${plotSvg(plot)}<figcaption>${escapeXml(plot.title)}: ` +
        '<span class="key-a">original</span>, <span class="key-b">candidate (dashed)</span>' +
        "</figcaption></figure>",
    ),
    "</section>",
  ].join("\n");
}

function tableHtml({ headings, rows }: ReportTable): string {
  const row = (cells: readonly string[], tag: string, scope = ""): string =>
    `<tr>${cells.map((cell) => `<${tag}${scope}>${escapeXml(cell)}</${tag}>`).join("")}</tr>`;
  return [
    '<div class="scroll">',
    "<table>",
    `<thead>${row(headings, "th", ' scope="col"')}</thead>`,
    "<tbody>",
    ...rows.map((cells) => row(cells, "td")),
    "</tbody>",
    "</table>",
    "</div>",
  ].join("\n");
}
