/** What to clean up. */
export interface MarkdownCleaning {
  /** Remove headings under which there is nothing. */
  readonly removeEmptySections: boolean;
  /** Write headings as `## Text`, at the level that they have. */
  readonly canonicalHeaders: boolean;
}

/** A line, and what it is to the clean-up. */
interface Line {
  /** Without its line feed, with its carriage return. */
  readonly text: string;
  readonly kind: "heading" | "blank" | "text" | "opaque";
  /** Of a heading. */
  readonly level: number;
  readonly title: string;
}

/**
 * Clean up Markdown: remove empty sections, write headings in one way, and leave one blank line
 * where there were several. Everything else stays as it is to the byte: front matter, code, HTML,
 * comments, tables, mathematics, hard line breaks. The same text always gives the same text, and
 * cleaning again changes nothing.
 *
 * The first heading of a text is its title and stays, and so does a heading whose text stands under
 * its sub-headings. A text whose structure cannot be told for certain is given back as it is.
 */
export function cleanMarkdown(text: string, options: MarkdownCleaning): string {
  const lines = readLines(text);
  if (lines === undefined) return text;
  const kept = options.removeEmptySections ? withoutEmptySections(lines) : lines;
  const single = withoutBlankRuns(kept);
  const end = text.endsWith("\n") ? "\n" : "";
  return single.map((line) => textOf(line, options)).join("\n") + end;
}

function textOf(line: Line, { canonicalHeaders }: MarkdownCleaning): string {
  if (line.kind !== "heading" || !canonicalHeaders) return line.text;
  const marks = "#".repeat(line.level);
  const end = line.text.endsWith("\r") ? "\r" : "";
  return (line.title === "" ? marks : `${marks} ${line.title}`) + end;
}

/** Headings without indentation: an indented one may belong to a list. */
const heading = /^(#{1,6})(?:[ \t]+(.*?))??(?:[ \t]+#+)?[ \t]*$/;
const fence = /^( *)(`{3,}|~{3,})(.*)$/;
const htmlBlock = /^ {0,3}<[!/?A-Za-z]/;
const htmlUntil: readonly (readonly [RegExp, RegExp])[] = [
  [/^ {0,3}<!--/, /-->/],
  [/^ {0,3}<(?:pre|script|style|textarea)\b/i, /<\/(?:pre|script|style|textarea)>/i],
  [/^ {0,3}<\?/, /\?>/],
  [/^ {0,3}<!\[CDATA\[/, /\]\]>/],
];

/** `undefined` where fences stand so deep that they may or may not be fences. */
function readLines(text: string): Line[] | undefined {
  const texts = text.split("\n");
  if (text.endsWith("\n")) texts.pop();
  const lines: Line[] = [];
  let isOver = frontMatterEnd(texts[0]);
  for (const [index, raw] of texts.entries()) {
    const line = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
    if (isOver !== undefined) {
      lines.push(other(raw, "opaque"));
      if (index > 0 && isOver(line)) isOver = undefined;
      continue;
    }
    const [, indent = "", marks, info = ""] = fence.exec(line) ?? [];
    if (marks !== undefined && !(marks.startsWith("`") && info.includes("`"))) {
      if (indent.length > 3) return undefined;
      isOver = fenceEnd(marks);
      lines.push(other(raw, "opaque"));
      continue;
    }
    const html = htmlUntil.find(([begin]) => begin.test(line));
    if (html !== undefined) {
      if (!html[1].test(line.replace(html[0], ""))) isOver = (later) => html[1].test(later);
      lines.push(other(raw, "opaque"));
      continue;
    }
    if (htmlBlock.test(line)) isOver = (later) => later.trim() === "";
    else if (line.trim() === "$$") isOver = (later) => later.trim() === "$$";
    if (isOver !== undefined) {
      lines.push(other(raw, "opaque"));
      continue;
    }
    const found = heading.exec(line);
    if (found !== null)
      lines.push({
        text: raw,
        kind: "heading",
        level: found[1]?.length ?? 1,
        title: (found[2] ?? "").trim(),
      });
    else lines.push(other(raw, line.trim() === "" ? "blank" : "text"));
  }
  return lines;
}

function other(text: string, kind: Line["kind"]): Line {
  return { text, kind, level: 0, title: "" };
}

/** Front matter begins a text or is none. */
function frontMatterEnd(first: string | undefined): ((line: string) => boolean) | undefined {
  const mark = first?.trimEnd();
  if (mark === "---") return (line) => /^(?:---|\.\.\.)[ \t]*$/.test(line);
  return mark === "+++" ? (line) => /^\+\+\+[ \t]*$/.test(line) : undefined;
}

function fenceEnd(marks: string): (line: string) => boolean {
  const [mark = "`"] = marks;
  const end = new RegExp(`^ {0,3}\\${mark}{${marks.length},}[ \\t]*$`);
  return (line) => end.test(line);
}

/** From the last heading to the first: whether something stands under it, or under one of its own. */
function withoutEmptySections(lines: readonly Line[]): Line[] {
  const first = lines.findIndex(({ kind }) => kind === "heading");
  const isDropped = new Array<boolean>(lines.length).fill(false);
  /** Level of the next heading that stays. */
  let following = 0;
  let hasText = false;
  for (let index = lines.length - 1; index >= 0; index -= 1) {
    const line = lines[index];
    if (line === undefined) continue;
    if (line.kind !== "heading") {
      hasText ||= line.kind !== "blank";
      continue;
    }
    const hasChildren = following > line.level;
    isDropped[index] = !hasText && !hasChildren && index !== first;
    if (isDropped[index]) continue;
    following = line.level;
    hasText = false;
  }
  const kept = lines.filter((_, index) => !isDropped[index]);
  // What stood before an empty section at the end.
  while (kept.length < lines.length && kept.at(-1)?.kind === "blank") kept.pop();
  return kept;
}

/** One blank line for several, but not between lines that may be indented code. */
function withoutBlankRuns(lines: readonly Line[]): Line[] {
  const kept: Line[] = [];
  for (let index = 0; index < lines.length; ) {
    const line = lines[index];
    if (line === undefined) break;
    let end = index + 1;
    if (line.kind === "blank") while (lines[end]?.kind === "blank") end += 1;
    const isBesideCode = isIndented(lines[index - 1]) || isIndented(lines[end]);
    if (line.kind === "blank" && !isBesideCode) kept.push({ ...line, text: lineEnd(line.text) });
    else kept.push(...lines.slice(index, end));
    index = end;
  }
  return kept;
}

function lineEnd(text: string): string {
  return text.endsWith("\r") ? "\r" : "";
}

function isIndented(line: Line | undefined): boolean {
  return line?.kind === "text" && /^(?: {4}| {0,3}\t)/.test(line.text);
}
