import type { RetentionPolicy } from "@reseal/schema";
import type { PlanEntry } from "./entry.ts";

/** Newest first; of equal times the smaller id first. Both are plain ASCII. */
export function newestFirst(
  a: Pick<PlanEntry, "id" | "timestamp">,
  b: Pick<PlanEntry, "id" | "timestamp">,
): number {
  if (a.timestamp !== b.timestamp) return a.timestamp < b.timestamp ? 1 : -1;
  return a.id < b.id ? -1 : Number(a.id > b.id);
}

/** What protections depend on besides the entries of a family. */
export interface ProtectionOptions {
  readonly nowMs: number;
  /** Tags whose entries are kept in every family. */
  readonly alwaysKeepTags: readonly string[];
}

/**
 * Why entries of a family must not be deleted, whatever its window says.
 * @param entries Of one family, in any order.
 */
export function protections(
  entries: readonly PlanEntry[],
  policy: RetentionPolicy,
  { nowMs, alwaysKeepTags }: ProtectionOptions,
): Map<string, string[]> {
  const lastPass = newestOf(entries, ({ pass_fail }) => pass_fail === "pass");
  const lastRun = newestOf(entries, () => true);
  const tags = new Set([...alwaysKeepTags, ...(policy.keep_tags ?? [])]);
  const found = new Map<string, string[]>();
  for (const entry of entries) {
    const reasons: string[] = [];
    if (entry.is_pinned) reasons.push("pinned");
    if (entry === lastPass) reasons.push("last_pass");
    if (entry === lastRun) reasons.push("last_run");
    if (policy.pin?.some((pin) => entry.id.startsWith(pin.toLowerCase())))
      reasons.push("explicitly_pinned");
    reasons.push(...(entry.protections ?? []));
    for (const tag of entry.tags ?? []) if (tags.has(tag)) reasons.push(`tag:${tag}`);
    reasons.push(...ageReasons(entry, policy, nowMs));
    if (reasons.length > 0) found.set(entry.id, reasons);
  }
  return found;
}

function newestOf(
  entries: readonly PlanEntry[],
  isWanted: (entry: PlanEntry) => boolean,
): PlanEntry | undefined {
  let newest: PlanEntry | undefined;
  for (const entry of entries)
    if (isWanted(entry) && (newest === undefined || newestFirst(entry, newest) < 0)) newest = entry;
  return newest;
}

/** A clock that runs behind must not make anything old: what is of the future is kept. */
function ageReasons(
  { timestamp }: PlanEntry,
  { min_age_hours = 0 }: RetentionPolicy,
  nowMs: number,
): string[] {
  const ageMs = nowMs - Date.parse(timestamp);
  if (!(ageMs >= 0)) return ["of_the_future"];
  return ageMs < min_age_hours * 3_600_000 ? [`younger_than_${min_age_hours}_hours`] : [];
}
