import { createDigester, type Digest } from "@reseal/hash";
import type { GcDecision, GcFamilyPlan, GcPlan, RetentionPolicy } from "@reseal/schema";
import type { PlanEntry } from "./entry.ts";
import { totalBytesMax, windowRules } from "./keep-rules.ts";
import { newestFirst, protections } from "./protections.ts";
import { validatePlan } from "./validate-plan.ts";

/** A family and its policy, as a plan needs them. */
export interface PolicyOfFamily {
  readonly name: string;
  /** `{}` keeps everything. */
  readonly policy: RetentionPolicy;
}

/** What a plan follows from besides the entries. */
export interface PlanOptions {
  /** In the order in which families are shown. A family that is not named keeps everything. */
  readonly families: readonly PolicyOfFamily[];
  readonly alwaysKeepTags: readonly string[];
  /** The time, in milliseconds since the epoch. */
  readonly nowMs: number;
  readonly dryRun: boolean;
  readonly source: GcPlan["source"];
  readonly location: string;
  /** Only these families; all unless said otherwise. */
  readonly only?: readonly string[] | undefined;
}

/**
 * Decide which entries are deleted. Nothing is read or changed; the order of the entries does not
 * matter.
 *
 * Of each family the newest are kept as its policy says, and in addition everything that is
 * protected: pinned, the last pass, the last run, what others need, and the parents of whatever is
 * kept. A family without a policy, or with one that says nothing, keeps everything.
 * @throws `GC_PLAN_INVALID` when the plan would delete something protected: a defect, caught
 * before anything moves.
 */
export function planGc(entries: readonly PlanEntry[], options: PlanOptions): GcPlan {
  const groups = groupByFamily(entries, options.families);
  const decided = new Map<string, Decided>();
  for (const [name, members] of groups) decideFamily(name, members, options, decided);
  keepParents(entries, decided);
  const plans = [...groups]
    .filter(([name, members]) => members.length > 0 && isWanted(name, options))
    .map(([name, members]) => familyPlan(name, members, decided));
  const plan = summed(plans, options, [...groups.values()].flat(), warningsOf(entries, options));
  validatePlan(plan, entries, options);
  return plan;
}

interface Decided {
  keep: boolean;
  /** Of the rules that keep it, or of those that did not. */
  reasons: string[];
}

function groupByFamily(
  entries: readonly PlanEntry[],
  families: readonly PolicyOfFamily[],
): Map<string, PlanEntry[]> {
  const groups = new Map<string, PlanEntry[]>(families.map(({ name }) => [name, []]));
  const others = new Map<string, PlanEntry[]>();
  for (const entry of entries) {
    const group = groups.get(entry.family) ?? others.get(entry.family);
    if (group === undefined) others.set(entry.family, [entry]);
    else group.push(entry);
  }
  for (const name of [...others.keys()].sort()) groups.set(name, others.get(name) ?? []);
  for (const group of groups.values()) group.sort(newestFirst);
  return groups;
}

function decideFamily(
  name: string,
  entries: readonly PlanEntry[],
  options: PlanOptions,
  decided: Map<string, Decided>,
): void {
  const policy = options.families.find((family) => family.name === name)?.policy ?? {};
  const isProtected = protections(entries, policy, options);
  const { reasons, outside } = windowRules(entries, policy);
  const bytesMax = totalBytesMax(policy);
  const hasRule = outside.length > 0 || bytesMax !== undefined;
  const isOpen = !hasRule || !isWanted(name, options);
  let bytes = 0;
  for (const { id, total_bytes } of entries) if (isProtected.has(id)) bytes += total_bytes;
  for (const { id, total_bytes } of entries) {
    const always = isProtected.get(id) ?? [];
    const window = outside.length === 0 ? [] : (reasons.get(id) ?? []);
    const isInWindow = outside.length === 0 || window.length > 0;
    // The oldest are given up first: from the first that does not fit on, none fits.
    if (always.length === 0 && isInWindow) bytes += total_bytes;
    const isTooMuch = bytesMax !== undefined && bytes > bytesMax;
    if (isOpen) decided.set(id, { keep: true, reasons: [...always, "no_policy"] });
    else if (always.length > 0 || (isInWindow && !isTooMuch)) {
      const size =
        bytesMax !== undefined && !isTooMuch && isInWindow ? ["within_max_total_size"] : [];
      const more = isTooMuch ? [] : window;
      decided.set(id, { keep: true, reasons: [...always, ...more, ...size] });
    } else {
      const size = isInWindow && isTooMuch ? ["over_max_total_size"] : [];
      decided.set(id, { keep: false, reasons: isInWindow ? size : [...outside] });
    }
  }
}

