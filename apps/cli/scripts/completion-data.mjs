// Write what completion needs to know of the program, so that a key press loads no command.
import { writeFile } from "node:fs/promises";

/** Write `completion.json` into the folder of the built program. */
export async function writeCompletionData(folder) {
  const { CommandContext } = await import("../dist/context.js");
  const { completionData } = await import("../dist/completion/completion-data.js");
  const { stdin, stdout, stderr } = process;
  const host = { cwd: process.cwd(), env: {}, stdin, stdout, stderr };
  const data = await completionData(new CommandContext(host, new AbortController().signal));
  await writeFile(`${folder}/completion.json`, JSON.stringify(data));
}
