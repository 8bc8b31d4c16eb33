import {
  appendAudit,
  formatSize,
  isInTrash,
  purgeItems,
  readTrash,
  type TrashItem,
} from "@reseal/gc";
import { Command, InvalidArgumentError } from "commander";
import {
  findPool,
  openPool,
  type PoolFlags,
  readPoolJournal,
  withPoolFlags,
} from "../../artifacts-pool.ts";
import { commandLine } from "../../command-line.ts";
import { confirm } from "../../confirm.ts";
import type { CommandContext } from "../../context.ts";
import { commandHelp } from "../../help.ts";
import { entryCount, timeText } from "../../render-artifacts.ts";
import { renderTable } from "../../table.ts";
import { harmless } from "../../terminal.ts";

/** `reseal artifacts trash` */
export function trashCommand(context: CommandContext): Command {
  return new Command("trash")
    .description("What was deleted and can still be brought back")
    .addCommand(listCommand(context))
    .addCommand(emptyCommand(context))
    .addHelpText(
      "after",
      commandHelp([["reseal artifacts trash list", "what can be restored, and until when"]], {
        0: "done",
        2: "wrong usage, or nobody to ask",
      }),
    );
}

function listCommand(context: CommandContext): Command {
  return withPoolFlags(new Command("list"))
    .description("What is in the trash, since when, and when it may be destroyed")
    .addHelpText(
      "after",
      commandHelp([["reseal artifacts trash list", "oldest first"]], {
        0: "listed",
        3: "no such folder",
      }),
    )
    .action(async (flags: PoolFlags) => {
      const { places, config } = await findPool(context, flags);
      await using journal = await readPoolJournal(places);
      const items = (await readTrash(journal)).filter(isInTrash);
      const data = {
        location: places.trash,
        items: items.map((item) => rowOf(item, config.trashRetentionDays)),
        next: null,
      };
      context.result("artifacts-trash-list/v1", data, () => renderItems(context, data.items));
    });
}

interface EmptyFlags extends PoolFlags {
  readonly olderThan?: number;
  readonly apply?: boolean;
  readonly force?: boolean;
}

function emptyCommand(context: CommandContext): Command {
  return withPoolFlags(new Command("empty"))
    .description("Destroy what is in the trash; without --apply, only say what that is")
    .option("--older-than <days>", "only what is there for more days than this", parseDays)
    .option("--apply", "do it; it cannot be undone")
    .option("--force", "do not ask")
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal artifacts trash empty --older-than 7", "what would be destroyed"],
          ["reseal artifacts trash empty --older-than 7 --apply", "destroy it, after asking"],
        ],
        { 0: "shown or done", 2: "wrong usage, or nobody to ask", 5: "declined", 7: "busy" },
      ),
    )
    .action(async (flags: EmptyFlags) => {
      const { places, config } = await findPool(context, flags);
      const isApplied = flags.apply === true;
      if (isApplied && flags.force !== true) {
        await using journal = await readPoolJournal(places);
        const doomed = olderThan(await readTrash(journal), flags.olderThan);
        const words = commandLine("reseal artifacts trash empty", [
          ["--pool", flags.pool === "artifacts" ? undefined : flags.pool],
          ["--config", flags.config],
          ["--older-than", flags.olderThan?.toString()],
        ]);
        const what = `${entryCount(doomed.length)} (${formatSize(bytesOf(doomed))})`;
        await confirm(context, `Destroy ${what} for good?`, `${words} --apply --force`);
      }
      const doomed = isApplied ? await empty(context, flags) : await lookAt(places, flags);
      const data = {
        location: places.trash,
        applied: isApplied,
        bytes: bytesOf(doomed),
        items: doomed.map((item) => rowOf(item, config.trashRetentionDays)),
      };
      context.result("artifacts-trash-empty/v1", data, () =>
        [
          ...(data.items.length > 0 ? [renderItems(context, data.items)] : []),
          isApplied
            ? `Destroyed: ${entryCount(doomed.length)} (${formatSize(data.bytes)})`
            : `To destroy: ${entryCount(doomed.length)} (${formatSize(data.bytes)}). Nothing was changed. Do it with --apply.`,
        ].join("\n"),
      );
    });
}

async function lookAt(
  places: Parameters<typeof readPoolJournal>[0],
  flags: EmptyFlags,
): Promise<TrashItem[]> {
  await using journal = await readPoolJournal(places);
  return olderThan(await readTrash(journal), flags.olderThan);
}

async function empty(context: CommandContext, flags: EmptyFlags): Promise<TrashItem[]> {
  await using pool = await openPool(context, flags);
  const doomed = olderThan(await readTrash(pool.journal), flags.olderThan);
  await appendAudit(pool, "trash_empty", {
    folders: doomed.map(({ folder }) => folder),
    bytes: bytesOf(doomed),
  });
  await purgeItems(pool, doomed);
  return doomed;
}

function olderThan(items: readonly TrashItem[], days = 0): TrashItem[] {
  const beforeMs = Date.now() - days * 86_400_000;
  return items.filter((item) => isInTrash(item) && Date.parse(item.at) <= beforeMs);
}

function bytesOf(items: readonly TrashItem[]): number {
  return items.reduce((sum, { files }) => sum + files.reduce((n, { size }) => n + size, 0), 0);
}

interface TrashRow {
  readonly folder: string;
  readonly id: string;
  readonly family: string;
  readonly run_id: string;
  readonly action: string;
  readonly at: string;
  readonly until: string;
  readonly files: number;
  readonly bytes: number;
}

function rowOf(item: TrashItem, days: number): TrashRow {
  return {
    folder: item.folder,
    id: item.entry_id,
    family: item.family,
    run_id: item.run_id,
    action: item.action,
    at: item.at,
    until: new Date(Date.parse(item.at) + days * 86_400_000).toISOString(),
    files: item.files.length,
    bytes: bytesOf([item]),
  };
}

function renderItems(context: CommandContext, items: readonly TrashRow[]): string {
  const rows = items.map((item) => [
    item.folder,
    harmless(item.family),
    timeText(item.at),
    timeText(item.until),
    item.action,
    formatSize(item.bytes),
    String(item.files),
  ]);
  const head = ["ID", "FAMILY", "DELETED (UTC)", "KEPT UNTIL", "BY", "SIZE", "FILES"];
  const bytes = items.reduce((sum, item) => sum + item.bytes, 0);
  return [
    renderTable(head, rows, context.out, context.host.stdout),
    "",
    `Total: ${entryCount(items.length)}, ${(bytes / 1024 / 1024).toFixed(1)} MB`,
  ].join("\n");
}

function parseDays(text: string): number {
  const days = Number(text);
  if (!Number.isFinite(days) || days < 0) throw new InvalidArgumentError("It is a number of days.");
  return days;
}