/** What a kept entry derives from stays as long as it does, through all generations. */
function keepParents(entries: readonly PlanEntry[], decided: Map<string, Decided>): void {
  if (entries.every(({ parents = [] }) => parents.length === 0)) return;
  const queue = entries.filter(({ id }) => decided.get(id)?.keep === true).sort(newestFirst);
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  for (const next of queue) {
    for (const id of next.parents ?? []) {
      const parent = byId.get(id);
      const decision = decided.get(id);
      if (parent === undefined || decision === undefined) continue;
      const reason = `parent_of:${next.id}`;
      if (decision.keep) decision.reasons.push(reason);
      else {
        decided.set(id, { keep: true, reasons: [reason] });
        queue.push(parent);
      }
    }
  }
}

function isWanted(family: string, { only }: PlanOptions): boolean {
  return only === undefined || only.includes(family);
}

function familyPlan(
  family: string,
  entries: readonly PlanEntry[],
  decided: ReadonlyMap<string, Decided>,
): GcFamilyPlan {
  const toDelete: GcDecision[] = [];
  const toKeep: GcDecision[] = [];
  for (const entry of entries) {
    const { keep = true, reasons = [] } = decided.get(entry.id) ?? {};
    (keep ? toKeep : toDelete).push(decisionOf(entry, reasons));
  }
  return {
    family,
    total_entries: entries.length,
    keep_count: toKeep.length,
    to_delete: toDelete,
    to_keep: toKeep,
    reason_to_keep: Object.fromEntries(toKeep.map(({ id, reasons }) => [id, reasons])),
    bytes_to_delete: sum(toDelete, ({ total_bytes }) => total_bytes),
    files_to_delete: sum(toDelete, ({ files }) => files),
  };
}

function decisionOf(entry: PlanEntry, reasons: string[]): GcDecision {
  return {
    id: entry.id,
    run_id: entry.run_id,
    family: entry.family,
    timestamp: entry.timestamp,
    pass_fail: entry.pass_fail,
    total_bytes: entry.total_bytes,
    files: entry.file_count,
    ...(entry.paths !== undefined && { paths: [...entry.paths] }),
    reasons,
  };
}

function summed(
  plans: GcFamilyPlan[],
  options: PlanOptions,
  ordered: readonly PlanEntry[],
  warnings: string[],
): GcPlan {
  const kept = plans.flatMap(({ to_keep }) => to_keep);
  const keptFor = (...names: readonly string[]): number =>
    kept.filter(({ reasons }) => reasons.some((reason) => names.includes(reason))).length;
  const toDelete = sum(plans, ({ to_delete }) => to_delete.length);
  return {
    schema_version: "reseal.gc-plan/v1",
    created_at: new Date(options.nowMs).toISOString(),
    dry_run: options.dryRun,
    source: options.source,
    location: options.location,
    ...(options.only !== undefined && { only: [...options.only] }),
    state: stateDigest(ordered, options),
    total_entries: toDelete + kept.length,
    family_plans: plans,
    total_to_delete: toDelete,
    total_to_keep: kept.length,
    bytes_to_delete: sum(plans, ({ bytes_to_delete }) => bytes_to_delete),
    files_to_delete: sum(plans, ({ files_to_delete }) => files_to_delete),
    pinned_kept: keptFor("pinned", "explicitly_pinned"),
    last_pass_kept: keptFor("last_pass"),
    last_run_kept: keptFor("last_run"),
    warnings,
  };
}

/** Stands for all that a plan follows from but the time: another state, another digest. */
function stateDigest(ordered: readonly PlanEntry[], options: PlanOptions): Digest {
  const digester = createDigester();
  let text = "";
  const add = (value: unknown): void => {
    text += `${JSON.stringify(value)}\n`;
    if (text.length < 65_536) return;
    digester.update(Buffer.from(text));
    text = "";
  };
  add([options.source, options.families.map(({ name, policy }) => [name, policy])]);
  add([options.alwaysKeepTags, options.only ?? null]);
  for (const entry of ordered) {
    const { id, family, timestamp, pass_fail, is_pinned, total_bytes, file_count } = entry;
    const { tags = [], protections: needed = [], parents = [], checksum = "" } = entry;
    add([id, family, timestamp, pass_fail, is_pinned, total_bytes, file_count, checksum]);
    if (tags.length + needed.length + parents.length > 0)
      add([[...tags].sort(), [...needed].sort(), [...parents].sort()]);
  }
  digester.update(Buffer.from(text));
  return digester.digest();
}

/** A pin in the configuration that fits nothing, or several, is said and changes nothing else. */
function warningsOf(entries: readonly PlanEntry[], { families }: PlanOptions): string[] {
  return families.flatMap(({ name, policy }) =>
    (policy.pin ?? []).flatMap((pin) => {
      const hits = entries.filter(
        ({ family, id }) => family === name && id.startsWith(pin.toLowerCase()),
      ).length;
      if (hits === 1) return [];
      const what = hits === 0 ? "which is no entry" : `which fits ${hits} entries; all are kept`;
      return [`retention.${name}.pin names ${pin}, ${what}.`];
    }),
  );
}

function sum<Item>(items: readonly Item[], numberOf: (item: Item) => number): number {
  return items.reduce((total, item) => total + numberOf(item), 0);
}
