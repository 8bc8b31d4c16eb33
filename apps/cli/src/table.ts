import fitting from "fast-string-truncated-width";
import type { Colors } from "./terminal.ts";

/** Rows in columns without lines; the last column is cut to the terminal's width. */
export function renderTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  colors: Colors,
  stream: NodeJS.WriteStream,
): string {
  const lines = [head.map((title) => colors.bold(title)), ...rows];
  const widths = lines.map((cells) => cells.map(columnsOf));
  const widest = head.map((_, index) => Math.max(...widths.map((line) => line[index] ?? 0)));
  const room = stream.isTTY ? stream.columns : Number.POSITIVE_INFINITY;
  return lines
    .map((cells, line) => {
      const padded = cells.map((cell, index) => {
        const missing = (widest[index] ?? 0) - (widths[line]?.[index] ?? 0);
        return cell + " ".repeat(missing + gap);
      });
      return cut(padded.join("").trimEnd(), room);
    })
    .join("\n");
}

/** Spaces between columns. */
const gap = 2;

/** Columns of a terminal that a text takes: none for colours, two for a wide character. */
function columnsOf(text: string): number {
  return fitting(text).width;
}

function cut(line: string, room: number): string {
  // A coloured line is the head, which is short; the others hold no control characters.
  if (line.includes("\u001b") || columnsOf(line) <= room) return line;
  const { index } = fitting(line, { limit: Math.max(0, room - 1) });
  return `${line.slice(0, index)}…`;
}
