import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { type BundleReader, formatOf, importBundle, openStoredBundle } from "@reseal/bundle";
import { isResealError } from "@reseal/errors";
import {
  limitedTable,
  placeText,
  type ReplayOutcome,
  type ReplayRequest,
  type Report,
  replayRun,
  type Stability,
  stabilityOf,
  toleranceLines,
} from "@reseal/replay";
import type { Tolerance } from "@reseal/schema";
import type { RunRow, Stores } from "@reseal/store";
import type { CommandContext } from "./context.ts";
import { cliErrors } from "./errors.ts";
import { type NamedBundle, openPath } from "./open-named.ts";
import { renderTable } from "./table.ts";
import { harmless, shortDigest } from "./terminal.ts";

/** One run and what became of its replay. */
interface ReplayedItem {
  readonly run_id: string;
  readonly artifact_id: string;
  readonly seal: string;
  readonly name: string | null;
  readonly command: readonly string[] | null;
  readonly verdict: ReplayOutcome["verdict"];
  readonly explained: "explained" | "unexplained" | null;
  readonly reason: string;
  readonly replay_seal: string | null;
  readonly first_difference: ReplayOutcome["firstDifference"] | null;
  readonly cause: string | null;
}

/** How many of many runs were reproduced; the data of `reseal replay --all`. */
export interface ReproductionRate {
  readonly total: number;
  readonly tolerance: Tolerance;
  readonly counts: Readonly<Record<Outcome, number>>;
  readonly reproduction_rate: number | null;
  readonly items: readonly ReplayedItem[];
}

const outcomes = [
  "reproduced",
  "within_tolerance",
  "diverged_explained",
  "diverged_unexplained",
  "not_comparable",
  "failed",
] as const;
type Outcome = (typeof outcomes)[number];

/**
 * Replay every run of the store, or every bundle of a folder, one after the other.
 *
 * Runs that a replay made are left out, and of several executions with one artifact id the
 * earliest stands for all. A bundle that cannot be read counts as failed, with its reason.
 */
export async function replayAll(
  context: CommandContext,
  stores: Stores,
  folder: string | undefined,
  request: ReplayRequest & { readonly tolerance: Tolerance },
): Promise<ReproductionRate> {
  const items: ReplayedItem[] = [];
  for (const open of await openers(context, stores, folder)) {
    context.signal.throwIfAborted();
    items.push(await replayOne(stores, open, request));
    if (context.showsProgress) context.note(`${items.length} replayed`);
  }
  const counts = Object.fromEntries(
    outcomes.map((outcome) => [
      outcome,
      items.filter((item) => outcomeOf(item) === outcome).length,
    ]),
  ) as Record<Outcome, number>;
  const good = counts.reproduced + counts.within_tolerance;
  return {
    total: items.length,
    tolerance: request.tolerance,
    counts,
    reproduction_rate: items.length === 0 ? null : good / items.length,
    items,
  };
}

/** A run as the catalog or its folder names it, and how to open it. */
interface Opener
  extends Pick<ReplayedItem, "run_id" | "artifact_id" | "seal" | "name" | "command"> {
  open(): Promise<BundleReader>;
}

async function openers(
  context: CommandContext,
  stores: Stores,
  folder: string | undefined,
): Promise<readonly Opener[]> {
  if (folder !== undefined) {
    return await bundlesBelow(context, stores, resolve(context.host.cwd, folder));
  }
  const rows: RunRow[] = [];
  let after: string | undefined;
  do {
    const page = await stores.catalog.listRuns({
      tenant: stores.tenant,
      filters: [{ field: "type", operator: "=", value: "run" }],
      sort: "created_at",
      order: "asc",
      limit: 1000,
      ...(after !== undefined && { after }),
    });
    rows.push(...page.items);
    after = page.next ?? undefined;
  } while (after !== undefined);
  const seen = new Set<string>();
  return rows.flatMap((row) => {
    if (row.parents.some(({ relationship }) => relationship === "replay_of")) return [];
    if (seen.has(row.artifact_id)) return [];
    seen.add(row.artifact_id);
    const { run_id, artifact_id, seal, name, command } = row;
    return [
      { run_id, artifact_id, seal, name, command, open: () => openStoredBundle(stores, row.seal) },
    ];
  });
}

