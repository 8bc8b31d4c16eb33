import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { htmlReport, markdownReport, type Report } from "@reseal/replay";
import { InvalidArgumentError } from "commander";
import type { CommandContext } from "./context.ts";

/** The forms of a report, by the end of the file's name. */
const forms = [".md", ".html", ".json"] as const;

/** A name for `--report`; its end says the form. */
export function parseReportName(text: string): string {
  if (!forms.some((form) => text.toLowerCase().endsWith(form)))
    throw new InvalidArgumentError(`The name of a report ends in ${forms.join(", ")}.`);
  return text;
}

/** What the flag `--report` says in help. */
export const reportHelp = "write a report too: FILE.md, FILE.html (with plots) or FILE.json";

/**
 * Write a report where the user asked for it.
 * @param data What the JSON form holds: the data of the command's `--json`.
 */
export function writeReport(
  context: CommandContext,
  name: string,
  report: () => Report,
  data: unknown,
): void {
  const lower = name.toLowerCase();
  const text = lower.endsWith(".json")
    ? `${JSON.stringify(data, null, 2)}\n`
    : lower.endsWith(".md")
      ? markdownReport(report())
      : htmlReport(report());
  writeFileSync(resolve(context.host.cwd, name), text);
  context.note(`report written to ${name}`);
}
