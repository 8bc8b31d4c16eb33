import { Command } from "commander";
import { type PoolFlags, withPoolFlags } from "../../artifacts-pool.ts";
import { refreshPool, wantedFamilies } from "../../artifacts-scan.ts";
import type { CommandContext } from "../../context.ts";
import { commandHelp } from "../../help.ts";
import { renderEntries } from "../../render-artifacts.ts";
import { renderTree } from "../../render-tree.ts";
import { harmless } from "../../terminal.ts";

interface ListFlags extends PoolFlags {
  readonly family?: readonly string[];
  readonly ascii?: boolean;
  readonly tree?: boolean;
}

/** `reseal artifacts list` */
export function listCommand(context: CommandContext): Command {
  return withPoolFlags(new Command("list"))
    .description("What runs there are: times, sizes, outcomes, pins")
    .option("--family <name...>", "only these families")
    .option("--tree", "families, their runs, and the files of each by folders")
    .option("--ascii", "no character beyond ASCII")
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal artifacts list", "all runs, newest first"],
          ["reseal artifacts list --family proofs", "one family"],
          ["reseal artifacts list --verbose --family greenwall", "with the paths"],
          ["reseal artifacts list --tree", "what lies where"],
          ["reseal artifacts list --json", "for scripts"],
        ],
        { 0: "listed", 2: "wrong usage or settings", 3: "no such folder", 4: "damaged manifest" },
      ),
    )
    .action(async (flags: ListFlags) => {
      await using looked = await refreshPool(context, flags);
      const { scan, config, places } = looked;
      const wanted = wantedFamilies(config, flags.family, Object.keys(scan.manifest.families));
      const items = scan.manifest.entries.filter(
        ({ family }) => wanted === undefined || wanted.includes(family),
      );
      const data = { location: places.folder, items, next: null };
      const isVerbose = (context.options.verbose ?? 0) > 0;
      if (isVerbose)
        await describe(context, wanted ?? config.families.map(({ name }) => name), config);
      const style = { ascii: flags.ascii === true, verbose: isVerbose };
      context.result("artifacts-list/v1", data, () =>
        flags.tree === true ? renderTree(items, style) : renderEntries(items, style),
      );
    });
}

/** What the families are and how files become entries: for readers who asked for more. */
async function describe(
  context: CommandContext,
  wanted: readonly string[],
  { families }: Awaited<ReturnType<typeof refreshPool>>["config"],
): Promise<void> {
  const { groupingRuleText, policyText } = await import("@reseal/gc");
  context.detail(groupingRuleText);
  for (const { name, title, sources, contains, policy } of families) {
    if (!wanted.includes(name)) continue;
    const parts = [title, sources && `from ${sources}`, contains, policyText(policy)];
    context.detail(harmless(`${name}: ${parts.filter(Boolean).join("; ")}`));
  }
}
