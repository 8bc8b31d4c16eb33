import type { GcPlan } from "@reseal/schema";
import { Command } from "commander";
import { type PoolFlags, readConfig, withPoolFlags } from "../../artifacts-pool.ts";
import { lookAtPool } from "../../artifacts-scan.ts";
import type { CommandContext } from "../../context.ts";
import { commandHelp } from "../../help.ts";
import { renderPlan } from "../../render-artifacts.ts";
import { harmless } from "../../terminal.ts";

/** `reseal artifacts policy` */
export function policyCommand(context: CommandContext): Command {
  return new Command("policy")
    .description("Try retention policies before they hold")
    .addCommand(testCommand(context))
    .addHelpText(
      "after",
      commandHelp([["reseal artifacts policy test config/artifacts.yaml", "what it would do"]], {
        0: "shown",
        2: "wrong settings",
      }),
    );
}

function testCommand(context: CommandContext): Command {
  return withPoolFlags(new Command("test"))
    .description("What gc would do with the settings of a file, and how that differs from now")
    .argument("<file>", "settings in the form of config/artifacts.yaml")
    .addHelpText(
      "after",
      commandHelp([["reseal artifacts policy test config/artifacts.yaml", "nothing is changed"]], {
        0: "the settings are right",
        2: "they are not",
        3: "no such folder",
      }),
    )
    .action(async (file: string, flags: PoolFlags) => {
      const gc = await import("@reseal/gc");
      const tested = await readConfig(context, file);
      await using looked = await lookAtPool(context, { ...flags, config: file });
      const { scan, places, config } = looked;
      const options = { nowMs: Date.now(), dryRun: true };
      const plan = gc.planPool(scan, config, places, options);
      const current = await readConfig(context, flags.config);
      const now = deletedBy(gc.planPool(scan, current, places, options));
      const then = deletedBy(plan);
      const data = {
        file,
        families: tested.families.map(({ name, policy }) => ({
          family: name,
          policy: gc.policyText(policy),
        })),
        plan,
        newly_deleted: [...then].filter((id) => !now.has(id)),
        newly_kept: [...now].filter((id) => !then.has(id)),
      };
      for (const warning of plan.warnings) context.warn(warning);
      context.result("artifacts-policy-test/v1", data, () =>
        [
          ...data.families.map(({ family, policy }) => `${harmless(family)} ${policy}`),
          "last pass, last run and pinned are always kept",
          "",
          renderPlan(plan, { verbose: (context.options.verbose ?? 0) > 0 }),
          "",
          `Other than now: ${data.newly_deleted.length} more deleted, ${data.newly_kept.length} more kept`,
        ].join("\n"),
      );
    });
}

function deletedBy(plan: GcPlan): Set<string> {
  return new Set(plan.family_plans.flatMap(({ to_delete }) => to_delete.map(({ id }) => id)));
}
