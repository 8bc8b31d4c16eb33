import { resolve } from "node:path";
import { exportBundle, openStoredBundle } from "@reseal/bundle";
import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { commandHelp } from "../help.ts";
import { resolveSeal } from "../resolve-run.ts";
import { formatBytes, plural, shortDigest } from "../terminal.ts";

/** `reseal export ID -o DIR` */
export function exportCommand(context: CommandContext): Command {
  return new Command("export")
    .description("Write a run as a folder that stands on its own, with checksums and citations")
    .argument("<id>", "run id, artifact id, seal, a unique prefix, or @last")
    .option("-o, --output <folder>", "the folder to make (default: reseal-<artifact>)")
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal export @last -o bundle", "a folder to hand over"],
          ["(cd bundle && sha256sum -c checksums.sha256)", "check it without Reseal"],
        ],
        { 0: "written", 2: "the folder exists", 3: "not found", 4: "damaged in the store" },
      ),
    )
    .action(async (id: string, flags: { output?: string }) => {
      await using stores = await context.openStores();
      const reader = await openStoredBundle(stores, await resolveSeal(context, stores, id));
      const { artifact_id, run_id } = reader.manifest.context;
      const folder = flags.output ?? `reseal-${shortDigest(artifact_id)}`;
      const report = await exportBundle(reader, resolve(context.host.cwd, folder), {
        signal: context.signal,
      });
      const { seal, files, bytes } = report;
      const data = { run_id, artifact_id, seal, path: report.folder, files, bytes };
      context.result("export/v1", data, () => {
        const what = `${plural(files, "file")}, ${formatBytes(bytes)}`;
        return `exported artifact ${shortDigest(artifact_id)} to ${folder} (${what})`;
      });
    });
}
