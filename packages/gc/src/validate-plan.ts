import type { GcFamilyPlan, GcPlan } from "@reseal/schema";
import type { PlanEntry } from "./entry.ts";
import { gcErrors } from "./errors.ts";
import { entryFlags, type FamilyMembers, membersOf } from "./family-members.ts";
import { repeatedTexts } from "./order.ts";
import type { PolicyOfFamily } from "./plan-gc.ts";
import { policyOf, protections } from "./protections.ts";

/** What a plan is checked against. */
export interface ValidationOptions {
  readonly families: readonly PolicyOfFamily[];
  readonly alwaysKeepTags: readonly string[];
  readonly nowMs: number;
}

/**
 * Check that a plan deletes nothing that is protected, whoever made it. Done again just before
 * anything moves, also for a plan that was read from a file.
 * @throws `GC_PLAN_INVALID` naming what the plan would do.
 */
export function validatePlan(
  plan: GcPlan,
  entries: readonly PlanEntry[],
  options: ValidationOptions,
): void {
  validateMembers(plan, membersOf(entries, []), repeatedIds(entries), options);
}

/** Ids that several entries have. */
export function repeatedIds(entries: readonly PlanEntry[]): readonly string[] {
  return repeatedTexts(entries.map(({ id }) => id));
}

/** {@link validatePlan} for entries that are divided into families already. */
export function validateMembers(
  plan: GcPlan,
  families: readonly FamilyMembers[],
  repeated: readonly string[],
  options: ValidationOptions,
): void {
  const marks = marksOf(plan, families);
  const problems = [...repeated.map((id) => `${id} is several entries`), ...marks.problems];
  for (const [index, members] of families.entries()) {
    const { name, entries } = members;
    const deleted = marks.deleted[index];
    if (deleted === undefined || !deleted.includes(1)) continue;
    const isProtected = protections(members, policyOf(name, options), options);
    for (const [place, reasons] of isProtected.entries())
      if (reasons !== undefined && deleted[place] === 1)
        problems.push(`${entries[place]?.id} of ${name} is protected: ${reasons.join(", ")}`);
    if (!deleted.includes(0)) problems.push(`nothing of ${name} is left`);
  }
  problems.push(...lostParents(plan, families, marks.deleted));
  if (problems.length === 0) return;
  throw gcErrors.PLAN_INVALID(`GC plan validation failed: ${problems.slice(0, 3).join("; ")}.`, {
    details: { problems },
  });
}

interface Marks {
  /** For each family, 1 at the places of what the plan deletes. */
  readonly deleted: readonly Uint8Array[];
  readonly problems: readonly string[];
}

function marksOf(plan: GcPlan, families: readonly FamilyMembers[]): Marks {
  const deleted = families.map(({ entries }) => new Uint8Array(entries.length));
  const isByOrder = plan.family_plans.every((family, number) => {
    const index = families.findIndex(({ name }) => name === family.family);
    const isFirst = plan.family_plans.findIndex((one) => one.family === family.family) === number;
    const [members, marks] = [families[index], deleted[index]];
    return isFirst && members !== undefined && marks && markInOrder(family, members, marks);
  });
  if (isByOrder) return { deleted, problems: [] };
  for (const marks of deleted) marks.fill(0);
  return { deleted, problems: markById(plan, families, deleted) };
}

/**
 * A plan of ours names the members of a family in their order, each once: no id has to be looked
 * up then.
 * @returns whether it does
 */
function markInOrder(
  { to_delete, to_keep }: GcFamilyPlan,
  { name, ids }: FamilyMembers,
  marks: Uint8Array,
): boolean {
  let [deleteAt, keepAt] = [0, 0];
  for (let place = 0; place < ids.length; place += 1) {
    const doomed = to_delete[deleteAt];
    if (doomed?.id === ids[place]) {
      if (doomed?.family !== name) return false;
      marks[place] = 1;
      deleteAt += 1;
    } else if (to_keep[keepAt]?.id === ids[place]) keepAt += 1;
    else return false;
  }
  return deleteAt === to_delete.length && keepAt === to_keep.length;
}

/** @returns what is wrong with the ids */
function markById(
  plan: GcPlan,
  families: readonly FamilyMembers[],
  deleted: readonly Uint8Array[],
): string[] {
  const problems: string[] = [];
  const places = new Map<string, { family: string; marks: Uint8Array; place: number }>();
  for (const [index, { name, entries }] of families.entries())
    for (const [place, { id }] of entries.entries())
      places.set(id, { family: name, marks: deleted[index] ?? new Uint8Array(), place });
  const seen = new Set<string>();
  for (const { to_delete, to_keep } of plan.family_plans) {
    const kept = new Set(to_keep.map(({ id }) => id));
    for (const { id, family } of to_delete) {
      const entry = places.get(id);
      if (entry?.family !== family) problems.push(`${id} is no entry of ${family}`);
      if (kept.has(id) || seen.has(id)) problems.push(`${id} is in the plan twice`);
      seen.add(id);
      if (entry !== undefined) entry.marks[entry.place] = 1;
    }
  }
  return problems;
}

function lostParents(
  plan: GcPlan,
  families: readonly FamilyMembers[],
  deleted: readonly Uint8Array[],
): string[] {
  const problems: string[] = [];
  let ids: ReadonlySet<string> | undefined;
  for (const [index, { entries, flags }] of families.entries())
    for (let place = 0; place < flags.length; place += 1) {
      const mayLose = ((flags[place] ?? 0) & entryFlags.hasParents) !== 0;
      const entry = mayLose && deleted[index]?.[place] === 0 ? entries[place] : undefined;
      if (entry === undefined) continue;
      ids ??= new Set(plan.family_plans.flatMap(({ to_delete }) => to_delete.map((one) => one.id)));
      for (const parent of entry.parents ?? [])
        if (ids.has(parent)) problems.push(`${parent} is a parent of ${entry.id}, which is kept`);
    }
  return problems;
}
