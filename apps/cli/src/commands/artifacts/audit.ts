import type { AuditRecord } from "@reseal/gc";
import { Command, InvalidArgumentError } from "commander";
import { findPool, type PoolFlags, readPoolJournal, withPoolFlags } from "../../artifacts-pool.ts";
import type { CommandContext } from "../../context.ts";
import { commandHelp } from "../../help.ts";
import { renderTable } from "../../table.ts";
import { harmless, plural } from "../../terminal.ts";

interface AuditFlags extends PoolFlags {
  readonly since?: string;
  readonly verify?: boolean;
}

/** `reseal artifacts audit` */
export function auditCommand(context: CommandContext): Command {
  return withPoolFlags(new Command("audit"))
    .description("What was ever pinned, deleted, restored or destroyed, by whom and when")
    .option("--since <time>", "only acts since this day or time (UTC)", parseTime)
    .option("--verify", "check that every record follows from the one before")
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal artifacts audit", "all acts, oldest first"],
          ["reseal artifacts audit --since 2025-09-01", "of this month"],
          ["reseal artifacts audit --verify", "and whether somebody changed the log"],
        ],
        { 0: "shown", 2: "wrong usage", 3: "no such folder", 4: "the log was changed" },
      ),
    )
    .action(async (flags: AuditFlags) => {
      const { readAudit, verifyAudit } = await import("@reseal/gc");
      const { places } = await findPool(context, flags);
      await using journal = await readPoolJournal(places);
      const { records, head, broken } = await verifyAudit(journal);
      const items: AuditRecord[] = [];
      for await (const record of readAudit(journal))
        if (flags.since === undefined || record.at >= flags.since) items.push(record);
      const isVerified = flags.verify === true;
      if (isVerified && broken !== null) context.exitCode = 4;
      const data = {
        location: places.folder,
        records,
        head,
        verified: isVerified ? broken === null : null,
        broken: isVerified ? broken : null,
        items,
      };
      context.result("artifacts-audit/v1", data, () => {
        const lines = items.length === 0 ? [] : [renderActs(context, items)];
        if (isVerified)
          lines.push(
            broken === null
              ? `${context.out.green("in order")}  ${plural(records, "record")}, head ${head ?? "-"}`
              : `${context.out.red("broken")}  ${broken.message}`,
          );
        else lines.push(plural(items.length, "record"));
        return lines.join("\n");
      });
    });
}

function renderActs(context: CommandContext, items: readonly AuditRecord[]): string {
  const rows = items.map((item) => [
    item.at.slice(0, 19).replace("T", " "),
    item.action,
    harmless(item.actor),
    harmless(factsOf(item)),
  ]);
  return renderTable(
    ["TIME (UTC)", "ACTION", "BY", "WHAT"],
    rows,
    context.out,
    context.host.stdout,
  );
}

const common: ReadonlySet<string> = new Set(["seq", "at", "actor", "action", "previous", "digest"]);

function factsOf(item: AuditRecord): string {
  return Object.entries(item)
    .filter(([key, value]) => !common.has(key) && !Array.isArray(value) && value !== null)
    .map(([key, value]) => `${key}=${typeof value === "object" ? JSON.stringify(value) : value}`)
    .join(" ");
}

function parseTime(text: string): string {
  const time = new Date(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text);
  if (Number.isNaN(time.getTime()))
    throw new InvalidArgumentError("It is a day or a time such as 2025-09-06.");
  return time.toISOString();
}
