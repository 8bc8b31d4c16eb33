import type { CompactionProgress, CompactionReport, StoreCompactionReport } from "@reseal/gc";
import { Command, InvalidArgumentError } from "commander";
import { isAboutStore, openPool, type PoolFlags, withPoolFlags } from "../../artifacts-pool.ts";
import { lookAtPool, scanProgress, wantedFamilies, warnAbout } from "../../artifacts-scan.ts";
import type { CommandContext } from "../../context.ts";
import { cliErrors } from "../../errors.ts";
import { commandHelp } from "../../help.ts";
import { type ProgressLine, progressLine } from "../../progress.ts";
import { renderCompaction } from "../../render-compaction.ts";
import { formatBytes } from "../../terminal.ts";

interface CompactFlags extends PoolFlags {
  readonly dryRun?: boolean;
  readonly apply?: boolean;
  readonly family?: readonly string[];
  readonly restoreOriginal?: boolean;
  readonly minAge: number;
}

const dayMs = 24 * 3600 * 1000;

/** `reseal artifacts compact` */
export function compactCommand(context: CommandContext): Command {
  return withPoolFlags(new Command("compact"))
    .description("Make files smaller without losing a byte; without --apply, only say how much")
    .option("--dry-run", "only try it and say what it would come to (the default)")
    .option("--apply", "do it; originals go to the trash")
    .option("--family <name...>", "only these families")
    .option("--restore-original", "bring the original bytes of compacted files back")
    .option("--min-age <days>", "with --store: leave blobs of younger runs alone", parseDays, 7)
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal artifacts compact --family proofs", "how much it would save"],
          ["reseal artifacts compact --apply --verbose", "do it, and name every file"],
          ["reseal artifacts compact --apply --restore-original", "and back"],
          ["reseal artifacts compact --apply --store .reseal", "compress the blobs of a store"],
        ],
        {
          0: "shown or done",
          2: "wrong usage or settings",
          3: "no such folder or store",
          6: "some files could not be compacted; they are as they were",
          7: "another process is changing the folder",
        },
      ),
    )
    .action(async (flags: CompactFlags) => {
      if (flags.apply === true && flags.dryRun === true)
        throw cliErrors.USAGE("Give --dry-run or --apply, not both.");
      const isStore = isAboutStore(context);
      const report = isStore ? await ofStore(context, flags) : await ofPool(context, flags);
      context.exitCode = report.failed > 0 ? 6 : 0;
      const verbose = (context.options.verbose ?? 0) > 0;
      context.result("artifacts-compact/v1", report, () => renderCompaction(report, { verbose }));
      if (!isStore && flags.apply === true && report.changed > 0)
        context.note("What was replaced is in the trash: reseal artifacts trash list");
    });
}

async function ofPool(context: CommandContext, flags: CompactFlags): Promise<CompactionReport> {
  return flags.apply === true ? await applyToPool(context, flags) : await tryOnPool(context, flags);
}

async function tryOnPool(context: CommandContext, flags: CompactFlags): Promise<CompactionReport> {
  const gc = await import("@reseal/gc");
  await using looked = await lookAtPool(context, flags);
  const { places, config, scan } = looked;
  const only = wantedFamilies(config, flags.family);
  const line = progressLine(context);
  const options = { signal: context.signal, onProgress: showOn(line, "trying") };
  const measured =
    flags.restoreOriginal === true
      ? gc.measureRestore(places, config, gc.compactFilesOf(scan.entries, only), options)
      : gc.measureCompaction(
          places,
          config,
          gc.planCompaction(scan.entries, {
            config,
            only,
            isSealed: gc.sealedFolderTest(places.folder),
          }),
          options,
        );
  return await measured.finally(() => line.clear());
}

async function applyToPool(
  context: CommandContext,
  flags: CompactFlags,
): Promise<CompactionReport> {
  const gc = await import("@reseal/gc");
  await using pool = await openPool(context, flags);
  await gc.readManifest(pool.places);
  const only = wantedFamilies(pool.config, flags.family);
  const progress = scanProgress(context);
  const scan = await gc
    .scanPool(pool.places, pool.config, {
      nowMs: Date.now(),
      signal: context.signal,
      onProgress: progress.show,
    })
    .finally(progress.clear);
  warnAbout(context, scan);
  const line = progressLine(context);
  const restoring = flags.restoreOriginal === true;
  const options = { onProgress: showOn(line, restoring ? "restoring" : "compacting") };
  try {
    return restoring
      ? await gc.applyRestore(pool, gc.compactFilesOf(scan.entries, only), options)
      : await gc.applyCompaction(
          pool,
          gc.planCompaction(scan.entries, {
            config: pool.config,
            only,
            isSealed: gc.sealedFolderTest(pool.places.folder),
          }),
          options,
        );
  } finally {
    line.clear();
    // The manifest says what lies there now, also after a part of the work.
    await gc.updatePool(pool, { onProgress: progress.show }).finally(progress.clear);
  }
}

async function ofStore(
  context: CommandContext,
  flags: CompactFlags,
): Promise<StoreCompactionReport> {
  const gc = await import("@reseal/gc");
  await using stores = await context.openStores({ readOnly: flags.apply !== true });
  const line = progressLine(context);
  return await gc
    .compactStore(stores, {
      encoding: flags.restoreOriginal === true ? "identity" : "zstd",
      dryRun: flags.apply !== true,
      nowMs: Date.now(),
      ageMinMs: flags.minAge * dayMs,
      sizeMin: gc.storeSizeMin,
      only: flags.family,
      signal: context.signal,
      onProgress: showOn(line, flags.apply === true ? "compacting" : "trying"),
    })
    .finally(() => line.clear());
}

function showOn(line: ProgressLine, what: string): (done: CompactionProgress) => void {
  return ({ files, filesTotal, bytes }) =>
    line.show(`${what}  ${files}/${filesTotal} files  ${formatBytes(bytes)}`);
}

function parseDays(text: string): number {
  const days = Number(text.replace(/d$/, ""));
  if (!(days >= 0) || text === "")
    throw new InvalidArgumentError("It is a number of days, such as 7 or 0.");
  return days;
}
