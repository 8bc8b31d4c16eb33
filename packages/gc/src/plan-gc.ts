import type { GcDecision, GcFamilyPlan, GcPlan, RetentionPolicy } from "@reseal/schema";
import type { PlanEntry } from "./entry.ts";
import { entryFlags, type FamilyMembers, membersOf, newestFirst } from "./family-members.ts";
import { totalBytesMax, windowRules } from "./keep-rules.ts";
import { policyOf, protections } from "./protections.ts";
import { stateDigest } from "./state-digest.ts";
import { repeatedIds, validateMembers } from "./validate-plan.ts";

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
  const families = membersOf(entries, options.families);
  const verdicts = families.map((members) => decideFamily(members, options));
  keepParents(families, verdicts);
  const plans = families.flatMap((members, index) => {
    const verdict = verdicts[index];
    const isShown = members.entries.length > 0 && isWanted(members.name, options);
    return isShown && verdict ? [familyPlan(members, verdict)] : [];
  });
  const plan = summed(plans, options, families);
  validateMembers(plan, families, repeatedIds(entries), options);
  return plan;
}

/** What becomes of the entries of a family, by place. Entries share their reasons: never changed. */
interface Verdict {
  /** 1 for what is kept. */
  readonly keep: Uint8Array;
  /** Of the rules that keep it, or of those that did not. */
  readonly reasons: (readonly string[])[];
}

function decideFamily(members: FamilyMembers, options: PlanOptions): Verdict {
  const { name, entries, bytes: sizes } = members;
  const policy = policyOf(name, options);
  const isProtected = protections(members, policy, options);
  const { reasonsAt, outside } = windowRules(entries, policy);
  const bytesMax = totalBytesMax(policy);
  const hasRule = outside.length > 0 || bytesMax !== undefined;
  const isOpen = !hasRule || !isWanted(name, options);
  const keep = new Uint8Array(entries.length);
  const reasons = new Array<readonly string[]>(entries.length);
  let bytes = 0;
  for (let place = 0; place < sizes.length; place += 1)
    if (isProtected[place] !== undefined) bytes += sizes[place] ?? 0;
  for (let place = 0; place < sizes.length; place += 1) {
    const always = isProtected[place] ?? none;
    const window = outside.length === 0 ? none : reasonsAt(place);
    const isInWindow = outside.length === 0 || window.length > 0;
    // The oldest are given up first: from the first that does not fit on, none fits.
    if (always.length === 0 && isInWindow) bytes += sizes[place] ?? 0;
    const isTooMuch = bytesMax !== undefined && bytes > bytesMax;
    const isKept = isOpen || always.length > 0 || (isInWindow && !isTooMuch);
    keep[place] = Number(isKept);
    if (isOpen) reasons[place] = joined(always, noPolicy);
    else if (isKept) {
      const size = bytesMax !== undefined && !isTooMuch && isInWindow ? withinSize : none;
      reasons[place] = joined(joined(always, isTooMuch ? none : window), size);
    } else reasons[place] = isInWindow ? overSize : outside;
  }
  return { keep, reasons };
}

const none: readonly string[] = [];
const noPolicy: readonly string[] = ["no_policy"];
const withinSize: readonly string[] = ["within_max_total_size"];
const overSize: readonly string[] = ["over_max_total_size"];

function joined(first: readonly string[], second: readonly string[]): readonly string[] {
  if (first.length === 0) return second;
  return second.length === 0 ? first : [...first, ...second];
}

/** What a kept entry derives from stays as long as it does, through all generations. */
function keepParents(families: readonly FamilyMembers[], verdicts: readonly Verdict[]): void {
  const all = families.flatMap(({ entries, flags }, index) => {
    const verdict = verdicts[index];
    const hasParents = flags.some((bits) => (bits & entryFlags.hasParents) !== 0);
    return verdict === undefined ? [] : [{ entries, verdict, hasParents }];
  });
  if (all.every(({ hasParents }) => !hasParents)) return;
  const places = new Map<string, { entry: PlanEntry; place: number; verdict: Verdict }>();
  for (const { entries, verdict } of all)
    for (const [place, entry] of entries.entries()) places.set(entry.id, { entry, place, verdict });
  const queue = all.flatMap(({ entries, verdict }) =>
    entries.filter((_, place) => verdict.keep[place] === 1),
  );
  queue.sort(newestFirst);
  for (const next of queue) {
    for (const id of next.parents ?? []) {
      const parent = places.get(id);
      if (parent === undefined) continue;
      const { keep, reasons } = parent.verdict;
      const isKept = keep[parent.place] === 1;
      const known = isKept ? (reasons[parent.place] ?? none) : none;
      reasons[parent.place] = [...known, `parent_of:${next.id}`];
      keep[parent.place] = 1;
      if (!isKept) queue.push(parent.entry);
    }
  }
}

