import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Applied, Pool, Scan } from "@reseal/gc";
import type { GcPlan } from "@reseal/schema";
import { Command, InvalidArgumentError } from "commander";
import { openPool, type PoolFlags, withPoolFlags } from "../../artifacts-pool.ts";
import { lookAtPool, scanProgress, wantedFamilies, warnAbout } from "../../artifacts-scan.ts";
import { commandLine } from "../../command-line.ts";
import { confirm } from "../../confirm.ts";
import type { CommandContext } from "../../context.ts";
import { cliErrors } from "../../errors.ts";
import { commandHelp } from "../../help.ts";
import { progressLine } from "../../progress.ts";
import { renderPlan } from "../../render-artifacts.ts";
import { plural } from "../../terminal.ts";

interface GcFlags extends PoolFlags {
  readonly dryRun?: boolean;
  readonly apply?: boolean;
  readonly force?: boolean;
  readonly family?: readonly string[];
  readonly plan?: string;
  readonly out?: string;
  readonly detailedExitcode?: boolean;
  readonly trashDays?: number;
}

/** `reseal artifacts gc` */
export function gcCommand(context: CommandContext): Command {
  return withPoolFlags(new Command("gc"))
    .description("Delete what the policies do not keep; without --apply, only say what that is")
    .option("--dry-run", "only show the plan (the default)")
    .option("--apply", "move it to the trash")
    .option("--force", "do not ask; what is protected stays protected")
    .option("--family <name...>", "only these families")
    .option("--out <file>", "write the plan to a file, to be applied later")
    .option("--plan <file>", "apply this plan, if it still holds")
    .option("--detailed-exitcode", "exit with 10 when there is something to delete")
    .option("--trash-days <days>", "destroy what is longer in the trash (default 30)", parseDays)
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal artifacts gc --dry-run", "what would be deleted, and why"],
          ["reseal artifacts gc --apply", "move it to the trash, after asking"],
          ["reseal artifacts gc --apply --force", "without asking, for scripts"],
          ["reseal artifacts gc --out plan.json", "keep the plan, to look at it"],
        ],
        {
          0: "shown or done",
          2: "wrong usage or settings, or nobody to ask",
          3: "no such folder",
          5: "refused: a stale plan, something protected, declined",
          6: "some entries could not be moved",
          7: "another process is changing the folder",
          10: "with --detailed-exitcode: there is something to delete",
        },
      ),
    )
    .action(async (flags: GcFlags) => {
      refuseContradictions(flags);
      if (flags.apply === true) await apply(context, flags);
      else await show(context, flags);
    });
}

function refuseContradictions({ apply: isApply = false, dryRun, out, plan }: GcFlags): void {
  if (isApply && dryRun === true) throw cliErrors.USAGE("Give --dry-run or --apply, not both.");
  if (isApply && out !== undefined)
    throw cliErrors.USAGE("--out keeps a plan instead of applying it.");
  if (!isApply && plan !== undefined)
    throw cliErrors.USAGE("--plan is for --apply.", {
      hint: `Run: reseal artifacts gc --apply --plan ${plan}`,
    });
}

async function show(context: CommandContext, flags: GcFlags): Promise<void> {
  const gc = await import("@reseal/gc");
  await using looked = await lookAtPool(context, flags);
  const { scan, places, config } = looked;
  const only = wantedFamilies(config, flags.family, Object.keys(scan.manifest.families));
  const options = { nowMs: Date.now(), dryRun: true, only };
  const plan = await gc.withFreedBytes(scan, gc.planPool(scan, config, places, options));
  warnOf(context, plan);
  if (flags.out !== undefined) {
    const path = resolve(context.host.cwd, flags.out);
    writeFileSync(path, `${JSON.stringify(plan, null, 2)}\n`);
    context.note(
      `The plan is in ${flags.out}. Apply it: reseal artifacts gc --apply --plan ${flags.out}`,
    );
  }
  if (flags.detailedExitcode === true && plan.total_to_delete > 0) context.exitCode = 10;
  context.result("artifacts-gc/v1", { plan, report: null, report_path: null }, () =>
    renderPlan(plan, { verbose: (context.options.verbose ?? 0) > 0 }),
  );
}