async function bundlesBelow(
  context: CommandContext,
  stores: Stores,
  folder: string,
): Promise<readonly Opener[]> {
  const found = [
    folder,
    ...readdirSync(folder)
      .sort()
      .map((name) => join(folder, name)),
  ].filter((path) => formatOf(path) === "zip" || existsSync(join(path, "manifest.json")));
  if (found.length === 0)
    throw cliErrors.PATH_NOT_FOUND(`There is no exported bundle in ${folder}.`);
  const openers: Opener[] = [];
  const seen = new Set<string>();
  for (const path of found) {
    const bundle = await openOrWarn(context, path);
    if (bundle === undefined) continue;
    const { seal, manifest } = bundle;
    await bundle[Symbol.asyncDispose]();
    const { run_id, artifact_id, name } = manifest.context;
    if (manifest.content.type !== "run" || seen.has(artifact_id)) continue;
    seen.add(artifact_id);
    openers.push({
      run_id,
      artifact_id,
      seal,
      name: name ?? null,
      command: manifest.content.inputs.command ?? null,
      open: async () => {
        await using again = await openPath(path);
        await importBundle(stores, again);
        return await openStoredBundle(stores, again.seal);
      },
    });
  }
  return openers;
}

/** A file or folder that is no bundle after all is said and left out. */
async function openOrWarn(context: CommandContext, path: string): Promise<NamedBundle | undefined> {
  try {
    return await openPath(path);
  } catch (error) {
    if (!isResealError(error)) throw error;
    context.warn(`${path} is left out: ${error.message}`);
    return undefined;
  }
}

async function replayOne(
  stores: Stores,
  { open, ...row }: Opener,
  request: ReplayRequest,
): Promise<ReplayedItem> {
  try {
    const outcome = await replayRun(stores, await open(), request);
    const { verdict, reason, comparison, explanation, replay, firstDifference } = outcome;
    return {
      ...row,
      verdict,
      explained: verdict === "diverged" ? (comparison?.explained ?? null) : null,
      reason,
      replay_seal: replay.seal,
      first_difference: explanation?.first_difference ?? firstDifference ?? null,
      cause: explanation?.causes[0]?.statement ?? null,
    };
  } catch (error) {
    // A damaged bundle is one more thing that could not be reproduced; the others go on.
    if (!isResealError(error) || ![3, 4].includes(error.exitCode)) throw error;
    return {
      ...row,
      verdict: "failed",
      explained: null,
      reason: error.message,
      replay_seal: null,
      first_difference: null,
      cause: null,
    };
  }
}

function outcomeOf({ verdict, explained }: ReplayedItem): Outcome {
  if (verdict !== "diverged") return verdict;
  return explained === "explained" ? "diverged_explained" : "diverged_unexplained";
}

/** Whether nothing diverged and nothing failed. */
export function isGoodRate({ counts }: ReproductionRate): boolean {
  return counts.diverged_explained + counts.diverged_unexplained + counts.failed === 0;
}

/** The table and the totals. */
export function renderRate(context: CommandContext, rate: ReproductionRate): string {
  if (rate.total === 0) return "nothing to replay";
  const table = renderTable(
    ["RUN", "NAME", "OUTCOME", "WHY"],
    rate.items.map((item) => [
      item.run_id.slice(0, 8),
      harmless(item.name ?? (item.command ?? []).join(" ")).slice(0, 32),
      outcomeOf(item).replaceAll("_", " "),
      harmless(whyOf(item)),
    ]),
    context.out,
    context.host.stdout,
  );
  return `${table}\n\n${totals(rate)}`;
}

function whyOf({ verdict, first_difference: first, cause, reason }: ReplayedItem): string {
  if (verdict !== "diverged") return reason;
  const place = first ? `${placeText(first, true)}. ` : "";
  return `${place}${cause ?? reason}`;
}

