import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { commandHelp } from "../help.ts";
import { auditCommand } from "./artifacts/audit.ts";

/** `reseal artifacts` */
export function artifactsCommand(context: CommandContext): Command {
  return new Command("artifacts")
    .description("Keep what matters of many runs: list, pin, clean up, undo")
    .addCommand(auditCommand(context))
    .addHelpText(
      "after",
      commandHelp(
        [["reseal artifacts audit --verify", "what was done, and that nobody changed it"]],
        {
          0: "done",
          2: "wrong usage, or nobody to ask",
          3: "no such folder or entry",
          4: "damage",
          5: "refused: protected, stale or changed",
          6: "partly done",
          7: "another process is changing the folder",
        },
      ),
    );
}
