import { createInterface } from "node:readline/promises";
import type { CommandContext } from "./context.ts";
import { cliErrors } from "./errors.ts";
import { isTerminal } from "./terminal.ts";

/**
 * Ask a person before something is changed that is hard to change back.
 * @param command The same, to be run without being asked.
 * @throws `CLI_USAGE` where nobody can be asked; `CLI_DECLINED` when the answer is not yes.
 */
export async function confirm(
  context: CommandContext,
  question: string,
  command: string,
): Promise<void> {
  const { stdin, stderr } = context.host;
  if (!isTerminal(stdin) || !isTerminal(stderr))
    throw cliErrors.USAGE(`${question} Nobody is there to be asked.`, { hint: `Run: ${command}` });
  const lines = createInterface({ input: stdin, output: stderr });
  try {
    const answer = await lines.question(`${question} [y/N] `, { signal: context.signal });
    if (/^y(es)?$/i.test(answer.trim())) return;
  } finally {
    lines.close();
  }
  throw cliErrors.DECLINED("Nothing was changed.");
}
