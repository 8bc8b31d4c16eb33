import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { commandHelp } from "../help.ts";
import { harmless, plural } from "../terminal.ts";

/** `reseal catalog` */
export function catalogCommand(context: CommandContext): Command {
  return new Command("catalog")
    .description("The index of the store")
    .addCommand(rebuildCommand(context))
    .addHelpText(
      "after",
      commandHelp([["reseal catalog rebuild", "make the index anew"]], {
        0: "done",
        2: "wrong usage",
        3: "no store",
      }),
    );
}

function rebuildCommand(context: CommandContext): Command {
  return new Command("rebuild")
    .description("Make the catalog anew from the journal and the blobs; the old one is kept aside")
    .addHelpText(
      "after",
      commandHelp([["reseal catalog rebuild", "others may work on the store meanwhile"]], {
        0: "rebuilt",
        3: "no store",
        4: "rebuilt, but manifests are damaged and their runs are not in it",
        7: "another process keeps the catalog locked; nothing was changed",
      }),
    )
    .action(async () => {
      const location = context.storeLocation();
      const { rebuildCatalog } = await import("@reseal/connect");
      const report = await rebuildCatalog(location, { signal: context.signal });
      context.exitCode = report.damaged.length > 0 ? 4 : 0;
      context.result("catalog-rebuild/v1", report, () => {
        const lines = report.damaged.map(
          ({ message }) => `${context.out.red("damaged")}  ${harmless(message)}`,
        );
        const kept = report.aside === null ? "" : `, the old catalog is ${report.aside}`;
        return [...lines, `rebuilt  ${plural(report.seals, "run")}${kept}`].join("\n");
      });
    });
}
