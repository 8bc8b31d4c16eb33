import { resolve } from "node:path";
import { importBundle, openBundleZip, runRowOf } from "@reseal/bundle";
import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { commandHelp } from "../help.ts";
import { openPath } from "../open-named.ts";
import { progressLine } from "../progress.ts";
import { rowData } from "../row.ts";
import { parseSize, spoolStdin } from "../spool-stdin.ts";
import { formatBytes, harmless, plural, shortDigest } from "../terminal.ts";

/** `reseal import PATH|-` */
export function importCommand(context: CommandContext): Command {
  return new Command("import")
    .description("Take a bundle into the store, after verifying all of it")
    .argument(
      "<bundle>",
      "an exported bundle: a folder or a ZIP file; - reads a ZIP file from standard input",
    )
    .option("--max-size <size>", "refuse a larger archive from standard input", "64GiB")
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal import ../colleague/bundle", "importing twice changes nothing"],
          ["reseal import run.zip", "a ZIP file"],
          ["curl -fsS https://example.org/run.zip | reseal import -", "from standard input"],
        ],
        {
          0: "imported, or there already",
          3: "not a bundle",
          4: "damaged",
          5: "unsafe names, or a ZIP file that is not safe to read",
        },
      ),
    )
    .action(async (bundle: string, flags: { maxSize: string }) => {
      const bytesMax = parseSize(flags.maxSize);
      await using spooled = bundle === "-" ? await spoolStdin(context, bytesMax) : undefined;
      await using reader = spooled
        ? { ...(await openBundleZip(spooled.path)), location: "standard input" }
        : await openPath(resolve(context.host.cwd, bundle));
      const progress = progressLine(context);
      const { report, tenant } = await context
        .withFirstStore(async (stores) => ({
          report: await importBundle(stores, reader, {
            signal: context.signal,
            onProgress: ({ path, bytes }) =>
              progress.show(`${formatBytes(bytes)}  ${harmless(path)}`),
          }),
          tenant: stores.tenant,
        }))
        .finally(() => progress.clear());
      const row = rowData(runRowOf(reader.manifest, reader.seal, tenant));
      context.result("import/v1", { ...row, is_new: report.isNew }, () => {
        const what = `${plural(report.files, "file")}, ${formatBytes(report.bytes)}, all verified`;
        const verb = report.isNew ? "imported" : "already here:";
        return `${verb} artifact ${shortDigest(row.artifact_id)}  seal ${shortDigest(row.seal)} (${what})`;
      });
    });
}
