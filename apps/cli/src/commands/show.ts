import { openStoredBundle, runRowOf } from "@reseal/bundle";
import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { commandHelp } from "../help.ts";
import { renderManifest } from "../render-run.ts";
import { resolveSeal } from "../resolve-run.ts";
import { rowData } from "../row.ts";
import { renderTable } from "../table.ts";
import { formatBytes, harmless } from "../terminal.ts";

/** `reseal show ID` */
export function showCommand(context: CommandContext): Command {
  return new Command("show")
    .description("Everything about one run")
    .argument("<id>", "run id, artifact id, seal, a unique prefix, or @last")
    .option("--tree", "its files with sizes and roles")
    .option("--manifest", "the manifest itself, byte for byte")
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal show @last", "the newest run"],
          ["reseal show 3f2a --tree", "its files"],
          ["reseal show 3f2a --manifest | sha256sum", "its seal"],
        ],
        { 0: "shown", 3: "not found or ambiguous", 4: "the manifest is damaged" },
      ),
    )
    .action(async (id: string, flags: { tree?: boolean; manifest?: boolean }) => {
      await using stores = await context.openStores();
      const seal = await resolveSeal(context, stores, id);
      const { manifest, manifestBytes } = await openStoredBundle(stores, seal);
      if (flags.manifest === true && context.options.json !== true) {
        context.host.stdout.write(manifestBytes);
        return;
      }
      const row = rowData(runRowOf(manifest, seal, stores.tenant));
      const { content, context: circumstances } = manifest;
      context.result("show/v1", { ...row, content, context: circumstances }, () => {
        if (flags.tree !== true) return renderManifest(manifest, seal, context.out);
        const rows = manifest.context.files.map((file) => [
          formatBytes(file.size),
          file.role,
          file.digest.slice("sha256:".length, "sha256:".length + 12),
          harmless(file.path),
        ]);
        return renderTable(
          ["size", "role", "digest", "path"],
          rows,
          context.out,
          context.host.stdout,
        );
      });
    });
}
