import { stripVTControlCharacters } from "node:util";
import Table from "cli-table3";
import type { Colors } from "./terminal.ts";

/** Rows in columns without lines; the last column is cut to the terminal's width. */
export function renderTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  colors: Colors,
  stream: NodeJS.WriteStream,
): string {
  const table = new Table({
    chars: plainCharacters,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 2, compact: true },
  });
  table.push(
    head.map((title) => colors.bold(title)),
    ...rows.map((row) => [...row]),
  );
  const width = stream.isTTY ? stream.columns : Number.POSITIVE_INFINITY;
  return table
    .toString()
    .split("\n")
    .map((line) => cut(line.trimEnd(), width))
    .join("\n");
}

const plainCharacters = Object.fromEntries(
  "top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid mid-mid right right-mid middle"
    .split(" ")
    .map((place) => [place, ""]),
);

function cut(line: string, width: number): string {
  if (stripVTControlCharacters(line).length <= width) return line;
  // A coloured line is the head, which is short; the others hold no control characters.
  return line.includes("\u001b") ? line : `${line.slice(0, Math.max(0, width - 1))}…`;
}