function isWanted(family: string, { only }: PlanOptions): boolean {
  return only === undefined || only.includes(family);
}

function familyPlan({ name, entries }: FamilyMembers, { keep, reasons }: Verdict): GcFamilyPlan {
  const toDelete: GcDecision[] = [];
  const toKeep: GcDecision[] = [];
  for (let place = 0; place < entries.length; place += 1) {
    const entry = entries[place];
    if (entry === undefined) continue;
    const decision = decisionOf(entry, reasons[place] ?? none);
    (keep[place] === 1 ? toKeep : toDelete).push(decision);
  }
  return {
    family: name,
    total_entries: entries.length,
    keep_count: toKeep.length,
    to_delete: toDelete,
    to_keep: toKeep,
    reason_to_keep: Object.fromEntries(toKeep.map(({ id, reasons }) => [id, reasons])),
    bytes_to_delete: sum(toDelete, ({ total_bytes }) => total_bytes),
    files_to_delete: sum(toDelete, ({ files }) => files),
  };
}

function decisionOf(entry: PlanEntry, reasons: readonly string[]): GcDecision {
  const { id, run_id, family, timestamp, pass_fail, total_bytes, file_count: files, paths } = entry;
  const shared = reasons as string[];
  const run = { id, run_id, family, timestamp, pass_fail };
  if (paths !== undefined)
    return { ...run, total_bytes, files, paths: paths as string[], reasons: shared };
  return { id, run_id, family, timestamp, pass_fail, total_bytes, files, reasons: shared };
}

function summed(
  plans: GcFamilyPlan[],
  options: PlanOptions,
  families: readonly FamilyMembers[],
): GcPlan {
  const toDelete = sum(plans, ({ to_delete }) => to_delete.length);
  const toKeep = sum(plans, ({ to_keep }) => to_keep.length);
  const keptFor = (...names: readonly string[]): number =>
    sum(plans, ({ to_keep }) =>
      sum(to_keep, ({ reasons }) => Number(reasons.some((reason) => names.includes(reason)))),
    );
  const policies = options.families.map(({ name, policy }) => [name, policy]);
  const facts = [options.source, policies, options.alwaysKeepTags, options.only ?? null];
  return {
    schema_version: "reseal.gc-plan/v1",
    created_at: new Date(options.nowMs).toISOString(),
    dry_run: options.dryRun,
    source: options.source,
    location: options.location,
    ...(options.only !== undefined && { only: [...options.only] }),
    state: stateDigest(facts, families),
    total_entries: toDelete + toKeep,
    family_plans: plans,
    total_to_delete: toDelete,
    total_to_keep: toKeep,
    bytes_to_delete: sum(plans, ({ bytes_to_delete }) => bytes_to_delete),
    files_to_delete: sum(plans, ({ files_to_delete }) => files_to_delete),
    pinned_kept: keptFor("pinned", "explicitly_pinned"),
    last_pass_kept: keptFor("last_pass"),
    last_run_kept: keptFor("last_run"),
    warnings: warningsOf(families, options),
  };
}

/** A pin in the configuration that fits nothing, or several, is said and changes nothing else. */
function warningsOf(families: readonly FamilyMembers[], options: PlanOptions): string[] {
  return options.families.flatMap(({ name, policy }) =>
    (policy.pin ?? []).flatMap((pin) => {
      const start = pin.toLowerCase();
      const ids = families.find((family) => family.name === name)?.ids ?? [];
      const hits = sum(ids, (id) => Number(id.startsWith(start)));
      if (hits === 1) return [];
      const what = hits === 0 ? "which is no entry" : `which fits ${hits} entries; all are kept`;
      return [`retention.${name}.pin names ${pin}, ${what}.`];
    }),
  );
}

function sum<Item>(items: readonly Item[], numberOf: (item: Item) => number): number {
  let total = 0;
  for (const item of items) total += numberOf(item);
  return total;
}
