import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type BundleReader, importBundle, type SealedBundle } from "@reseal/bundle";
import {
  compareBundles,
  comparisonSections,
  decideGate,
  differingSeries,
  explainBundles,
  gateSection,
  parseGateRules,
  type Report,
  sealGate,
} from "@reseal/replay";
import type { Comparison, Explanation, Gate, GateRules, Tolerance } from "@reseal/schema";
import type { Stores } from "@reseal/store";
import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { cliErrors } from "../errors.ts";
import { commandHelp } from "../help.ts";
import { type NamedBundle, openNamed } from "../open-named.ts";
import {
  renderFiles,
  renderMetrics,
  renderTolerance,
  renderVerdict,
} from "../render-comparison.ts";
import { harmless, shortDigest } from "../terminal.ts";
import { type ToleranceFlags, toleranceOf, toleranceOptions } from "../tolerance-flags.ts";
import { parseReportName, reportHelp, writeReport } from "../write-report.ts";

interface CompareFlags extends ToleranceFlags {
  readonly gate?: string;
  readonly seal?: boolean;
  readonly report?: string;
}

interface Compared {
  readonly reader: BundleReader;
  readonly comparison: Comparison;
  readonly explanation: Explanation | undefined;
}

/** `reseal compare BASE CAND…` */
export function compareCommand(context: CommandContext): Command {
  return toleranceOptions(new Command("compare"))
    .description("Hold candidates against a baseline on metrics and outputs, and decide a gate")
    .argument("<base>", "the baseline: a run of the store, or a folder with an exported bundle")
    .argument("<candidates...>", "the runs to hold against it")
    .option("--gate <file>", "rules in YAML or JSON; exit with 1 when one is violated")
    .option("--no-seal", "do not keep the gate's decision as a validation artifact")
    .option("--report <file>", reportHelp, parseReportName)
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal compare 3f2a 9c1d", "a baseline and a candidate"],
          ["reseal compare 3f2a 9c1d --gate gate.yaml", "may it be released?"],
          ["reseal compare 3f2a 9c1d --tolerance rmse=0.01", "a metric may differ so much"],
          ["reseal compare 3f2a 9c1d --tolerance tolerance.yaml", "by metric and file"],
          ["reseal compare 3f2a 9c1d --report gate.html", "for people, with plots"],
        ],
        { 0: "compared, and the gate passed", 1: "the gate failed", 3: "not found", 4: "damaged" },
      ),
    )
    .action(async (base: string, names: readonly string[], flags: CompareFlags) => {
      const rules = flags.gate === undefined ? undefined : await readRules(context, flags.gate);
      const tolerance = await toleranceOf(context, flags);
      let opened: Stores | undefined;
      const open = async (): Promise<Stores> => {
        opened ??= await context.openStores();
        return opened;
      };
      const bundles: NamedBundle[] = [];
      const openBundle = async (name: string): Promise<NamedBundle> => {
        const bundle = await openNamed(context, name, open);
        bundles.push(bundle);
        return bundle;
      };
      try {
        const baseline = await openBundle(base);
        const compared: Compared[] = [];
        for (const name of names)
          compared.push(await compareOne(context, baseline, await openBundle(name), tolerance));
        const comparisons = compared.map(({ comparison }) => comparison);
        const gate = rules === undefined ? undefined : decideGate(rules, comparisons);
        const sealed =
          rules === undefined || gate === undefined || opened === undefined || flags.seal === false
            ? undefined
            : await keepDecision(context, opened, { gate, rules, tolerance, baseline, compared });
        const data = compareData(compared, tolerance, gate, sealed);
        if (flags.report !== undefined) {
          const report = await reportOf(baseline, compared, gate);
          writeReport(context, flags.report, () => report, data);
        }
        context.exitCode = gate?.decision === "fail" ? 1 : 0;
        context.result("compare/v1", data, () => render(context, compared, tolerance, gate));
        if (sealed) context.note(`gate sealed as ${shortDigest(sealed.seal)}`);
      } finally {
        for (const bundle of bundles) await bundle[Symbol.asyncDispose]();
        await opened?.[Symbol.asyncDispose]();
      }
    });
}

interface Decided {
  readonly gate: Gate;
  readonly rules: GateRules;
  readonly tolerance: Tolerance;
  readonly baseline: BundleReader;
  readonly compared: readonly Compared[];
}

