import { statSync } from "node:fs";
import { formatSize, isInTrash, readTrash } from "@reseal/gc";
import { Command } from "commander";
import { type PoolFlags, readPoolJournal, withPoolFlags } from "../../artifacts-pool.ts";
import { lookAtPool } from "../../artifacts-scan.ts";
import type { CommandContext } from "../../context.ts";
import { commandHelp } from "../../help.ts";
import { renderTable } from "../../table.ts";

/** `reseal artifacts du` */
export function duCommand(context: CommandContext): Command {
  return withPoolFlags(new Command("du"))
    .description("What each family, the trash and the manifest take of the disk")
    .addHelpText(
      "after",
      commandHelp([["reseal artifacts du", "by family, and in all"]], {
        0: "shown",
        3: "no such folder",
      }),
    )
    .action(async (flags: PoolFlags) => {
      await using looked = await lookAtPool(context, flags);
      const { scan, config, places } = looked;
      await using journal = await readPoolJournal(places);
      const items = (await readTrash(journal)).filter(isInTrash);
      const families = config.families.map(({ name }) => {
        const entries = scan.entries.filter(({ family }) => family === name);
        return {
          family: name,
          entries: entries.length,
          files: sum(entries, ({ paths }) => paths.length),
          bytes: sum(entries, ({ total_bytes }) => total_bytes),
        };
      });
      const trash = {
        items: items.length,
        files: sum(items, ({ files }) => files.length),
        bytes: sum(items, ({ files }) => sum(files, ({ size }) => size)),
      };
      const manifestBytes = statSync(places.manifest, { throwIfNoEntry: false })?.size ?? 0;
      const total = sum(families, ({ bytes }) => bytes) + trash.bytes + manifestBytes;
      const data = {
        location: places.folder,
        families,
        trash,
        manifest_bytes: manifestBytes,
        total_bytes: total,
      };
      context.result("artifacts-du/v1", data, () => {
        const rows = families.map(({ family, entries, files, bytes }) => [
          family,
          String(entries),
          String(files),
          formatSize(bytes),
        ]);
        rows.push(["(trash)", String(trash.items), String(trash.files), formatSize(trash.bytes)]);
        rows.push(["(manifest)", "", "1", formatSize(manifestBytes)]);
        const head = ["FAMILY", "ENTRIES", "FILES", "SIZE"];
        const mb = (total / 1024 / 1024).toFixed(1);
        return `${renderTable(head, rows, context.out, context.host.stdout)}\n\nTotal: ${mb} MB`;
      });
    });
}

function sum<Item>(items: readonly Item[], numberOf: (item: Item) => number): number {
  return items.reduce((total, item) => total + numberOf(item), 0);
}
