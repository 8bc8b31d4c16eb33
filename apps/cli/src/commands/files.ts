import { openStoredBundle } from "@reseal/bundle";
import type { FileEntry } from "@reseal/schema";
import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { commandHelp } from "../help.ts";
import { resolveSeal } from "../resolve-run.ts";
import { renderTable } from "../table.ts";
import { formatBytes, harmless, plural, shortDigest } from "../terminal.ts";

interface FilesFlags {
  readonly role?: string;
}

/** `reseal files ID` */
export function filesCommand(context: CommandContext): Command {
  return new Command("files")
    .description("The files of a run: size, role, digest and path")
    .argument("<id>", "run id, artifact id, seal, a unique prefix, or @last")
    .option("--role <name>", "only those of a role, such as output, input, code or log")
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal files @last", "all of them"],
          ["reseal files 3f2a --role output", "what it made"],
        ],
        { 0: "listed", 3: "not found or ambiguous", 4: "the manifest is damaged" },
      ),
    )
    .action(async (id: string, { role }: FilesFlags) => {
      await using stores = await context.openStores();
      const { manifest } = await openStoredBundle(stores, await resolveSeal(context, stores, id));
      const { run_id, files: all, redaction } = manifest.context;
      const files = all.filter((file) => role === undefined || file.role === role);
      const bytes = files.reduce((sum, { size }) => sum + size, 0);
      const data = { run_id, items: files, bytes, withheld: redaction.withheld };
      context.result("files/v1", data, () => render(context, files, bytes));
      const [first] = redaction.withheld;
      if (first !== undefined)
        context.warn(
          `${plural(redaction.withheld.length, "file")} with a secret is not there: ${first.path}`,
        );
    });
}

function render(context: CommandContext, files: readonly FileEntry[], bytes: number): string {
  if (files.length === 0) return "no files";
  const table = renderTable(
    ["size", "role", "digest", "path"],
    files.map(({ path, size, role, digest }) => [
      formatBytes(size),
      role.replaceAll("_", " "),
      shortDigest(digest),
      harmless(path),
    ]),
    context.out,
    context.host.stdout,
  );
  return `${table}\n${plural(files.length, "file")}, ${formatBytes(bytes)}`;
}
