import type { RetentionPolicy } from "@reseal/schema";
import type { PlanEntry } from "./entry.ts";

/** Rules of one family that keep entries besides the protected ones, by the entries' ids. */
export interface WindowRules {
  /** What keeps an entry; absent when no rule does. */
  readonly reasons: ReadonlyMap<string, readonly string[]>;
  /** What is said of an entry that no rule keeps; empty when there is no rule: all are kept. */
  readonly outside: readonly string[];
}

/** Numbers that are no number of anything are no rule: a slip keeps everything. */
function count(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : 0;
}

/**
 * Apply the windows of a policy: the newest N, and the newest of each of the last N days, weeks and
 * months that have one.
 * @param entries Of one family, newest first.
 */
export function windowRules(entries: readonly PlanEntry[], policy: RetentionPolicy): WindowRules {
  const reasons = new Map<string, string[]>();
  const outside: string[] = [];
  const add = (id: string, reason: string): void => {
    const known = reasons.get(id);
    if (known === undefined) reasons.set(id, [reason]);
    else known.push(reason);
  };
  const keep = count(policy.keep);
  if (keep > 0) {
    outside.push(`outside_keep_count_${keep}`);
    for (const { id } of entries.slice(0, keep)) add(id, `within_keep_count_${keep}`);
  }
  for (const { name, max, periodOf } of periods(policy)) {
    if (max === 0) continue;
    outside.push(`outside_keep_${name}_${max}`);
    const seen = new Set<string>();
    for (const { id, timestamp } of entries) {
      const period = periodOf(timestamp);
      if (seen.has(period)) continue;
      if (seen.size === max) break;
      seen.add(period);
      add(id, `keep_${name}_${period}`);
    }
  }
  return { reasons, outside };
}

interface Period {
  readonly name: string;
  readonly max: number;
  readonly periodOf: (timestamp: string) => string;
}

function periods({ keep_daily, keep_weekly, keep_monthly }: RetentionPolicy): readonly Period[] {
  return [
    { name: "daily", max: count(keep_daily), periodOf: (time) => time.slice(0, 10) },
    { name: "weekly", max: count(keep_weekly), periodOf: isoWeek },
    { name: "monthly", max: count(keep_monthly), periodOf: (time) => time.slice(0, 7) },
  ];
}

const dayMs = 86_400_000;

/** The ISO 8601 week of a time in UTC, such as `2025-W36`. It belongs to the year of its Thursday. */
export function isoWeek(timestamp: string): string {
  const day = new Date(`${timestamp.slice(0, 10)}T00:00:00Z`);
  const thursday = new Date(day.getTime() + (4 - (day.getUTCDay() || 7)) * dayMs);
  const year = thursday.getUTCFullYear();
  const week = 1 + Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * dayMs));
  return `${year}-W${String(week).padStart(2, "0")}`;
}

/** Bytes that a family may have at most; `undefined` when there is no such rule. */
export function totalBytesMax({ max_total_size_mb }: RetentionPolicy): number | undefined {
  const size = max_total_size_mb;
  const isRule = typeof size === "number" && Number.isFinite(size) && size > 0;
  return isRule ? size * 1024 * 1024 : undefined;
}
