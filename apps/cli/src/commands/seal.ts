import { resolve } from "node:path";
import { runRowOf } from "@reseal/bundle";
import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { type DescriptionFlags, describeRun, findAuthors } from "../describe-run.ts";
import { commandHelp } from "../help.ts";
import { list } from "../list-option.ts";
import { rowData } from "../row.ts";
import { plural, shortDigest } from "../terminal.ts";
import { keepYoungSpaceSmall } from "../young-space.ts";
import { descriptionOptions } from "./run.ts";

interface SealFlags extends DescriptionFlags {
  readonly type?: string;
  readonly allowSecret?: readonly string[];
  readonly strict?: boolean;
}

/** `reseal seal DIR` */
export function sealCommand(context: CommandContext): Command {
  return descriptionOptions(new Command("seal"))
    .description("Make an existing results folder an artifact; nothing is run")
    .argument("<folder>", "every file in it becomes an output")
    .option("--type <type>", "artifact type, a lower-case word", "run")
    .addOption(list("--allow-secret <path>", "store the file although it looks like a secret"))
    .option("--strict", "refuse when a file would be withheld (exit 5)")
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal seal results/2026-05-04", "keep what another tool computed"],
          ["reseal seal out --title 'Figure 2' --tag paper", "with a title and a tag"],
          ["reseal seal out --type calibration --strict", "refused when it holds a secret"],
        ],
        {
          0: "sealed",
          2: "wrong usage",
          3: "no such folder, or nothing in it",
          5: "a secret was found",
        },
      ),
    )
    .action(async (folder: string, flags: SealFlags) => {
      const record = await import("@reseal/record");
      const { cwd, env } = context.host;
      const workspace = record.findWorkspace(cwd);
      const config = await record.readProjectConfig(workspace);
      const { authors } = await findAuthors(config, workspace, env);
      await using stores = await context.openStores({ create: true });
      keepYoungSpaceSmall();
      const { manifest, seal } = await record.sealFolder(stores, {
        folder: resolve(cwd, folder),
        toolVersion: context.version,
        env,
        type: flags.type,
        description: { ...describeRun(flags, config), authors: await authors },
        allowSecrets: flags.allowSecret,
        isStrict: flags.strict,
        signal: context.signal,
      });
      for (const { message } of manifest.context.warnings) context.warn(message);
      const row = runRowOf(manifest, seal, stores.tenant);
      context.result("seal/v1", rowData(row), () => {
        const files = plural(manifest.content.results.outputs?.files ?? 0, "file");
        return `sealed ${files} as artifact ${shortDigest(row.artifact_id)}  seal ${shortDigest(seal)}`;
      });
    });
}
