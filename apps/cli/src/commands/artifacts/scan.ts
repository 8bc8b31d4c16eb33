import type { ManifestFacts } from "@reseal/gc";
import { Command } from "commander";
import { findPool, openPool, type PoolFlags, withPoolFlags } from "../../artifacts-pool.ts";
import { scanProgress, warnAbout } from "../../artifacts-scan.ts";
import type { CommandContext } from "../../context.ts";
import { commandHelp } from "../../help.ts";
import { entryCount, timeText } from "../../render-artifacts.ts";
import { formatBytes, harmless, plural } from "../../terminal.ts";

interface ScanFlags extends PoolFlags {
  readonly force?: boolean;
  readonly readAll?: boolean;
}

/** `reseal artifacts scan` */
export function scanCommand(context: CommandContext): Command {
  return withPoolFlags(new Command("scan"))
    .description("Look at every file and write the manifest anew; pins are kept")
    .option("--force", "also when the manifest is recent, or damaged")
    .option("--read-all", "read files again that have not changed since they were read")
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal artifacts scan --verbose", "scan, and say how files become entries"],
          ["reseal artifacts scan --force", "also when the manifest is recent"],
        ],
        {
          0: "the manifest is up to date",
          2: "wrong usage or settings",
          3: "no such folder",
          4: "damaged manifest; use --force",
          5: "too many files",
          7: "busy",
        },
      ),
    )
    .action(async (flags: ScanFlags) => {
      const gc = await import("@reseal/gc");
      const { places, config } = await findPool(context, flags);
      const isForced = flags.force === true || flags.readAll === true;
      const known = await gc.manifestFacts(places).catch((error: Error) => {
        if (!isForced) throw error;
        context.warn(`${error.message} It is made anew.`);
        return undefined;
      });
      if ((context.options.verbose ?? 0) > 0) {
        context.detail(gc.groupingRuleText);
        for (const { name, patterns } of config.families)
          context.detail(harmless(`${name}: ${patterns.join(" ")}`));
      }
      if (!isForced && known !== undefined && gc.isRecent(known, config, Date.now())) {
        const data = {
          ...factsOf(places.folder, known),
          scanned: false,
          files_read: 0,
          other_files: 0,
          unreadable: [],
        };
        context.result("artifacts-scan/v1", data, () =>
          [
            `The manifest is recent: of ${timeText(known.scanned_at)}, used for ${config.scanIntervalHours} hours. Use --force to scan anyway.`,
            renderManifest(known),
          ].join("\n"),
        );
        return;
      }
      await using pool = await openPool(context, flags);
      const progress = scanProgress(context);
      const startMs = performance.now();
      const scan = await gc
        .refreshManifest(pool, { readAll: flags.readAll, onProgress: progress.show })
        .finally(progress.clear);
      warnAbout(context, scan);
      const took = ((performance.now() - startMs) / 1000).toFixed(1);
      context.note(`scanned ${plural(scan.files, "file")}, ${scan.filesRead} read, in ${took} s`);
      const data = {
        ...factsOf(places.folder, scan.manifest),
        scanned: true,
        files_read: scan.filesRead,
        other_files: scan.otherFiles,
        unreadable: [...scan.unreadable],
      };
      context.result("artifacts-scan/v1", data, () => renderManifest(scan.manifest));
    });
}

function factsOf(location: string, manifest: ManifestFacts): object {
  const { scanned_at, scanner, summary } = manifest;
  return { location, scanned_at, config_hash: scanner.config_hash, summary };
}

function renderManifest({ summary }: ManifestFacts): string {
  return [
    `${entryCount(summary.total_entries)}, ${plural(summary.total_files, "file")}, ${formatBytes(summary.total_bytes)}; ` +
      `${summary.pass_count} pass, ${summary.fail_count} fail, ${summary.pinned_count} pinned`,
    ...Object.entries(summary.family_counts).map(
      ([family, count]) => `  ${harmless(family)}: ${count}`,
    ),
  ].join("\n");
}
