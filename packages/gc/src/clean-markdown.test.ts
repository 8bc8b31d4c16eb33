import fc from "fast-check";
import { expect, test } from "vitest";
import { cleanMarkdown } from "./clean-markdown.ts";

const all = { removeEmptySections: true, canonicalHeaders: true };
const clean = (text: string): string => cleanMarkdown(text, all);

test("S4-072: removes empty sections, but no heading whose text stands under its sub-headings", () => {
  const text = `# Report

## Empty

## Parent

### Child with text

Text.

### Empty child

## Empty parent

### Empty grandchild

#### And one more

## Last
`;

  expect(clean(text)).toBe(`# Report

## Parent

### Child with text

Text.
`);
});

test("S4-073: writes headings in one way and keeps their level", () => {
  const text =
    "#   One   #\nx\n##\tTwo ##  \nx\n### \nx\n#### C#\nx\n##### 5 \\#\nx\n#six\n####### seven\n";

  expect(clean(text)).toBe(
    "# One\nx\n## Two\nx\n###\nx\n#### C#\nx\n##### 5 \\#\nx\n#six\n####### seven\n",
  );
});

test.for([
  ["a fence", "```sh\n# no heading\n\n\n## none either\n```"],
  ["a fence of tildes with a fence in it", "~~~~\n```\n# no\n~~~\n```\n# no\n~~~~"],
  ["a fence that nobody closes", "```\n# no\n\n\n## no"],
  ["indented code", "    # no\n\n\n    # no"],
  ["a table", "| a  |  b |\n|:---|---:|\n| # x |  y  |"],
  ["an HTML comment", "<!-- note\n\n\n## no\n-->"],
  ["an HTML block", "<div>\n## no\n</div>"],
  ["preformatted HTML", "<pre>\n\n\n## no\n</pre>"],
  ["a quotation", "> # Quoted\n>\n>\n> ## More"],
  ["a list with a heading in it", "- item\n\n  ## in the item"],
  ["mathematics", "$$\n\n\n# x\n$$"],
  ["hard line breaks and inner spaces", "one  \ntwo   words\t\nthree"],
  ["an underlined heading", "Title\n-----"],
] as const)("leaves %s as it is", ([, block]) => {
  const text = `# Title\n\n${block}\n`;

  expect(clean(text)).toBe(text);
});

test("leaves front matter as it is", () => {
  const text = "---\ntitle: x\n\n\n# a comment\n---\n\n# Title\n\nText.\n";

  expect(clean(text)).toBe(text);
});

test("gives a text back as it is when its fences may be code themselves", () => {
  const text = "# Title\n\n1. item\n\n    ```\n# what is this\n    ```\n\n\n\n## Empty\n";

  expect(clean(text)).toBe(text);
});

test("leaves one blank line where there were several, and keeps CRLF and a missing last feed", () => {
  expect(clean("# T\r\n\r\n \r\n\r\nText.\r\n\r\n\r\nMore.")).toBe("# T\r\n\r\nText.\r\n\r\nMore.");
});

test("keeps the title of a text that has nothing else, and an empty text", () => {
  expect(clean("# Title\n\n## Empty\n")).toBe("# Title\n");
  expect(clean("")).toBe("");
  expect(clean("Text without headings.\n\n\nMore.\n")).toBe("Text without headings.\n\nMore.\n");
});

test("does only what it is told to", () => {
  const text = "# T\n\n##  Empty  ##\n";

  expect(cleanMarkdown(text, { removeEmptySections: false, canonicalHeaders: false })).toBe(text);
  expect(cleanMarkdown(text, { ...all, removeEmptySections: false })).toBe("# T\n\n## Empty\n");
});

test("changes nothing the second time, and no line but headings and blank ones", () => {
  const line = fc.constantFrom(
    ..."# A|## B ##|###  C|#### D|text|  two  |```|~~~|    code|    ```|<!-- x|-->|<div>|---|".split(
      "|",
    ),
    "",
    "",
    "$$",
    "- item",
    "| a |",
    "<pre>",
    "</pre>",
    "text\r",
    "\r",
  );

  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), fc.boolean(), (lines, isEnded) => {
      const text = lines.join("\n") + (isEnded ? "\n" : "");
      const once = clean(text);
      expect(clean(once)).toBe(once);
      const others = (value: string): string[] =>
        value.split("\n").filter((one) => one.trim() !== "" && !/^#{1,6}\s/.test(one));
      expect(others(once)).toEqual(others(text));
    }),
    { numRuns: 1000 },
  );
});
