import { Command, InvalidArgumentError, Option } from "commander";
import { openPool, type PoolFlags, withPoolFlags } from "../../artifacts-pool.ts";
import { scanProgress, warnAbout } from "../../artifacts-scan.ts";
import type { CommandContext } from "../../context.ts";
import { cliErrors } from "../../errors.ts";
import { commandHelp } from "../../help.ts";
import { harmless } from "../../terminal.ts";

interface PinFlags extends PoolFlags {
  readonly id: string;
  readonly on?: boolean;
  readonly off?: boolean;
  readonly reason?: string;
  readonly until?: string;
  readonly for?: "cited" | "promoted";
}

/** `reseal artifacts pin` */
export function pinCommand(context: CommandContext): Command {
  return withPoolFlags(new Command("pin"))
    .description("Promise that an entry is never deleted, or take the promise back")
    .requiredOption("--id <id>", "the entry; a unique beginning of its id is enough")
    .option("--on", "pin it")
    .option("--off", "unpin it")
    .option("--reason <text>", "why, for others")
    .addOption(
      new Option("--for <purpose>", "what others rely on it for").choices(["cited", "promoted"]),
    )
    .option("--until <day>", "the pin ends on this day or at this time (UTC)", parseEnd)
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal artifacts pin --id a1b2c3d4 --on", "keep it"],
          ["reseal artifacts pin --id a1b2c3d4 --on --reason 'in the paper'", "and say why"],
          ["reseal artifacts pin --id a1b2c3d4 --on --for promoted", "others use it now"],
          ["reseal artifacts pin --id a1b2c3d4 --off", "let it go with the others"],
        ],
        { 0: "done", 2: "wrong usage", 3: "no such entry, or several", 7: "busy" },
      ),
    )
    .action(async (flags: PinFlags) => {
      const { on: isOn = false, off: isOff = false } = flags;
      if (isOn === isOff)
        throw cliErrors.USAGE("Give exactly one of --on and --off.", {
          hint: `For example: reseal artifacts pin --id ${flags.id} --on`,
        });
      if (isOff && (flags.reason ?? flags.until ?? flags.for) !== undefined)
        throw cliErrors.USAGE("--reason, --for and --until belong to --on.");
      const gc = await import("@reseal/gc");
      await using pool = await openPool(context, flags);
      await gc.readManifest(pool.places);
      const progress = scanProgress(context);
      const scan = await gc.updatePool(pool, { onProgress: progress.show }).finally(progress.clear);
      warnAbout(context, scan);
      const entry = gc.entryNamed(scan.entries, flags.id);
      const pin = isOn ? await gc.pinEntry(pool, entry, { ...flags, purpose: flags.for }) : null;
      const wasPinned = isOn ? entry.is_pinned : await gc.unpinEntry(pool, entry);
      await gc.updatePool(pool, {});
      const { id, family, run_id } = entry;
      const data = { id, family, run_id, is_pinned: isOn, was_pinned: wasPinned, pin };
      context.result("artifacts-pin/v1", data, () => {
        const word = isOn ? "Pinned" : wasPinned ? "Unpinned" : "It was not pinned:";
        const until = pin?.until === undefined ? "" : ` until ${pin.until}`;
        return `${word} ${id} (${harmless(family)}, ${harmless(run_id)})${until}`;
      });
    });
}

function parseEnd(text: string): string {
  const time = new Date(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T23:59:59.999Z` : text);
  if (Number.isNaN(time.getTime()))
    throw new InvalidArgumentError("It is a day or a time such as 2026-12-31.");
  return time.toISOString();
}
