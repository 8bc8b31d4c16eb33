import type { Command } from "commander";

/** All that `--help` of a command prints, with what is added after it. */
export function helpText(command: Command): string {
  const output = command.configureOutput();
  const parts: string[] = [];
  command.configureOutput({ ...output, writeOut: (text) => void parts.push(text) });
  try {
    command.outputHelp();
  } finally {
    command.configureOutput(output);
  }
  return parts.join("");
}
