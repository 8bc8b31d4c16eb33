import type { RetentionPolicy } from "@reseal/schema";
import type { PlanEntry } from "./entry.ts";
import { entryFlags, type FamilyMembers } from "./family-members.ts";
import type { PolicyOfFamily } from "./plan-gc.ts";

/** What protections depend on besides the entries of a family. */
export interface ProtectionOptions {
  readonly nowMs: number;
  /** Tags whose entries are kept in every family. */
  readonly alwaysKeepTags: readonly string[];
}

/**
 * Why entries of a family must not be deleted, whatever its window says.
 * @returns reasons by place; `undefined` for what is not protected
 */
export function protections(
  { entries, times, flags }: FamilyMembers,
  policy: RetentionPolicy,
  { nowMs, alwaysKeepTags }: ProtectionOptions,
): (readonly string[] | undefined)[] {
  const lastPass = flags.findIndex((bits) => (bits & entryFlags.isPass) !== 0);
  const tags = new Set([...alwaysKeepTags, ...(policy.keep_tags ?? [])]);
  const pins = (policy.pin ?? []).map((pin) => pin.toLowerCase());
  const { min_age_hours = 0 } = policy;
  const tooYoung = [`younger_than_${min_age_hours}_hours`];
  const found = new Array<readonly string[] | undefined>(entries.length);
  for (let place = 0; place < found.length; place += 1) {
    const ageMs = nowMs - (times[place] ?? Number.NaN);
    // A clock that runs behind must not make anything old: what is of the future is kept.
    const age =
      ageMs >= 0 ? (ageMs < min_age_hours * 3_600_000 ? tooYoung : undefined) : ofTheFuture;
    const [isLastRun, isLastPass] = [place === 0, place === lastPass];
    const isMarked = ((flags[place] ?? 0) & entryFlags.mayBeProtected) !== 0;
    const entry =
      isMarked || isLastRun || isLastPass || pins.length > 0 ? entries[place] : undefined;
    const own =
      entry === undefined ? none : reasonsOf(entry, { isLastPass, isLastRun, pins, tags });
    found[place] = own.length === 0 ? age : age === undefined ? own : [...own, ...age];
  }
  return found;
}

/** The policy of a family; one that is not named has none, and keeps everything. */
export function policyOf(
  family: string,
  { families }: { readonly families: readonly PolicyOfFamily[] },
): RetentionPolicy {
  return families.find(({ name }) => name === family)?.policy ?? {};
}

const ofTheFuture: readonly string[] = ["of_the_future"];
const none: readonly string[] = [];

interface EntryFacts {
  readonly isLastPass: boolean;
  readonly isLastRun: boolean;
  readonly pins: readonly string[];
  readonly tags: ReadonlySet<string>;
}

function reasonsOf(entry: PlanEntry, { isLastPass, isLastRun, pins, tags }: EntryFacts): string[] {
  const reasons: string[] = [];
  if (entry.is_pinned) reasons.push("pinned");
  if (isLastPass) reasons.push("last_pass");
  if (isLastRun) reasons.push("last_run");
  if (pins.some((pin) => entry.id.startsWith(pin))) reasons.push("explicitly_pinned");
  reasons.push(...(entry.protections ?? []));
  for (const tag of entry.tags ?? []) if (tags.has(tag)) reasons.push(`tag:${tag}`);
  return reasons;
}
