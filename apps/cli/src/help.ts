/** What each exit status means, for every help page. */
export const exitCodeHelp = `
Exit status: 0 ok · 1 found a difference or a failed check · 2 usage or configuration ·
  3 not found or ambiguous · 4 integrity · 5 refused by policy · 6 partly done · 7 busy ·
  8 remote · 130 interrupted. \`run\` passes on its command's status; its own failure is 125.
`;

/** Examples and the exit statuses of one command, as text after its help. */
export function commandHelp(
  examples: readonly (readonly [command: string, what: string])[],
  exits: Readonly<Record<number, string>>,
): string {
  const width = Math.max(...examples.map(([command]) => command.length));
  const lines = examples.map(([command, what]) => `  $ ${command.padEnd(width)}   ${what}`);
  const codes = Object.entries(exits).map(([code, meaning]) => `  ${code.padStart(3)}  ${meaning}`);
  return `
Examples:
${lines.join("\n")}

Exit status:
${codes.join("\n")}

More: reseal help ids · exit-codes · env · formats · retention`;
}
