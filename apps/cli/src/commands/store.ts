import { resolve } from "node:path";
import { Command } from "commander";
import { quote } from "../command-line.ts";
import type { CommandContext } from "../context.ts";
import { cliErrors } from "../errors.ts";
import { commandHelp } from "../help.ts";
import { progressLine } from "../progress.ts";
import {
  renderBackup,
  renderCheck,
  renderLocks,
  renderRepair,
  renderRestore,
  renderStats,
} from "../render-store.ts";
import { formatBytes, plural } from "../terminal.ts";

/** `reseal store` */
export function storeCommand(context: CommandContext): Command {
  return new Command("store")
    .description("Check, repair, back up and measure the store")
    .addCommand(checkCommand(context))
    .addCommand(repairCommand(context))
    .addCommand(backupCommand(context))
    .addCommand(restoreCommand(context))
    .addCommand(statsCommand(context))
    .addCommand(unlockCommand(context))
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal store check --read-data", "read every byte and check all that is known"],
          ["reseal store repair --from ../other --apply", "bring lost blobs back"],
          ["reseal store backup /mnt/disk/backup", "copy what is new"],
        ],
        { 0: "done", 1: "faults", 2: "wrong usage", 3: "no store", 4: "damage", 6: "partly" },
      ),
    );
}

interface CheckFlags {
  readonly readData?: boolean;
  readonly readDataSubset?: string;
}

function checkCommand(context: CommandContext): Command {
  return new Command("check")
    .description("Look for everything that can be wrong with the store; nothing is changed")
    .option("--read-data", "read every byte of every blob")
    .option("--read-data-subset <percent>", "read a part of the blobs, always the same ones")
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal store check", "names, sizes, manifests, journal and catalog"],
          ["reseal store check --read-data-subset 5%", "and every byte of each twentieth blob"],
        ],
        {
          0: "in order",
          1: "faults; nothing is lost",
          2: "wrong usage",
          3: "no store",
          4: "damage",
        },
      ),
    )
    .action(async (flags: CheckFlags) => {
      const readPart = partToRead(flags);
      const location = context.storeLocation();
      const { checkStore, exitCodeOfFindings } = await import("@reseal/connect");
      const progress = storeProgress(context);
      const report = await checkStore(location, {
        readPart,
        signal: context.signal,
        onProgress: progress.show,
      }).finally(progress.clear);
      context.exitCode = exitCodeOfFindings(report.findings);
      context.result("store-check/v1", report, () => renderCheck(context.out, report));
    });
}

function partToRead({ readData = false, readDataSubset }: CheckFlags): number {
  if (readDataSubset === undefined) return readData ? 1 : 0;
  if (readData) throw cliErrors.USAGE("Give --read-data or --read-data-subset, not both.");
  const percent = Number(/^(\d+(?:\.\d+)?)%?$/.exec(readDataSubset)?.[1]);
  if (percent > 0 && percent <= 100) return percent / 100;
  throw cliErrors.USAGE(`--read-data-subset is a part in percent, not ${readDataSubset}.`, {
    hint: "For example: --read-data-subset 5%",
  });
}

interface RepairFlags {
  readonly from?: readonly string[];
  readonly adopt?: boolean;
  readonly apply?: boolean;
  readonly force?: boolean;
}

function repairCommand(context: CommandContext): Command {
  return new Command("repair")
    .description("Put right what `store check` finds; without --apply, only say how")
    .option("--from <path...>", "stores, backups or exported bundles to take lost blobs from")
    .option("--adopt", "list runs whose manifests are there but in no list")
    .option("--apply", "do it")
    .option("--force", "do not ask")
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal store repair", "what is wrong, and what would be done"],
          ["reseal store repair --from ../backup --apply", "quarantine, refill, index again"],
        ],
        {
          0: "nothing is wrong, or all of it can be, or was, put right",
          2: "wrong usage, or nobody to ask",
          3: "no such store or source",
          6: "something cannot be brought back",
        },
      ),
    )
    .action(async (flags: RepairFlags) => {
      const location = context.storeLocation();
      const { openRepair } = await import("@reseal/connect");
      const progress = storeProgress(context);
      const sources = (flags.from ?? []).map((path) => resolve(context.host.cwd, path));
      await using repair = await openRepair(location, {
        sources,
        adopt: flags.adopt,
        signal: context.signal,
        onProgress: progress.show,
      }).finally(progress.clear);
      const { planned } = repair;
      const isWanted = flags.apply === true && planned.actions.length > 0;
      if (isWanted && flags.force !== true) await askToRepair(context, planned.actions, flags);
      const report = isWanted ? await repair.apply().finally(progress.clear) : planned;
      context.exitCode = report.lost.length > 0 ? 6 : 0;
      const { check, ...done } = report;
      const data = { ...done, applied: isWanted, findings: check.findings };
      context.result("store-repair/v1", data, () => renderRepair(context.out, report, isWanted));
    });
}

