import { runRowKeys } from "@reseal/store";
import { columnNames } from "../columns.ts";
import { type CommandNode, describeProgram } from "../command-tree.ts";
import type { CommandContext } from "../context.ts";
import { errorCodes } from "../error-codes.ts";
import { helpTopics } from "../help-topics.ts";
import type { CompletionData } from "./complete.ts";

/** All that completion needs to know of the program; the build writes it down. */
export async function completionData(context: CommandContext): Promise<CompletionData> {
  const { schemaNames } = await import("@reseal/schema");
  const codes = await errorCodes();
  return {
    program: withoutProse(await describeProgram(context)),
    known: {
      schemas: schemaNames,
      codes: codes.map(({ code }) => code),
      topics: helpTopics.map(({ name }) => name),
      columns: columnNames,
      fields: [...runRowKeys, "tag", "parent"],
    },
  };
}

function withoutProse(command: CommandNode): CommandNode {
  return { ...command, usage: "", after: "", commands: command.commands.map(withoutProse) };
}
