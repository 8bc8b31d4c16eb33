import { resolve } from "node:path";
import {
  type BundleReader,
  type ExportFormat,
  exportBundle,
  exportZip,
  formatOf,
  openStoredBundle,
} from "@reseal/bundle";
import { Command, Option } from "commander";
import type { CommandContext } from "../context.ts";
import { cliErrors } from "../errors.ts";
import { commandHelp } from "../help.ts";
import { resolveSeal } from "../resolve-run.ts";
import { formatBytes, isTerminal, plural, shortDigest } from "../terminal.ts";

interface ExportFlags {
  readonly output?: string;
  readonly format?: ExportFormat;
  readonly compress: boolean;
}

/** `reseal export ID -o PATH|-` */
export function exportCommand(context: CommandContext): Command {
  return new Command("export")
    .description(
      "Write a run as a folder or a ZIP file that stands on its own, with checksums and citations",
    )
    .argument("<id>", "run id, artifact id, seal, a unique prefix, or @last")
    .option(
      "-o, --output <path>",
      "what to make (default: reseal-<artifact>); - is standard output",
    )
    .addOption(
      new Option(
        "--format <format>",
        "unless given, what the name says: zip for *.zip and -",
      ).choices(["folder", "zip"]),
    )
    .option("--no-compress", "store the files of a ZIP file as they are")
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal export @last -o bundle", "a folder to hand over"],
          ["(cd bundle && sha256sum -c checksums.sha256)", "check it without Reseal"],
          ["reseal export @last -o run.zip", "one file; the same run gives the same bytes"],
          ["reseal export @last -o - | ssh host reseal import -", "to another machine"],
        ],
        {
          0: "written",
          2: "there is something of that name",
          3: "not found",
          4: "damaged in the store",
          5: "names that a ZIP file should not have",
        },
      ),
    )
    .action(async (id: string, flags: ExportFlags) => {
      if (flags.output === "-") refuseStandardOutput(context, flags);
      await using stores = await context.openStores();
      const reader = await openStoredBundle(stores, await resolveSeal(context, stores, id));
      if (flags.output === "-") await toStandardOutput(context, reader, flags);
      else await toPath(context, reader, flags);
    });
}

function refuseStandardOutput(context: CommandContext, { format }: ExportFlags): void {
  if (format === "folder") throw cliErrors.USAGE("Standard output takes a ZIP file, not a folder.");
  if (context.options.json === true)
    throw cliErrors.USAGE("Standard output takes the ZIP file or the JSON, not both.");
  if (isTerminal(context.host.stdout))
    throw cliErrors.BINARY_TO_TERMINAL("A ZIP file is not for a terminal.", {
      hint: "Redirect it into a file: reseal export ID -o - > run.zip",
    });
}

async function toStandardOutput(
  context: CommandContext,
  reader: BundleReader,
  { compress }: ExportFlags,
): Promise<void> {
  const { signal } = context;
  const level = compress ? undefined : 0;
  const { files, archiveBytes } = await exportZip(reader, context.host.stdout, { signal, level });
  const { artifact_id } = reader.manifest.context;
  const what = `${plural(files, "file")}, ${formatBytes(archiveBytes)} zipped`;
  context.note(`exported artifact ${shortDigest(artifact_id)} (${what})`);
}

async function toPath(
  context: CommandContext,
  reader: BundleReader,
  { output, format, compress }: ExportFlags,
): Promise<void> {
  const { artifact_id, run_id } = reader.manifest.context;
  const ending = format === "zip" ? ".zip" : "";
  const name = output ?? `reseal-${shortDigest(artifact_id)}${ending}`;
  const report = await exportBundle(reader, resolve(context.host.cwd, name), {
    format: format ?? formatOf(name),
    level: compress ? undefined : 0,
    signal: context.signal,
  });
  const { seal, files, bytes, path, archiveBytes } = report;
  const data = {
    run_id,
    artifact_id,
    seal,
    path,
    format: report.format,
    files,
    bytes,
    ...(archiveBytes !== undefined && { archive_bytes: archiveBytes }),
  };
  context.result("export/v1", data, () => {
    const zipped = archiveBytes === undefined ? "" : `, ${formatBytes(archiveBytes)} zipped`;
    const what = `${plural(files, "file")}, ${formatBytes(bytes)}${zipped}`;
    return `exported artifact ${shortDigest(artifact_id)} to ${name} (${what})`;
  });
}
