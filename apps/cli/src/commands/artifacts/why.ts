import { Command } from "commander";
import { type PoolFlags, readPoolJournal, withPoolFlags } from "../../artifacts-pool.ts";
import { lookAtPool } from "../../artifacts-scan.ts";
import type { CommandContext } from "../../context.ts";
import { commandHelp } from "../../help.ts";
import { timeText } from "../../render-artifacts.ts";
import { harmless } from "../../terminal.ts";

/** `reseal artifacts why` */
export function whyCommand(context: CommandContext): Command {
  return withPoolFlags(new Command("why"))
    .description("Which rules keep an entry, or let it go")
    .argument("<id>", "the entry; a unique beginning of its id is enough")
    .addHelpText(
      "after",
      commandHelp([["reseal artifacts why a1b2c3d4", "what gc would do with it"]], {
        0: "shown",
        3: "no such entry, or several",
      }),
    )
    .action(async (name: string, flags: PoolFlags) => {
      const gc = await import("@reseal/gc");
      await using looked = await lookAtPool(context, flags);
      const { scan, config, places } = looked;
      const isHere = gc.namedBy(scan.entries, name).length > 0;
      if (!isHere && (await showTrash(context, places, config, name))) return;
      const { id, family, run_id } = gc.entryNamed(scan.entries, name);
      const plan = gc.planPool(scan, config, places, { nowMs: Date.now(), dryRun: true });
      const found = gc.decisionIn(plan, id);
      const reasons = found?.entry.reasons ?? [];
      const policy = config.families.find((one) => one.name === family)?.policy ?? {};
      const { pass_fail, timestamp } = scan.entries.find((one) => one.id === id) ?? {
        pass_fail: "unknown",
        timestamp: "",
      };
      const decision = found?.decision ?? "keep";
      const data = {
        id,
        family,
        run_id,
        timestamp,
        pass_fail,
        decision,
        reasons,
        texts: reasons.map(gc.reasonText),
        policy: gc.policyText(policy),
        trash: null,
      };
      context.result("artifacts-why/v1", data, () =>
        [
          `${id} (${harmless(family)}, ${harmless(run_id)}, ${timeText(timestamp)}, ${pass_fail})`,
          decision === "keep" ? "would be kept:" : "would be deleted:",
          ...reasons.map((reason) => `  ${reason}: ${gc.reasonText(reason)}`),
          `${harmless(family)} ${gc.policyText(policy)}, and what is protected.`,
        ].join("\n"),
      );
    });
}

async function showTrash(
  context: CommandContext,
  places: Awaited<ReturnType<typeof lookAtPool>>["places"],
  config: Awaited<ReturnType<typeof lookAtPool>>["config"],
  name: string,
): Promise<boolean> {
  const gc = await import("@reseal/gc");
  await using journal = await readPoolJournal(places);
  const present = (await gc.readTrash(journal)).filter(gc.isInTrash);
  const items = present.map((item) => ({ ...item, id: item.folder, seal: item.seals?.[0] }));
  const [item] = gc.namedBy(items, name);
  if (item === undefined) return false;
  const { entry_id: id, family, run_id, at, action, folder } = item;
  const until = new Date(Date.parse(at) + config.trashRetentionDays * 86_400_000).toISOString();
  const data = {
    id,
    family,
    run_id,
    timestamp: at,
    pass_fail: "unknown",
    decision: "deleted",
    reasons: [action],
    texts: [`moved to the trash by ${action}`],
    policy: "",
    trash: { folder, at, until },
  };
  context.result("artifacts-why/v1", data, () =>
    [
      `${id} (${harmless(family)}, ${harmless(run_id)})`,
      `is in the trash since ${timeText(at)}, moved there by ${action}; it may be destroyed after ${timeText(until)}.`,
      `Bring it back: reseal artifacts restore ${folder}`,
    ].join("\n"),
  );
  return true;
}
