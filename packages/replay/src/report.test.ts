import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { plotSvg } from "./plot-svg.ts";
import type { Report } from "./report.ts";
import { limitedTable, reportRowsMax } from "./report.ts";
import { htmlReport } from "./report-html.ts";
import { markdownReport } from "./report-markdown.ts";

const hostile = `</title><script>alert(1)</script>" onload='x' & \u202e\u0000 [a](javascript:x) | \`b\``;

function reportWith(text: string): Report {
  return {
    title: text,
    summary: text,
    tone: "bad",
    sections: [
      {
        heading: text,
        paragraphs: [text],
        items: [text],
        table: { headings: [text], rows: [[text]] },
        plots: [{ title: text, original: [1, 2, Number.NaN, 3], candidate: [1, 2, 5, 4] }],
      },
    ],
  };
}

test("the HTML report runs and loads nothing, whatever is in it", () => {
  const html = htmlReport(reportWith(hostile));

  expect(html).not.toMatch(/<script/i);
  expect(html).not.toMatch(/ (on\w+|style|src|href)="/);
  expect(html).toContain("default-src 'none'");
  expect(html).not.toContain("\u202e");
  const style = /<style>([\s\S]*)<\/style>/.exec(html)?.[1] ?? "";
  const hash = createHash("sha256").update(style).digest("base64");
  expect(html).toContain(`style-src 'sha256-${hash}'`);
});

test("every text comes out of HTML as it went in, and makes no tag of its own", () => {
  const tags = (html: string): string[] => html.match(/<\/?[a-z]+/gi) ?? [];
  const plain = tags(htmlReport(reportWith("x")));

  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(tags(htmlReport(reportWith(text)))).toEqual(plain);
    }),
    { numRuns: 100 },
  );
});

test("a text in Markdown is on one line and neither HTML, a link nor a cell border", () => {
  const markdown = markdownReport(reportWith(`${hostile}\n# heading\n- item`));

  expect(markdown).not.toMatch(/<script/);
  expect(markdown).not.toMatch(/[^\\]\[a[^\\]\]\(/);
  expect(markdown.match(/^# /gm)).toHaveLength(1);
  expect(markdown.match(/^## /gm)).toHaveLength(1);
  const row = markdown.split("\n").filter((line) => line.startsWith("|"))[2] ?? "";
  expect(row.match(/(?<!\\)\|/g)).toHaveLength(2);
});

test("a plot has both courses, a gap at NaN, and a mark where they part", () => {
  const svg = plotSvg({ title: "x", original: [0, 1, 2, Number.NaN, 4], candidate: [0, 1, 3] });

  expect(svg.match(/class="original"/g)).toHaveLength(2);
  expect(svg.match(/class="candidate"/g)).toHaveLength(1);
  expect(svg).toContain("first difference: 2");
  expect(plotSvg({ title: "x", original: [Number.NaN], candidate: [] })).toBe("");
});

test("a long course is drawn with its peaks and not with all its points", () => {
  const original = Array.from({ length: 100_000 }, (_, index) => (index === 77_777 ? 9 : 0));
  const svg = plotSvg({ title: "x", original, candidate: original });

  expect(svg.length).toBeLessThan(40_000);
  expect(svg).toContain(">9<");
  const ys = [...svg.matchAll(/(\d+\.\d),(\d+\.\d)/g)].map(([, , y]) => Number(y));
  expect(Math.min(...ys)).toBeLessThan(Math.max(...ys) - 100);
});

test("a long table is cut, and says so", () => {
  const rows = Array.from({ length: reportRowsMax + 7 }, (_, index) => [String(index)]);

  expect(limitedTable(["n"], rows).rows.at(-1)).toEqual(["and 7 more"]);
});
