import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { cliErrors } from "../errors.ts";
import { commandHelp } from "../help.ts";

/** `reseal init [dir]` */
export function initCommand(context: CommandContext): Command {
  return new Command("init")
    .description("Write a commented reseal.yaml and make the store; `run` needs neither")
    .argument("[folder]", "the workspace", ".")
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal init", "in the current folder"],
          ["reseal init experiments/lorenz", "in another; it is made"],
          ["reseal schema show project-config", "every key that reseal.yaml may have"],
        ],
        { 0: "written", 2: "there is a reseal.yaml already" },
      ),
    )
    .action(async (folder: string) => {
      const workspace = resolve(context.host.cwd, folder);
      const file = join(workspace, "reseal.yaml");
      if (existsSync(file))
        throw cliErrors.USAGE(`${file} exists.`, { hint: "Edit it; it was left as it is." });
      mkdirSync(workspace, { recursive: true });
      writeFileSync(file, template, { flag: "wx" });
      await using stores = await context.openStores({ create: true, from: workspace });
      const data = { config: file, store: stores.location };
      context.result("init/v1", data, () => `wrote ${file}\nstore  ${stores.location}`);
    });
}

const template = `# reseal.yaml: what holds for every run of this folder. Every key is optional;
# a flag of the command line wins over it. It is not part of a run's code.

# project: butterfly
# family: nightly            # retention family
# title: Predictability of the Lorenz system
# authors:
#   - name: Lovelace, Ada
#     orcid: https://orcid.org/0000-0002-1825-0097
#     affiliation: Analytical Engines
# institution: Analytical Engines
# licence: CC-BY-4.0
# url: https://example.org/butterfly
# tags: [paper]

# seed: 7                    # RESEAL_SEED and {seed}
# config: config.yaml        # resolved, redacted and sealed with every run
# in: [data/]                # inputs, stored
# in_ref: [big/]             # inputs, recorded by digest only
# out: [results/]            # outputs; without it, all that a run writes
# stdout: false              # true: what the command prints is a result
# env: [OMP_NUM_THREADS]     # variables that are part of the question
# context_metrics: ["*elapsed*", "*wall_time*"]

# device: { type: simulator, parameters: { channels: 8 }, capabilities: {} }
# feature_flags: { observability: true, gradients: false, quantum: false }
`;
