import { bundlePaths, entryOf, openStoredBundle, readText } from "@reseal/bundle";
import type { Stores } from "@reseal/store";
import { Command, Option } from "commander";
import type { CommandContext } from "../context.ts";
import { cliErrors } from "../errors.ts";
import { commandHelp } from "../help.ts";
import { resolveSeal } from "../resolve-run.ts";
import { harmless } from "../terminal.ts";
import { writeAll } from "./cat.ts";

interface LogFlags {
  readonly stream: "stdout" | "stderr" | "both";
  readonly events?: boolean;
  readonly follow?: boolean;
}

/** `reseal log ID` */
export function logCommand(context: CommandContext): Command {
  return new Command("log")
    .description("What a run printed, or its events")
    .argument("<id>", "run id, artifact id, seal, a unique prefix, or @last")
    .addOption(
      new Option("--stream <name>", "which stream")
        .choices(["stdout", "stderr", "both"])
        .default("both"),
    )
    .option("--events", "the event log instead")
    .option("-f, --follow", "of a run that goes on, what it prints until it ends")
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal log @last", "all it printed: standard output, then standard error"],
          ["reseal log 3f2a --stream stderr", "one stream"],
          ["reseal log 3f2a --events", "its events"],
          ["reseal log @last -f", "of the run that goes on here"],
        ],
        { 0: "printed", 3: "not found or ambiguous", 4: "the log is damaged" },
      ),
    )
    .action(async (id: string, flags: LogFlags) => {
      if (flags.follow === true && flags.events === true)
        throw cliErrors.USAGE("Events cannot be followed: they are there when the run has ended.");
      await using stores = await context.openStores();
      const followed = flags.follow === true ? await follow(context, stores, id, flags) : undefined;
      if (followed !== undefined && context.options.json !== true) return;
      const reader = await openStoredBundle(
        stores,
        await resolveSeal(context, stores, followed ?? id),
      );
      const { signal } = context;
      const stdout = flags.stream === "stderr" ? undefined : bundlePaths.stdout;
      const stderr = flags.stream === "stdout" ? undefined : bundlePaths.stderr;
      if (context.options.json === true) {
        const events = (await readText(reader, bundlePaths.events)) ?? "";
        const data = {
          run_id: reader.manifest.context.run_id,
          ...(stdout && { stdout: (await readText(reader, stdout)) ?? "" }),
          ...(stderr && { stderr: (await readText(reader, stderr)) ?? "" }),
          events: events
            .split("\n")
            .filter((line) => line !== "")
            .map((line): unknown => JSON.parse(line)),
        };
        context.result("log/v1", data, () => "");
        return;
      }
      if (flags.events === true) {
        const text = (await readText(reader, bundlePaths.events)) ?? "";
        context.result("log/v1", null, () => renderEvents(text));
        return;
      }
      for (const path of [stdout, stderr]) {
        const entry = path && entryOf(reader.manifest, path);
        if (entry) await writeAll(await reader.open(entry, { signal }), context.host.stdout);
      }
    });
}

/** Print what a running run prints; its run id, or `undefined` when it runs no more. */
async function follow(
  context: CommandContext,
  stores: Stores,
  id: string,
  { stream }: LogFlags,
): Promise<string | undefined> {
  const { findRunning, followLog } = await import("../follow-log.ts");
  const running = findRunning(stores, id);
  if (running === undefined) return undefined;
  // With --json nothing but the result is printed, and that is there at the end.
  const isQuiet = context.options.json === true;
  const streams = stream === "both" ? (["stdout", "stderr"] as const) : [stream];
  await followLog(context, running, isQuiet ? [] : streams);
  return running.runId;
}

function renderEvents(text: string): string {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const event = JSON.parse(line) as Record<string, unknown>;
      const attrs = event.attrs === undefined ? "" : ` ${JSON.stringify(event.attrs)}`;
      return harmless(`${event.time}  ${event.severity}  ${event.event_type}${attrs}`);
    })
    .join("\n");
}
