// Pages of docs/ that are written by a script: `--check` compares instead of writing.
import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** Write a page, or with `--check` among the arguments say whether it is up to date. */
export function writePage(path, text, { script, args }) {
  const present = existsSync(path) ? readFileSync(path, "utf8") : "";
  if (present === text) return;
  if (!args.includes("--check")) {
    writeFileSync(path, text);
    return;
  }
  process.stdout.write(`${path} is not up to date: run node ${script}\n`);
  process.exitCode = 1;
}

/** A table of Markdown; what stands between two bars needs no escape but for the bar itself. */
export function table(head, rows) {
  const line = (cells) => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), `|${" --- |".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

function cell(text) {
  return String(text).replaceAll("|", "\\|").replaceAll("\n", " ");
}
