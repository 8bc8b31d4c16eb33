import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { commandHelp } from "../help.ts";
import { auditCommand } from "./artifacts/audit.ts";
import { artifactsCatCommand } from "./artifacts/cat.ts";
import { compactCommand } from "./artifacts/compact.ts";
import { duCommand } from "./artifacts/du.ts";
import { gcCommand } from "./artifacts/gc.ts";
import { listCommand } from "./artifacts/list.ts";
import { pinCommand } from "./artifacts/pin.ts";
import { policyCommand } from "./artifacts/policy.ts";
import { purgeCommand } from "./artifacts/purge.ts";
import { restoreCommand } from "./artifacts/restore.ts";
import { scanCommand } from "./artifacts/scan.ts";
import { trashCommand } from "./artifacts/trash.ts";
import { whyCommand } from "./artifacts/why.ts";

/** `reseal artifacts` */
export function artifactsCommand(context: CommandContext): Command {
  return new Command("artifacts")
    .description("Keep what matters of many runs: list, pin, clean up, undo")
    .addCommand(listCommand(context))
    .addCommand(gcCommand(context))
    .addCommand(compactCommand(context))
    .addCommand(artifactsCatCommand(context))
    .addCommand(pinCommand(context))
    .addCommand(scanCommand(context))
    .addCommand(whyCommand(context))
    .addCommand(duCommand(context))
    .addCommand(policyCommand(context))
    .addCommand(restoreCommand(context))
    .addCommand(trashCommand(context))
    .addCommand(purgeCommand(context))
    .addCommand(auditCommand(context))
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal artifacts list", "the runs in ./artifacts"],
          ["reseal artifacts gc --dry-run", "what would be deleted, and why"],
          ["reseal artifacts gc --apply", "move it to the trash, after asking"],
          ["reseal artifacts compact --apply", "make the remaining files smaller"],
          ["reseal artifacts restore --report gc_report_20250906_143022.md", "undo that"],
        ],
        {
          0: "done",
          2: "wrong usage or settings, or nobody to ask",
          3: "no such folder or entry",
          4: "damage",
          5: "refused: protected, stale or changed",
          6: "partly done",
          7: "another process is changing the folder",
        },
      ),
    );
}
