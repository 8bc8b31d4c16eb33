import type { Shared } from "@reseal/gc";
import { Command } from "commander";
import { openPool, type PoolFlags, readPoolJournal, withPoolFlags } from "../../artifacts-pool.ts";
import { lookAtPool, scanProgress } from "../../artifacts-scan.ts";
import { commandLine } from "../../command-line.ts";
import { confirm } from "../../confirm.ts";
import type { CommandContext } from "../../context.ts";
import { commandHelp } from "../../help.ts";
import { harmless, plural } from "../../terminal.ts";

interface PurgeFlags extends PoolFlags {
  readonly reason: string;
  readonly apply?: boolean;
  readonly force?: boolean;
}

/** `reseal artifacts purge` */
export function purgeCommand(context: CommandContext): Command {
  return withPoolFlags(new Command("purge"))
    .description("Destroy an entry at once, also a protected one: for leaked secrets")
    .argument("<id>", "the entry, in the folder or in the trash")
    .requiredOption("--reason <text>", "why; it stays in the audit log")
    .option("--apply", "do it; it cannot be undone")
    .option("--force", "do not ask")
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal artifacts purge a1b2c3d4 --reason 'leaked key'", "what would be destroyed"],
          ["reseal artifacts purge a1b2c3d4 --reason 'leaked key' --apply", "after asking"],
        ],
        {
          0: "shown or destroyed",
          2: "wrong usage, or nobody to ask",
          3: "no such entry, or several",
          5: "declined, or a file changed",
          7: "busy",
        },
      ),
    )
    .action(async (name: string, flags: PurgeFlags) => {
      const gc = await import("@reseal/gc");
      await using looked = await lookAtPool(context, flags);
      const { scan, places } = looked;
      await using journal = await readPoolJournal(places);
      const target = findTarget(gc, scan, await gc.readTrash(journal), name);
      const subject = target.entry ?? target.item;
      const what = `${target.entry?.id ?? target.item?.folder} (${harmless(subject?.family ?? "")}, ${harmless(subject?.run_id ?? "")})`;
      const isApplied = flags.apply === true;
      if (isApplied && flags.force !== true) {
        const words = commandLine(`reseal artifacts purge ${name}`, [
          ["--pool", flags.pool === "artifacts" ? undefined : flags.pool],
          ["--config", flags.config],
          ["--reason", flags.reason],
        ]);
        await confirm(context, `Destroy ${what} for good?`, `${words} --apply --force`);
      }
      const purged = isApplied ? await purge(context, flags, name) : null;
      const data = {
        id: target.entry?.id ?? target.item?.entry_id ?? name,
        family: subject?.family ?? "",
        run_id: subject?.run_id ?? "",
        reason: flags.reason,
        applied: isApplied,
        files: purged?.files ?? 0,
        bytes: purged?.bytes ?? 0,
        shared: purged?.shared ?? (await gc.sharedOf(scan, target.entry)) ?? noneShared,
      };
      const { files, entries } = data.shared;
      if (files > 0)
        context.warn(
          `${plural(files, "file")} of it ${files === 1 ? "stays" : "stay"}, because other runs have ${files === 1 ? "it" : "them"} as well: ${entries.slice(0, 10).join(", ")}${entries.length > 10 ? " …" : ""}. Purge those too when that is what must go.`,
        );
      context.result("artifacts-purge/v1", data, () =>
        isApplied
          ? `Destroyed ${what}: ${plural(data.files, "file")}. The audit log says why.`
          : `Would destroy ${what}. Nothing was changed. Do it with --apply.`,
      );
    });
}

const noneShared: Shared = { files: 0, entries: [] };

type Gc = typeof import("@reseal/gc");
type Target = Parameters<Gc["purgeEntry"]>[2];

function findTarget(
  gc: Gc,
  scan: Awaited<ReturnType<Gc["scanPool"]>>,
  trash: Awaited<ReturnType<Gc["readTrash"]>>,
  name: string,
): Target {
  const isHere = gc.namedBy(scan.entries, name).length > 0;
  return isHere
    ? { entry: gc.entryNamed(scan.entries, name) }
    : { item: gc.itemNamed(trash, name) };
}

async function purge(
  context: CommandContext,
  flags: PurgeFlags,
  name: string,
): ReturnType<Gc["purgeEntry"]> {
  const gc = await import("@reseal/gc");
  await using pool = await openPool(context, flags);
  const progress = scanProgress(context);
  const scan = await gc.updatePool(pool, { onProgress: progress.show }).finally(progress.clear);
  const target = findTarget(gc, scan, await gc.readTrash(pool.journal), name);
  const purged = await gc.purgeEntry(pool, scan, target, flags.reason);
  await gc.updatePool(pool, {});
  return purged;
}
