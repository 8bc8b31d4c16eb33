import { resolve } from "node:path";
import { importBundle, openBundleFolder, sealRecordOf } from "@reseal/bundle";
import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { commandHelp } from "../help.ts";
import { progressLine } from "../progress.ts";
import { rowData } from "../row.ts";
import { formatBytes, harmless, plural, shortDigest } from "../terminal.ts";

/** `reseal import DIR` */
export function importCommand(context: CommandContext): Command {
  return new Command("import")
    .description("Take a bundle into the store, after verifying all of it")
    .argument("<folder>", "a folder with an exported bundle")
    .addHelpText(
      "after",
      commandHelp([["reseal import ../colleague/bundle", "importing twice changes nothing"]], {
        0: "imported, or there already",
        3: "not a bundle",
        4: "damaged",
        5: "unsafe names",
      }),
    )
    .action(async (folder: string) => {
      const reader = await openBundleFolder(resolve(context.host.cwd, folder));
      await using stores = await context.openStores({ create: true });
      const progress = progressLine(context);
      const report = await importBundle(stores, reader, {
        signal: context.signal,
        onProgress: ({ path, bytes }) => progress.show(`${formatBytes(bytes)}  ${harmless(path)}`),
      }).finally(() => progress.clear());
      const row = rowData(sealRecordOf(reader.manifest, reader.seal, stores.tenant));
      context.result("import/v1", { ...row, is_new: report.isNew }, () => {
        const what = `${plural(report.files, "file")}, ${formatBytes(report.bytes)}, all verified`;
        const verb = report.isNew ? "imported" : "already here:";
        return `${verb} artifact ${shortDigest(row.artifact_id)}  seal ${shortDigest(row.seal)} (${what})`;
      });
    });
}
