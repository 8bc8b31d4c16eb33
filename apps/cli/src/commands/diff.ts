import type { BundleReader } from "@reseal/bundle";
import {
  compareBundles,
  compareInputs,
  comparisonReport,
  differingSeries,
  explainBundles,
} from "@reseal/replay";
import type { Comparison } from "@reseal/schema";
import type { Stores } from "@reseal/store";
import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { commandHelp } from "../help.ts";
import { openNamed } from "../open-named.ts";
import {
  renderFiles,
  renderFirstDifference,
  renderKeys,
  renderMetrics,
  renderTolerance,
  renderValues,
} from "../render-comparison.ts";
import { renderExplanation } from "../render-explanation.ts";
import { type Colors, harmless, shortDigest } from "../terminal.ts";
import { type ToleranceFlags, toleranceOf, toleranceOptions } from "../tolerance-flags.ts";
import { parseReportName, reportHelp, writeReport } from "../write-report.ts";

interface DiffFlags extends ToleranceFlags {
  readonly exitZero?: boolean;
  readonly report?: string;
}

/** `reseal diff A B` */
export function diffCommand(context: CommandContext): Command {
  return toleranceOptions(new Command("diff"))
    .description("What differs between two runs: keys, inputs, config, environment, results")
    .argument("<a>", "a run of the store, or an exported bundle: a folder or a ZIP file")
    .argument("<b>", "the other one")
    .option("--exit-zero", "exit with 0 also when they differ")
    .option("--report <file>", reportHelp, parseReportName)
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal diff 3f2a 9c1d", "two runs"],
          ["reseal diff 3f2a ../colleague/bundle", "a run and a bundle"],
          ["reseal diff 3f2a 9c1d --rtol 1e-9", "small numeric differences do not count"],
          ["reseal diff 3f2a 9c1d --tolerance tolerance.yaml", "by metric and file"],
        ],
        { 0: "the same artifact", 1: "they differ", 3: "not found", 4: "damaged" },
      ),
    )
    .action(async (a: string, b: string, flags: DiffFlags) => {
      let opened: Stores | undefined;
      const open = async (): Promise<Stores> => {
        opened ??= await context.openStores();
        return opened;
      };
      try {
        await using original = await openNamed(context, a, open);
        await using candidate = await openNamed(context, b, open);
        const tolerance = await toleranceOf(context, flags);
        const options = { tolerance, signal: context.signal };
        const comparison = await compareBundles(original, candidate, options);
        const inputs = await compareInputs(original, candidate, options);
        const isSame = comparison.keys.artifact_id.equal;
        context.exitCode = isSame || flags.exitZero === true ? 0 : 1;
        const files = comparison.files.filter((file) => file.status !== "equal");
        const metrics = comparison.metrics.filter((metric) => !metric.equal);
        const { signal } = context;
        const explanation = await explainBundles(original, candidate, comparison, { signal });
        const data = { ...comparison, files, metrics, inputs, explanation: explanation ?? null };
        if (flags.report !== undefined) {
          const plots = await differingSeries(original, candidate, comparison, { signal });
          const parts = { comparison, explanation, inputs, plots };
          writeReport(context, flags.report, () => comparisonReport(parts), data);
        }
        context.result("diff/v1", data, () => {
          const { out } = context;
          return [
            `${out.bold("a")} ${runName(original)}   ${out.bold("b")} ${runName(candidate)}`,
            ...(comparison.reason ? [harmless(comparison.reason)] : []),
            ...renderKeys(comparison, out),
            ...renderValues("inputs", inputs.values, out),
            ...renderFiles("code and inputs", inputs.files, out),
            ...renderValues("config", comparison.config, out),
            ...renderValues("environment", comparison.environment, out),
            ...renderFiles("outputs", comparison.files, out),
            ...renderMetrics(comparison.metrics, out),
            ...renderExit(comparison, out),
            ...renderTolerance(comparison.tolerance, out),
            ...(comparison.first_difference
              ? renderFirstDifference(comparison.first_difference)
              : []),
            ...renderExplanation(explanation, out),
          ].join("\n");
        });
      } finally {
        await opened?.[Symbol.asyncDispose]();
      }
    });
}

function runName({ manifest, seal }: BundleReader): string {
  return `run ${manifest.context.run_id.slice(0, 8)}, seal ${shortDigest(seal)}`;
}

/** How they ended, where that differs: folders that were sealed did not end at all. */
function renderExit({ exit }: Comparison, out: Colors): string[] {
  const isSame = exit.equal || (exit.original === null && exit.candidate === null);
  return isSame ? [] : renderValues("exit", [{ pointer: "/exit", ...sides(exit) }], out);
}

function sides(exit: { original: unknown; candidate: unknown }): {
  original: unknown;
  candidate: unknown;
} {
  return { original: exit.original ?? undefined, candidate: exit.candidate ?? undefined };
}