async function apply(context: CommandContext, flags: GcFlags): Promise<void> {
  const given = flags.plan === undefined ? undefined : await readPlan(context, flags.plan);
  const planned = flags.force === true ? given : await ask(context, flags, given);
  const { scan, pool, plan } = await openForApply(context, flags, planned);
  await using _pool = pool;
  const { report, paths } = await move(context, pool, scan, plan);
  context.exitCode = report.success ? 0 : 6;
  const data = { plan: report.plan, report, report_path: paths?.json ?? null };
  context.result("artifacts-gc/v1", data, () =>
    [
      renderPlan(report.plan, { verbose: (context.options.verbose ?? 0) > 0 }),
      "",
      ...report.errors.map(({ message }) => `Failed: ${message}`),
      `Deleted: ${report.entries_deleted} entries, ${plural(report.files_moved_to_trash, "file")} moved to the trash` +
        (report.purged.length > 0
          ? `, ${report.purged.length} destroyed after their time there`
          : ""),
      `Report: ${paths?.markdown ?? "-"}`,
      ...(report.entries_deleted > 0
        ? [`Undo: reseal artifacts restore --report ${paths?.json ?? "-"}`]
        : []),
    ].join("\n"),
  );
}

/**
 * A person sees the plan before the question; nothing is locked meanwhile.
 * @returns what was agreed to: it is refused when something has changed since.
 */
async function ask(context: CommandContext, flags: GcFlags, planned?: GcPlan): Promise<GcPlan> {
  const gc = await import("@reseal/gc");
  await using looked = await lookAtPool(context, flags);
  const { scan, places, config } = looked;
  const only = wantedFamilies(config, flags.family, Object.keys(scan.manifest.families));
  const options = { nowMs: Date.now(), dryRun: false, only };
  const plan =
    planned ?? (await gc.withFreedBytes(scan, gc.planPool(scan, config, places, options)));
  const what = `${plan.total_to_delete} entries (${gc.formatSize(plan.bytes_to_delete)}, ${plural(plan.files_to_delete, "file")})`;
  const words = commandLine("reseal artifacts gc", [
    ["--pool", flags.pool === "artifacts" ? undefined : flags.pool],
    ["--config", flags.config],
    ...(flags.family ?? []).map((name): [string, string] => ["--family", name]),
    ["--plan", flags.plan],
    ["--trash-days", flags.trashDays?.toString()],
  ]);
  if (plan.total_to_delete === 0) return plan;
  context.note(renderPlan({ ...plan, dry_run: true }, { verbose: false }));
  await confirm(context, `Move ${what} to the trash?`, `${words} --apply --force`);
  return plan;
}

async function openForApply(
  context: CommandContext,
  flags: GcFlags,
  planned: GcPlan | undefined,
): Promise<{ readonly pool: Pool; readonly scan: Scan; readonly plan: GcPlan }> {
  const gc = await import("@reseal/gc");
  const opened = await openPool(context, flags);
  try {
    await gc.manifestFacts(opened.places);
    const { trashDays = opened.config.trashRetentionDays } = flags;
    const pool = { ...opened, config: { ...opened.config, trashRetentionDays: trashDays } };
    const progress = scanProgress(context);
    const scan = await gc
      .updatePool(pool, { onProgress: progress.show, writesManifest: false })
      .finally(progress.clear);
    warnAbout(context, scan);
    const only = wantedFamilies(pool.config, flags.family, Object.keys(scan.manifest.families));
    const options = { nowMs: Date.now(), dryRun: false, only };
    const plan =
      planned ??
      (await gc.withFreedBytes(scan, gc.planPool(scan, pool.config, pool.places, options)));
    warnOf(context, plan);
    return { pool, scan, plan };
  } catch (error) {
    await opened[Symbol.asyncDispose]();
    throw error;
  }
}

async function move(
  context: CommandContext,
  pool: Pool,
  scan: Scan,
  plan: GcPlan,
): Promise<Applied> {
  const { applyGc } = await import("@reseal/gc");
  const line = progressLine(context);
  return applyGc(pool, scan, plan, {
    onProgress: ({ files }) => line.show(`moving  ${files}/${plan.files_to_delete} files`),
  }).finally(() => line.clear());
}

async function readPlan(context: CommandContext, file: string): Promise<GcPlan> {
  const { assertValid } = await import("@reseal/schema");
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(resolve(context.host.cwd, file), "utf8"));
  } catch (cause) {
    throw cliErrors.USAGE(`${file} is no plan that can be read.`, { cause });
  }
  return assertValid("gc-plan", value);
}

function warnOf(context: CommandContext, { warnings }: GcPlan): void {
  for (const warning of warnings) context.warn(warning);
}

function parseDays(text: string): number {
  const days = Number(text);
  if (!Number.isInteger(days) || days < 1)
    throw new InvalidArgumentError("It is a number of days, 1 at least.");
  return days;
}