async function askToRepair(
  context: CommandContext,
  actions: readonly { readonly action: string }[],
  { from = [], adopt }: RepairFlags,
): Promise<void> {
  const { confirm } = await import("../confirm.ts");
  const moved = actions.filter(({ action }) => action === "quarantine").length;
  const words = ["reseal store repair", ...from.map((path) => `--from ${quote(path)}`)];
  if (adopt === true) words.push("--adopt");
  const { store } = context.options;
  if (store !== undefined) words.push(`--store ${quote(store)}`);
  await confirm(
    context,
    `Take ${plural(actions.length, "step")} and move ${plural(moved, "file")} to the quarantine?`,
    [...words, "--apply", "--force"].join(" "),
  );
}

function backupCommand(context: CommandContext): Command {
  return new Command("backup")
    .description("Copy the store to a folder, while others work on it; again, only what is new")
    .argument("<folder>", "empty, not there yet, or an earlier backup of this store")
    .option("--link", "hard links instead of copies, within one file system")
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal store backup /mnt/disk/lab", "a store of its own, with a list of its blobs"],
          ["(cd /mnt/disk/lab && sha256sum --quiet -c blobs.sha256)", "check it without Reseal"],
        ],
        {
          0: "written",
          2: "the folder holds something else",
          3: "no store",
          4: "written, but blobs are damaged in the store",
        },
      ),
    )
    .action(async (folder: string, flags: { link?: boolean }) => {
      const location = context.storeLocation();
      const { backupStore, exitCodeOfFindings } = await import("@reseal/connect");
      const progress = storeProgress(context);
      const report = await backupStore(location, resolve(context.host.cwd, folder), {
        link: flags.link,
        signal: context.signal,
        onProgress: progress.show,
      }).finally(progress.clear);
      context.exitCode = exitCodeOfFindings(report.findings);
      context.result("store-backup/v1", report, () => renderBackup(context.out, report));
    });
}

function restoreCommand(context: CommandContext): Command {
  return new Command("restore")
    .description("Make a store from a backup, after checking all of it")
    .argument("<folder>", "what `store backup` wrote")
    .option("--to <store>", "the store to make (default: that of this folder)")
    .addHelpText(
      "after",
      commandHelp([["reseal store restore /mnt/disk/lab --to lab/.reseal", "a new store"]], {
        0: "restored",
        2: "the store there is not empty",
        3: "not a backup",
        4: "the backup is damaged; nothing was restored",
      }),
    )
    .action(async (folder: string, flags: { to?: string }) => {
      const { cwd } = context.host;
      const to = flags.to === undefined ? context.storeLocation() : resolve(cwd, flags.to);
      const { restoreStore } = await import("@reseal/connect");
      const progress = storeProgress(context);
      const report = await restoreStore(resolve(cwd, folder), to, {
        signal: context.signal,
        onProgress: progress.show,
      }).finally(progress.clear);
      context.result("store-restore/v1", report, () => renderRestore(report));
    });
}

function statsCommand(context: CommandContext): Command {
  return new Command("stats")
    .description("What the store holds, in numbers")
    .addHelpText(
      "after",
      commandHelp([["reseal store stats", "runs, blobs, bytes, what is shared, what is largest"]], {
        0: "printed",
        3: "no store",
      }),
    )
    .action(async () => {
      // Opened as every command opens it, so that nothing waits to be indexed.
      await using stores = await context.openStores();
      const { storeStats } = await import("@reseal/connect");
      const stats = await storeStats(stores.location, { signal: context.signal });
      context.result("store-stats/v1", stats, () => renderStats(stats));
    });
}

function unlockCommand(context: CommandContext): Command {
  return new Command("unlock")
    .description("Show what processes hold in the store; nothing ever needs to be unlocked")
    .addHelpText(
      "after",
      "\nNo command waits for a dead process: its locks are void, and the next who meets one\n" +
        "removes it. A run whose recorder died is sealed by the next command. This command does\n" +
        "both at once and says what it found; what belongs to a living process stays.\n" +
        commandHelp([["reseal store unlock", "who is at work here"]], {
          0: "shown",
          3: "no store",
        }),
    )
    .action(async () => {
      const location = context.storeLocation();
      const { releaseDeadLocks } = await import("@reseal/connect");
      const items = releaseDeadLocks(location);
      await using _stores = await context.openStores(); // Seals what dead recorders left.
      const data = { location, items };
      context.result("store-unlock/v1", data, () => renderLocks(context, items));
    });
}

/** One moving line for whatever reads or copies a store. */
function storeProgress(context: CommandContext): {
  readonly show: (done: { phase: string; blobs: number; bytes: number }) => void;
  readonly clear: () => void;
} {
  const line = progressLine(context);
  return {
    show: ({ phase, blobs, bytes }) =>
      line.show(`${phase}  ${plural(blobs, "blob")}  ${formatBytes(bytes)}`),
    clear: () => line.clear(),
  };
}