function totals({ total, counts, reproduction_rate: share }: ReproductionRate): string {
  const parts = outcomes
    .filter((outcome) => counts[outcome] > 0)
    .map((outcome) => `${counts[outcome]} ${outcome.replaceAll("_", " ")}`);
  const percent = share === null ? "" : ` (${(share * 100).toFixed(1)} % reproduction rate)`;
  return `${total} replayed: ${parts.join(", ")}${percent}`;
}

/** The report of {@link replayAll}. */
export function rateReport(rate: ReproductionRate): Report {
  return {
    title: "Reproduction rate",
    summary: totals(rate),
    tone: isGoodRate(rate) ? "good" : "bad",
    sections: [
      {
        heading: "Outcomes",
        table: {
          headings: ["outcome", "runs"],
          rows: outcomes.map((name) => [name.replaceAll("_", " "), String(rate.counts[name])]),
        },
      },
      {
        heading: "Runs",
        table: limitedTable(
          ["run", "name or command", "outcome", "why"],
          rate.items.map((item) => [
            item.run_id.slice(0, 8),
            item.name ?? (item.command ?? []).join(" "),
            outcomeOf(item).replaceAll("_", " "),
            whyOf(item),
          ]),
        ),
      },
      { heading: "Tolerance", items: toleranceLines(rate.tolerance) },
    ],
  };
}

/** Replay one run several times; the data of `reseal replay --times`. */
export async function replayTimes(
  context: CommandContext,
  stores: Stores,
  given: BundleReader,
  times: number,
  request: ReplayRequest & { readonly tolerance: Tolerance },
): Promise<{ readonly original: object; readonly tolerance: Tolerance } & Stability> {
  const replays: ReplayOutcome[] = [];
  for (let count = 0; count < times; count++) {
    context.signal.throwIfAborted();
    replays.push(await replayRun(stores, given, request));
  }
  const { manifest, seal } = replays[0]?.original ?? given;
  const { artifact_id, run_id } = manifest.context;
  const { tolerance } = request;
  return { original: { artifact_id, seal, run_id }, tolerance, ...stabilityOf(replays) };
}

type TimesData = Awaited<ReturnType<typeof replayTimes>>;

/** Stability for a terminal. */
export function renderTimes(context: CommandContext, data: TimesData): string {
  const { out } = context;
  const { stable, times, distinct_results: distinct, metrics, unstable_files, replays } = data;
  const mark = stable ? out.green(out.bold("stable")) : out.red(out.bold("not stable"));
  return [
    `${mark}: ${times} replays gave ${distinct} different results`,
    ...replays.map(
      ({ verdict, replay_seal }) =>
        `  ${verdict.replaceAll("_", " ")}  ${shortDigest(replay_seal)}`,
    ),
    ...metrics.map(
      ({ name, mean, variance, lowest, highest }) =>
        `  ${harmless(name)}  mean ${mean}  variance ${variance}  from ${lowest} to ${highest}`,
    ),
    ...unstable_files.map(({ path, distinct }) => `  ${harmless(path)}: ${distinct} contents`),
  ].join("\n");
}

/** The report of {@link replayTimes}. */
export function timesReport({ times, stable, distinct_results, ...data }: TimesData): Report {
  return {
    title: "Stability",
    summary: `${times} replays gave ${distinct_results} different results.`,
    tone: stable ? "good" : "bad",
    sections: [
      {
        heading: "Replays",
        table: limitedTable(
          ["verdict", "replay", "result key", "reason"],
          data.replays.map(({ verdict, replay_seal, result_key, reason }) => [
            verdict,
            shortDigest(replay_seal),
            result_key === null ? "none" : shortDigest(result_key),
            reason,
          ]),
        ),
      },
      {
        heading: "Metrics",
        table: limitedTable(
          ["metric", "values", "lowest", "highest", "mean", "variance"],
          data.metrics.map(({ name, ...values }) => [
            name,
            ...[values.count, values.lowest, values.highest, values.mean, values.variance].map(
              String,
            ),
          ]),
        ),
      },
      {
        heading: "Unstable outputs",
        items: data.unstable_files.map(({ path, distinct }) => `${path}: ${distinct} contents`),
      },
      { heading: "Tolerance", items: toleranceLines(data.tolerance) },
    ],
  };
}
