import type { RetentionPolicy } from "@reseal/schema";
import type { PlanEntry } from "./entry.ts";

/** Rules of one family that keep entries besides the protected ones. */
export interface WindowRules {
  /** What keeps the entry at this place, newest first; empty when no rule does. */
  readonly reasonsAt: (place: number) => readonly string[];
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
  const outside: string[] = [];
  const keep = count(policy.keep);
  const inCount = [`within_keep_count_${keep}`];
  if (keep > 0) outside.push(`outside_keep_count_${keep}`);
  const inPeriods = new Map<number, string[]>();
  for (const { name, max, periodOf } of periods(policy)) {
    if (max === 0) continue;
    outside.push(`outside_keep_${name}_${max}`);
    const seen = new Set<string>();
    let day = "";
    for (const [place, { timestamp }] of entries.entries()) {
      if (day !== "" && timestamp.startsWith(day)) continue;
      day = timestamp.slice(0, dayLength);
      const period = periodOf(timestamp);
      if (seen.has(period)) continue;
      if (seen.size === max) break;
      seen.add(period);
      const reasons = inPeriods.get(place) ?? (place < keep ? [...inCount] : []);
      inPeriods.set(place, [...reasons, `keep_${name}_${period}`]);
    }
  }
  const reasonsAt = (place: number): readonly string[] =>
    inPeriods.get(place) ?? (place < keep ? inCount : none);
  return { reasonsAt, outside };
}

const none: readonly string[] = [];
/** Of `2025-09-06`. No period is shorter. */
const dayLength = 10;

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
