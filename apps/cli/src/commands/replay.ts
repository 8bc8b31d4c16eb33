import { Command } from "commander";
import type { CommandContext } from "../context.ts";
export function replayCommand(context: CommandContext): Command {
  return new Command("replay").action(() => context.note("soon"));
}
