import { walkLineage } from "@reseal/bundle";
import { Command, InvalidArgumentError, Option } from "commander";
import type { CommandContext } from "../context.ts";
import { commandHelp } from "../help.ts";
import { lineageDot, lineageMermaid, lineageTree } from "../render-lineage.ts";
import { resolveRun } from "../resolve-run.ts";

const formats = ["tree", "json", "dot", "mermaid"] as const;

interface ProvFlags {
  readonly format: (typeof formats)[number];
  readonly up?: number;
  readonly down?: number;
}

/** `reseal prov ID` */
export function provCommand(context: CommandContext): Command {
  return new Command("prov")
    .description("Where an artifact comes from and what came of it")
    .argument("<id>", "run id, artifact id, seal, a unique prefix, or @last")
    .addOption(new Option("--format <name>", "the format").choices(formats).default("tree"))
    .option("--up <count>", "only so many levels of ancestors", parseLevels)
    .option("--down <count>", "only so many levels of descendants", parseLevels)
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal prov @last", "ancestors and descendants"],
          ["reseal prov 3f2a --up 1 --down 0", "its parents only"],
          ["reseal prov 3f2a --format dot > lineage.dot", "a drawing, for Graphviz"],
          ["reseal prov 3f2a --format mermaid", "a drawing for Markdown"],
        ],
        { 0: "shown, also with a warning that parents are missing", 3: "not found or ambiguous" },
      ),
    )
    .action(async (id: string, { format, up, down }: ProvFlags) => {
      await using stores = await context.openStores();
      const root = await resolveRun(context, stores, id);
      const lineage = await walkLineage(stores, root, { up, down, signal: context.signal });
      for (const { message } of lineage.findings) context.warn(message);
      if (lineage.is_cut) context.note("There is more; give larger --up and --down for it.");
      const text = {
        tree: () => lineageTree(lineage, context.out),
        json: () => JSON.stringify(lineage, null, 2),
        dot: () => lineageDot(lineage),
        mermaid: () => lineageMermaid(lineage),
      }[format]();
      context.result("prov/v1", { format, ...lineage, text }, () => text);
    });
}

function parseLevels(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError("It is a whole number from 0.");
  return Number(text);
}
