import type { GcDecision, GcPlan, RetentionPolicy } from "@reseal/schema";

/** A reason of a plan in words. */
export function reasonText(reason: string): string {
  const [, number] = /^(?:within|outside)_keep_count_(\d+)$/.exec(reason) ?? [];
  if (reason.startsWith("within_keep_count_")) return `one of the newest ${number} of its family`;
  if (reason.startsWith("outside_keep_count_"))
    return `older than the newest ${number} of its family`;
  const [, period, when] = /^keep_(daily|weekly|monthly)_(.+)$/.exec(reason) ?? [];
  if (period !== undefined) return `the newest of ${when} (${period})`;
  const [, outside, max] = /^outside_keep_(daily|weekly|monthly)_(\d+)$/.exec(reason) ?? [];
  if (outside !== undefined) return `not the newest of one of the last ${max} (${outside})`;
  if (reason.startsWith("tag:")) return `has the tag ${reason.slice(4)}`;
  if (reason.startsWith("parent_of:")) return `${reason.slice(10)}, which is kept, derives from it`;
  const [, hours] = /^younger_than_(.+)_hours$/.exec(reason) ?? [];
  if (hours !== undefined) return `younger than ${hours} hours`;
  return words[reason] ?? reason.replaceAll("_", " ");
}

const words: Readonly<Record<string, string>> = {
  pinned: "pinned",
  last_pass: "the most recent pass of its family",
  last_run: "the most recent run of its family",
  explicitly_pinned: "pinned in the configuration",
  no_policy: "its family has no rule that deletes anything",
  within_max_total_size: "fits into the size of its family",
  over_max_total_size: "its family is too large, and the newer ones fill it",
  of_the_future: "its time is in the future; the clock may be wrong",
  cited: "it is cited",
  promoted: "it is promoted",
  leased: "a process is working with it",
};

/** A policy in words. */
export function policyText(policy: RetentionPolicy): string {
  const parts = [
    policy.keep ? `the newest ${policy.keep}` : undefined,
    policy.keep_daily ? `one of each of the last ${policy.keep_daily} days` : undefined,
    policy.keep_weekly ? `one of each of the last ${policy.keep_weekly} weeks` : undefined,
    policy.keep_monthly ? `one of each of the last ${policy.keep_monthly} months` : undefined,
    policy.max_total_size_mb ? `at most ${policy.max_total_size_mb} MB` : undefined,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? "keeps everything" : `keeps ${parts.join(", ")}`;
}

/** The decision of a plan about one entry. */
export function decisionIn(
  plan: GcPlan,
  id: string,
): { readonly decision: "keep" | "delete"; readonly entry: GcDecision } | undefined {
  for (const { to_keep, to_delete } of plan.family_plans) {
    const kept = to_keep.find((one) => one.id === id);
    if (kept !== undefined) return { decision: "keep", entry: kept };
    const deleted = to_delete.find((one) => one.id === id);
    if (deleted !== undefined) return { decision: "delete", entry: deleted };
  }
  return undefined;
}
