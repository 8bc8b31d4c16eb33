import { Command } from "commander";
import { openPool, type PoolFlags, withPoolFlags } from "../../artifacts-pool.ts";
import type { CommandContext } from "../../context.ts";
import { cliErrors } from "../../errors.ts";
import { commandHelp } from "../../help.ts";
import { progressLine } from "../../progress.ts";
import { entryCount } from "../../render-artifacts.ts";
import { plural } from "../../terminal.ts";

interface RestoreFlags extends PoolFlags {
  readonly report?: string;
}

/** `reseal artifacts restore` */
export function restoreCommand(context: CommandContext): Command {
  return withPoolFlags(new Command("restore"))
    .description("Bring entries back from the trash; nothing is overwritten")
    .argument("[id...]", "entries in the trash; a unique beginning is enough")
    .option("--report <file>", "undo a whole gc: the .md or the .json of its report")
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal artifacts restore a1b2c3d4", "one entry"],
          ["reseal artifacts restore --report gc_report_20250906_143022.md", "undo a gc"],
        ],
        {
          0: "back in their places",
          2: "wrong usage, or no such report",
          3: "nothing of that name in the trash",
          6: "some are not back: another file is in the way, or what is in the trash is damaged",
          7: "busy",
        },
      ),
    )
    .action(async (ids: readonly string[], flags: RestoreFlags) => {
      if (ids.length > 0 === (flags.report !== undefined))
        throw cliErrors.USAGE("Give ids of entries or --report, one of both.", {
          hint: "`reseal artifacts trash list` shows what is in the trash.",
        });
      const gc = await import("@reseal/gc");
      await using pool = await openPool(context, flags);
      const line = progressLine(context);
      const onProgress = ({ files }: { readonly files: number }): void =>
        line.show(`restoring  ${plural(files, "file")}`);
      const restore = async (): ReturnType<typeof gc.restoreItems> => {
        if (flags.report !== undefined) {
          const { cwd } = context.host;
          const report = await gc.readReport(pool.places.trash, flags.report, cwd);
          return gc.restoreReport(pool, report, onProgress);
        }
        const items = await gc.readTrash(pool.journal);
        return gc.restoreItems(
          pool,
          ids.map((id) => gc.itemNamed(items, id)),
          onProgress,
        );
      };
      const { restored, failed, gone } = await restore().finally(() => line.clear());
      await gc.updatePool(pool, {});
      context.exitCode = failed.length > 0 || gone.length > 0 ? 6 : 0;
      const data = {
        restored: restored.map(({ folder, entry_id, family, run_id, files }) => ({
          folder,
          id: entry_id,
          family,
          run_id,
          files: files.length,
        })),
        failed: failed.map(({ item, code, message }) => ({ folder: item.folder, code, message })),
        gone: gone.map(({ folder }) => folder),
      };
      context.result("artifacts-restore/v1", data, () =>
        [
          `Restored: ${entryCount(restored.length)}, ${plural(
            restored.reduce((sum, { files }) => sum + files.length, 0),
            "file",
          )}`,
          ...data.failed.map(({ folder, message }) => `Failed: ${folder}: ${message}`),
          ...data.gone.map(
            (folder) => `Gone: ${folder} was destroyed after its time in the trash.`,
          ),
        ].join("\n"),
      );
    });
}
