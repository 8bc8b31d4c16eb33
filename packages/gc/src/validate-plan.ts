import type { GcPlan } from "@reseal/schema";
import type { PlanEntry } from "./entry.ts";
import { gcErrors } from "./errors.ts";
import type { PolicyOfFamily } from "./plan-gc.ts";
import { protections } from "./protections.ts";

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
  const deleted = new Set<string>();
  const problems: string[] = [];
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  for (const { to_delete, to_keep } of plan.family_plans) {
    const kept = new Set(to_keep.map(({ id }) => id));
    for (const { id, family } of to_delete) {
      if (byId.get(id)?.family !== family) problems.push(`${id} is no entry of ${family}`);
      if (kept.has(id) || deleted.has(id)) problems.push(`${id} is in the plan twice`);
      deleted.add(id);
    }
  }
  for (const [family, members] of membersOf(entries)) {
    const policy = options.families.find(({ name }) => name === family)?.policy ?? {};
    const isProtected = protections(members, policy, options);
    for (const { id } of members) {
      const reasons = isProtected.get(id);
      if (reasons !== undefined && deleted.has(id))
        problems.push(`${id} of ${family} is protected: ${reasons.join(", ")}`);
    }
    if (members.every(({ id }) => deleted.has(id))) problems.push(`nothing of ${family} is left`);
  }
  for (const { id, parents = [] } of entries) {
    const lost = deleted.has(id) ? [] : parents.filter((parent) => deleted.has(parent));
    for (const parent of lost) problems.push(`${parent} is a parent of ${id}, which is kept`);
  }
  if (problems.length === 0) return;
  throw gcErrors.PLAN_INVALID(`GC plan validation failed: ${problems.slice(0, 3).join("; ")}.`, {
    details: { problems },
  });
}

function membersOf(entries: readonly PlanEntry[]): Map<string, PlanEntry[]> {
  const groups = new Map<string, PlanEntry[]>();
  for (const entry of entries) {
    const group = groups.get(entry.family);
    if (group === undefined) groups.set(entry.family, [entry]);
    else group.push(entry);
  }
  return groups;
}
