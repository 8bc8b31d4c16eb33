import type { RunFilter, RunRow } from "@reseal/store";
import { Command, InvalidArgumentError } from "commander";
import { columnNames, columns } from "../columns.ts";
import { type CommandContext, hasSpools } from "../context.ts";
import { commandHelp } from "../help.ts";
import { list } from "../list-option.ts";
import { rowData } from "../row.ts";
import { renderTable } from "../table.ts";
import { plural } from "../terminal.ts";

interface LsFlags {
  readonly filter?: readonly string[];
  readonly sort?: string;
  readonly limit: number;
  readonly after?: string;
  readonly columns?: string;
  readonly ids?: boolean;
}

const defaultColumns = ["run", "artifact", "status", "created", "took", "name", "command"];

/** `reseal ls` */
export function lsCommand(context: CommandContext): Command {
  return new Command("ls")
    .description("List runs: filter, sort, choose columns")
    .addOption(
      list(
        "-f, --filter <expression>",
        "field, operator (= != < <= > >= ~) and value; all must hold",
      ),
    )
    .option("-s, --sort <field>", "field to sort by; - in front turns it round", "-created_at")
    .option("-n, --limit <count>", "at most so many", parseLimit, 50)
    .option("--after <cursor>", "next page: what the page before gave as next")
    .option("-c, --columns <names>", `comma-separated: ${columnNames.join(", ")}, metric.NAME`)
    .option("--ids", "run ids only, one a line")
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal ls", "the newest runs"],
          ["reseal ls -f status=failed -f project=butterfly", "two conditions"],
          ["reseal ls -f 'metric.rmse<0.1' -s metric.rmse", "best first"],
          ["reseal ls -c run,seed,metric.rmse,took", "other columns"],
          ["reseal ls --ids -n 1000 | xargs -n 1 reseal verify", "for scripts"],
        ],
        { 0: "listed", 2: "wrong filter, column or cursor", 3: "no store here" },
      ),
    )
    .action(async (flags: LsFlags) => {
      await using stores = await context.openStores();
      const isDescending = flags.sort?.startsWith("-") ?? false;
      const page = await stores.catalog.listRuns({
        tenant: stores.tenant,
        filters: (flags.filter ?? []).map(parseFilter),
        sort: flags.sort?.replace(/^-/, ""),
        order: isDescending ? "desc" : "asc",
        limit: flags.limit,
        after: flags.after,
        signal: context.signal,
      });
      if (hasSpools(stores)) {
        const { Spool } = await import("@reseal/record");
        const running = Spool.living(`${stores.local}/tmp`);
        if (running.length > 0) context.note(`${plural(running.length, "run")} being recorded now`);
      }
      const chosen = flags.columns?.split(",").map((name) => name.trim()) ?? defaultColumns;
      const cells = columns(chosen);
      const metrics = await metricsOf(stores, page.items, chosen);
      context.result(
        "ls/v1",
        {
          items: page.items.map((run, index) => ({
            ...rowData(run),
            ...(metrics[index] && { metrics: metrics[index] }),
          })),
          next: page.next,
        },
        () => {
          if (flags.ids === true) return page.items.map((run) => `${run.run_id}\n`).join("");
          if (page.items.length === 0) {
            context.note("no runs; `reseal run -- COMMAND` records one");
            return "";
          }
          const rows = page.items.map((run, index) =>
            cells.map((cell) => cell.text(run, metrics[index] ?? {})),
          );
          if (page.next !== null)
            context.note(`more: the same with --after ${page.next}, or a larger --limit`);
          return renderTable(
            cells.map((cell) => cell.title),
            rows,
            context.out,
            context.host.stdout,
          );
        },
      );
    });
}

function parseLimit(text: string): number {
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > 10_000)
    throw new InvalidArgumentError("It is a whole number from 1 to 10000.");
  return limit;
}

function parseFilter(text: string): RunFilter {
  const match = /^([\w./-]+?)\s*(!=|<=|>=|=|<|>|~)\s*(.*)$/s.exec(text);
  const [, field, operator, value] = match ?? [];
  if (field === undefined || operator === undefined || value === undefined)
    throw new InvalidArgumentError(
      `${JSON.stringify(text)} is not a filter such as status=failed or metric.rmse<0.1.`,
    );
  const isNumber = value !== "" && field !== "seed" && Number.isFinite(Number(value));
  return {
    field,
    operator: operator as RunFilter["operator"],
    value: isNumber ? Number(value) : value,
  };
}

async function metricsOf(
  stores: Awaited<ReturnType<CommandContext["openStores"]>>,
  runs: readonly RunRow[],
  chosen: readonly string[],
): Promise<(Readonly<Record<string, number | string>> | undefined)[]> {
  if (!chosen.some((name) => name.startsWith("metric."))) return runs.map(() => undefined);
  const { tenant } = stores;
  const all = [];
  for (const run of runs) {
    const values = await stores.catalog.metrics(run.seal, { tenant });
    all.push(Object.fromEntries(values.map(({ name, value }) => [name, value])));
  }
  return all;
}