/** Keep a decision in the store, with what it is about; `undefined` where nothing can be written. */
async function keepDecision(
  context: CommandContext,
  stores: Stores,
  { compared, baseline, ...decided }: Decided,
): Promise<SealedBundle | undefined> {
  if (stores.readOnly) return undefined;
  const candidates = compared.map(({ reader }) => reader);
  for (const reader of [baseline, ...candidates])
    if (reader.blobs === undefined) await importBundle(stores, reader);
  const { version: toolVersion } = context;
  return await sealGate(stores, { ...decided, baseline, candidates, toolVersion });
}

async function readRules(context: CommandContext, name: string): Promise<GateRules> {
  let text: string;
  try {
    text = readFileSync(resolve(context.host.cwd, name), "utf8");
  } catch (cause) {
    throw cliErrors.PATH_NOT_FOUND(`The gate file ${name} cannot be read.`, { cause });
  }
  return await parseGateRules(text, name);
}

async function compareOne(
  context: CommandContext,
  baseline: BundleReader,
  reader: BundleReader,
  tolerance: Tolerance,
): Promise<Compared> {
  const { signal } = context;
  const comparison = await compareBundles(baseline, reader, { tolerance, signal });
  const explanation = await explainBundles(baseline, reader, comparison, { signal });
  return { reader, comparison, explanation };
}

function compareData(
  compared: readonly Compared[],
  tolerance: Tolerance,
  gate: Gate | undefined,
  sealed: SealedBundle | undefined,
): object {
  return {
    baseline: compared[0]?.comparison.original,
    tolerance,
    candidates: compared.map(({ comparison, explanation }) => ({
      artifact: comparison.candidate,
      verdict: comparison.verdict,
      ...(comparison.explained && { explained: comparison.explained }),
      ...(comparison.reason !== undefined && { reason: comparison.reason }),
      explanation: explanation ?? null,
      metrics: comparison.metrics,
      files: comparison.files.filter(({ status }) => status !== "equal"),
    })),
    gate: gate ?? null,
    gate_artifact: sealed
      ? {
          artifact_id: sealed.keys.artifactId,
          seal: sealed.seal,
          run_id: sealed.manifest.context.run_id,
        }
      : null,
  };
}

function headingOf({ reader }: Compared): string {
  const { run_id, name } = reader.manifest.context;
  return `run ${run_id.slice(0, 8)}${name === undefined ? "" : ` ${name}`}`;
}

async function reportOf(
  baseline: BundleReader,
  compared: readonly Compared[],
  gate: Gate | undefined,
): Promise<Report> {
  const sections = [...(gate === undefined ? [] : [gateSection(gate)])];
  for (const one of compared) {
    const { comparison, explanation, reader } = one;
    const plots = await differingSeries(baseline, reader, comparison);
    for (const part of comparisonSections({ comparison, explanation, plots }))
      sections.push({ ...part, heading: `${headingOf(one)}: ${part.heading}` });
  }
  return {
    title: `Baseline ${baseline.manifest.context.run_id.slice(0, 8)} and ${compared.length} candidates`,
    summary: gate === undefined ? "No gate was asked for." : gateText(gate),
    tone: gate === undefined ? "neutral" : gate.decision === "pass" ? "good" : "bad",
    sections,
  };
}

function gateText({ decision, reasons }: Gate): string {
  const violated = reasons.filter(({ status }) => status === "violated").length;
  return decision === "pass"
    ? `The gate passed: ${reasons.length} rules were met.`
    : `The gate failed: ${violated} of ${reasons.length} rules were violated.`;
}

function render(
  context: CommandContext,
  compared: readonly Compared[],
  tolerance: Tolerance,
  gate: Gate | undefined,
): string {
  const { out } = context;
  const lines = compared.flatMap((one) => [
    `${out.bold(harmless(headingOf(one)))}  ${renderVerdict(one.comparison, out)}`,
    ...renderMetrics(one.comparison.metrics, out),
    ...renderFiles("outputs", one.comparison.files, out),
  ]);
  lines.push(...renderTolerance(tolerance, out));
  if (gate === undefined) return lines.join("\n");
  const paint = gate.decision === "pass" ? out.green : out.red;
  return [
    ...lines,
    paint(out.bold(gateText(gate))),
    ...gate.reasons.map(({ status, message, candidate }) => {
      const who = candidate === undefined ? "" : `candidate ${candidate + 1}: `;
      return `  ${status === "met" ? out.green("met     ") : out.red("violated")}  ${harmless(who + message)}`;
    }),
  ].join("\n");
}
