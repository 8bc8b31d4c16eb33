import { storeFormat } from "@reseal/connect";
import { schemaNames } from "@reseal/schema";
import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { commandHelp } from "../help.ts";

/** `reseal version` */
export function versionCommand(context: CommandContext): Command {
  return new Command("version")
    .description("Versions of Reseal, Node and the formats")
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal version", "for people"],
          ["reseal version --json", "for a bug report"],
          ["reseal --version", "one number; the quickest"],
        ],
        { 0: "printed" },
      ),
    )
    .action(() => {
      const data = {
        reseal: context.version,
        node: process.versions.node,
        platform: `${process.platform}-${process.arch}`,
        content_version: 1,
        store_format: storeFormat,
        schemas: schemaNames.map((name) => `${name}/v1`),
      };
      context.result(
        "version/v1",
        data,
        () =>
          `reseal ${data.reseal}\nnode ${data.node} ${data.platform}\n` +
          `content version ${data.content_version}, store format ${data.store_format}`,
      );
    });
}
