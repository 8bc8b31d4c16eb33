// S4-001…S4-003, S4-006…S4-014, S4-021…S4-026, S4-063…S4-067, S4-113, S4-126…S4-129, S4-142.
import type { GcPlan, RetentionPolicy } from "@reseal/schema";
import { validate } from "@reseal/schema";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { PassFail, PlanEntry } from "./entry.ts";
import { isoWeek } from "./keep-rules.ts";
import { type PlanOptions, planGc } from "./plan-gc.ts";
import { validatePlan } from "./validate-plan.ts";

const nowMs = Date.UTC(2025, 8, 6, 15);

/** An entry, one day newer for each number. */
function entry(number: number, pass_fail: PassFail, more: Partial<PlanEntry> = {}): PlanEntry {
  return {
    id: `${number}`.padStart(8, "0"),
    family: "proofs",
    run_id: `run ${number}`,
    timestamp: new Date(Date.UTC(2025, 5, number)).toISOString(),
    pass_fail,
    is_pinned: false,
    total_bytes: 100 * number,
    file_count: 1,
    ...more,
  };
}

function options(policy: RetentionPolicy, more: Partial<PlanOptions> = {}): PlanOptions {
  return {
    families: [{ name: "proofs", policy }],
    alwaysKeepTags: [],
    nowMs,
    dryRun: true,
    source: "pool",
    location: "/artifacts",
    ...more,
  };
}

function plan(entries: readonly PlanEntry[], policy: RetentionPolicy): GcPlan {
  return planGc(entries, options(policy));
}

const numbers = (items: readonly { readonly id: string }[] = []): number[] =>
  items.map(({ id }) => Number(id));
const deleted = (plan: GcPlan): number[] =>
  numbers(plan.family_plans.flatMap(({ to_delete }) => to_delete));
const kept = (plan: GcPlan): number[] =>
  numbers(plan.family_plans.flatMap(({ to_keep }) => to_keep));

test("S4-001 the first vector of the original: keep 3 of 5", async () => {
  const outcomes: PassFail[] = ["pass", "fail", "pass", "fail", "pass"];
  const result = plan(
    outcomes.map((outcome, index) => entry(index + 1, outcome)),
    { keep: 3 },
  );

  expect(kept(result)).toEqual([5, 4, 3]);
  expect(deleted(result)).toEqual([2, 1]);
  expect(result.family_plans[0]?.reason_to_keep["00000005"]).toEqual([
    "last_pass",
    "last_run",
    "within_keep_count_3",
  ]);
  expect(await validate("gc-plan", result)).toEqual([]);
});

test("the second vector of the original: keep 1 of 4, with a pin", () => {
  const result = plan(
    [entry(1, "pass", { is_pinned: true }), entry(2, "fail"), entry(3, "pass"), entry(4, "fail")],
    { keep: 1 },
  );

  expect(deleted(result)).toEqual([2]);
  expect(result.family_plans[0]?.reason_to_keep).toEqual({
    "00000004": ["last_run", "within_keep_count_1"],
    "00000003": ["last_pass"],
    "00000001": ["pinned"],
  });
});

test("S4-126 of 15 entries with keep 10, the 5 oldest unprotected are deleted", () => {
  const entries = Array.from({ length: 15 }, (_, index) => entry(index + 1, "pass"));

  const result = plan(entries, { keep: 10 });

  expect(deleted(result)).toEqual([5, 4, 3, 2, 1]);
  expect(result).toMatchObject({
    total_entries: 15,
    total_to_delete: 5,
    total_to_keep: 10,
    bytes_to_delete: 1500,
    files_to_delete: 5,
    pinned_kept: 0,
    last_pass_kept: 1,
    last_run_kept: 1,
  });
});

test("S4-127, S4-128, S4-129 last pass, last run and pins outside the window are kept in addition", () => {
  const entries = Array.from({ length: 15 }, (_, index) => entry(index + 1, "fail"));
  entries[1] = entry(2, "pass");
  entries[2] = entry(3, "fail", { is_pinned: true });

  const result = plan(entries, { keep: 10 });

  expect(deleted(result)).toEqual([5, 4, 1]);
  expect(result.family_plans[0]?.reason_to_keep).toMatchObject({
    "00000002": ["last_pass"],
    "00000003": ["pinned"],
    "00000015": ["last_run", "within_keep_count_10"],
  });
});

test("an unknown outcome never counts as a pass", () => {
  const result = plan([entry(1, "pass"), entry(2, "unknown"), entry(3, "unknown")], { keep: 1 });

  expect(result.family_plans[0]?.reason_to_keep["00000001"]).toEqual(["last_pass"]);
});

test.each<readonly [string, unknown]>([
  ["absent", {}],
  ["zero", { keep: 0 }],
  ["negative", { keep: -1 }],
  ["a fraction", { keep: 1.5 }],
  ["mistyped", { keep: "1" }],
  ["not a number", { keep: Number.NaN }],
])("a policy that is %s keeps everything", (_, policy) => {
  const entries = [entry(1, "pass"), entry(2, "pass"), entry(3, "pass")];

  expect(deleted(plan(entries, policy as RetentionPolicy))).toEqual([]);
});

test("a family without a policy keeps everything", () => {
  const entries = [1, 2, 3].map((number) => entry(number, "pass", { family: "other" }));

  const result = plan(entries, { keep: 1 });

  expect(deleted(result)).toEqual([]);
  expect(result.family_plans.map(({ family }) => family)).toEqual(["other"]);
});

test("S4-026, S4-142 pins of the configuration hold, and one that fits nothing is said", () => {
  const entries = [1, 2, 3].map((number) => entry(number, "pass"));

  const result = plan(entries, { keep: 1, pin: ["00000001", "e5f6g7h8"] });

  expect(deleted(result)).toEqual([2]);
  expect(result.family_plans[0]?.reason_to_keep["00000001"]).toEqual(["explicitly_pinned"]);
  expect(result.warnings).toEqual(["retention.proofs.pin names e5f6g7h8, which is no entry."]);
});

test("tags, age, what others need, and parents of what is kept", () => {
  const day = 86_400_000;
  const entries = [
    entry(1, "pass"),
    entry(2, "pass", { tags: ["paper"] }),
    entry(3, "pass", { protections: ["cited"] }),
    entry(4, "pass", { timestamp: new Date(nowMs - 2 * day).toISOString() }),
    entry(5, "pass", { timestamp: new Date(nowMs - day).toISOString(), parents: ["00000006"] }),
    entry(6, "pass", { parents: ["00000007"] }),
    entry(7, "pass"),
    entry(8, "pass", { tags: ["release"] }),
  ];

  const result = planGc(
    entries,
    options({ keep: 1, keep_tags: ["paper"], min_age_hours: 50 }, { alwaysKeepTags: ["release"] }),
  );

  expect(deleted(result)).toEqual([1]);
  expect(result.family_plans[0]?.reason_to_keep).toMatchObject({
    "00000002": ["tag:paper"],
    "00000003": ["cited"],
    "00000004": ["younger_than_50_hours"],
    "00000006": ["parent_of:00000005"],
    "00000007": ["parent_of:00000006"],
    "00000008": ["tag:release"],
  });
});

test("the newest of each of the last days, weeks and months that have one", () => {
  const at = (number: number, timestamp: string): PlanEntry => entry(number, "pass", { timestamp });
  const entries = [
    at(9, "2025-08-31T12:00:00.000Z"),
    at(8, "2025-08-31T11:00:00.000Z"),
    at(7, "2025-08-30T12:00:00.000Z"),
    at(6, "2025-08-24T12:00:00.000Z"),
    at(5, "2025-07-31T12:00:00.000Z"),
    at(4, "2025-06-30T12:00:00.000Z"),
  ];

  const result = plan(entries, { keep_daily: 2, keep_weekly: 2, keep_monthly: 2 });

  expect(deleted(result)).toEqual([8, 4]);
  expect(result.family_plans[0]?.reason_to_keep).toEqual({
    "00000009": [
      "last_pass",
      "last_run",
      "keep_daily_2025-08-31",
      "keep_weekly_2025-W35",
      "keep_monthly_2025-08",
    ],
    "00000007": ["keep_daily_2025-08-30"],
    "00000006": ["keep_weekly_2025-W34"],
    "00000005": ["keep_monthly_2025-07"],
  });
});

test("weeks are those of ISO 8601", () => {
  expect(
    ["2024-12-30", "2025-01-01", "2026-01-01", "2027-01-03", "2025-09-06"].map(isoWeek),
  ).toEqual(["2025-W01", "2025-W01", "2026-W01", "2026-W53", "2025-W36"]);
});

test("a family that is too large gives up its oldest, never what is protected", () => {
  const mb = 1024 * 1024;
  const entries = [1, 2, 3, 4].map((number) => entry(number, "pass", { total_bytes: 10 * mb }));
  entries[0] = entry(1, "pass", { total_bytes: 10 * mb, is_pinned: true });

  expect(deleted(plan(entries, { max_total_size_mb: 30 }))).toEqual([2]);
  expect(deleted(plan(entries, { keep: 10, max_total_size_mb: 1 }))).toEqual([3, 2]);
  expect(deleted(plan(entries, { keep: 1, max_total_size_mb: 100 }))).toEqual([3, 2]);
});

test("what bears a time of the future is kept: the clock may be wrong", () => {
  const entries = [entry(1, "pass"), entry(2, "pass"), entry(3, "pass")];

  const result = planGc(entries, options({ keep: 1 }, { nowMs: Date.UTC(2025, 0, 1) }));

  expect(deleted(result)).toEqual([]);
});

test("S4-149 only the families that are asked for", () => {
  const entries = [1, 2, 3].flatMap((number) => [
    entry(number, "pass"),
    entry(number + 10, "pass", { family: "bench" }),
  ]);
  const families = ["proofs", "bench"].map((name) => ({ name, policy: { keep: 1 } }));

  const result = planGc(entries, options({}, { families, only: ["bench"] }));

  expect(deleted(result)).toEqual([12, 11]);
  expect(result.total_entries).toBe(3);
});

test("S4-066, S4-121 a plan that would delete something protected is refused", () => {
  const entries = [entry(1, "pass"), entry(2, "pass"), entry(3, "fail", { is_pinned: true })];
  const good = plan(entries, { keep: 1 });
  const [family] = good.family_plans;
  if (family === undefined) throw new Error("no plan");
  const bad = { ...good, family_plans: [{ ...family, to_delete: family.to_keep, to_keep: [] }] };

  expect(() => validatePlan(bad, entries, options({ keep: 1 }))).toThrow(
    expect.objectContaining({
      code: "GC_PLAN_INVALID",
      exitCode: 5,
      message: expect.stringMatching(/^GC plan validation failed: .*protected: pinned/),
    }),
  );
});

test("an id that several entries have makes no plan: nobody could say which is meant", () => {
  const entries = [entry(1, "pass"), entry(2, "pass"), entry(1, "pass", { family: "bench" })];

  expect(() => plan(entries, { keep: 1 })).toThrow(
    expect.objectContaining({ code: "GC_PLAN_INVALID" }),
  );
});

test("a plan whose entries stand in another order is checked as well", () => {
  const entries = [1, 2, 3, 4].map((number) => entry(number, "pass"));
  const good = plan(entries, { keep: 1 });
  const [family] = good.family_plans;
  if (family === undefined) throw new Error("no plan");
  const turned = { ...family, to_delete: family.to_delete.toReversed() };
  const twice = { ...family, to_delete: [...family.to_delete, ...family.to_delete] };

  const check = (one: typeof family): void =>
    validatePlan({ ...good, family_plans: [one] }, entries, options({ keep: 1 }));
  expect(() => check(turned)).not.toThrow();
  expect(() => check(twice)).toThrow(/is in the plan twice/);
  expect(() => check({ ...turned, to_delete: [...turned.to_delete, ...turned.to_keep] })).toThrow(
    /protected: last_pass, last_run/,
  );
});

test("all that a plan follows from is in its state", () => {
  const entries = [1, 2, 3].map((number) => entry(number, "pass", { checksum: "ab" }));
  const stateOf = (more: Partial<PlanEntry>): string =>
    plan([...entries.slice(1), entry(1, "pass", { checksum: "ab", ...more })], { keep: 1 }).state;

  const states = [
    {},
    { timestamp: new Date(Date.UTC(2025, 5, 1, 1)).toISOString() },
    { timestamp: "2025-06-01" },
    { pass_fail: "fail" as const },
    { is_pinned: true },
    { total_bytes: 1 },
    { file_count: 2 },
    { checksum: "ac" },
    { id: "00000001a", checksum: "b" },
    { tags: ["a"] },
    { protections: ["a"] },
    { parents: ["a"] },
    { family: "bench" },
  ].map(stateOf);

  expect(new Set(states).size).toBe(states.length);
  expect(stateOf({ tags: ["b", "a"] })).toBe(stateOf({ tags: ["a", "b"] }));
});

const anyEntry = fc.record({
  family: fc.constantFrom("proofs", "bench", "other"),
  timestamp: fc
    .integer({ min: 0, max: 20 })
    .map((day) => new Date(Date.UTC(2025, 7, 1 + day)).toISOString()),
  pass_fail: fc.constantFrom<PassFail>("pass", "fail", "unknown"),
  is_pinned: fc.boolean(),
  total_bytes: fc.nat(10_000_000),
  file_count: fc.integer({ min: 1, max: 5 }),
  tags: fc.subarray(["paper", "release"]),
  protections: fc.subarray(["cited", "leased"]),
});
const anyEntries = fc
  .array(anyEntry, { maxLength: 40 })
  .chain((entries) =>
    fc.tuple(
      fc.constant(entries),
      fc.array(fc.option(fc.nat(39)), { minLength: entries.length, maxLength: entries.length }),
    ),
  )
  .map(([entries, parents]) =>
    entries.map((one, index): PlanEntry => {
      const parent = parents[index] ?? entries.length;
      return {
        ...one,
        id: idOf(index),
        run_id: `${index}`,
        parents: parent < entries.length ? [idOf(parent)] : [],
      };
    }),
  );
const idOf = (index: number): string => (index * 7919 + 13).toString(16).padStart(8, "0");
const anyPolicy = fc.record(
  {
    keep: fc.integer({ min: 0, max: 5 }),
    keep_daily: fc.integer({ min: 0, max: 3 }),
    keep_weekly: fc.integer({ min: 0, max: 3 }),
    keep_tags: fc.constant<string[]>(["paper"]),
    max_total_size_mb: fc.integer({ min: 0, max: 20 }),
    min_age_hours: fc.integer({ min: 0, max: 1000 }),
  },
  { requiredKeys: [] },
);

test("S4-003, S4-063…S4-065, S4-067, S4-113 whatever the entries and policies, nothing protected is deleted and the order does not matter", () => {
  const shuffled = anyEntries.chain((entries) =>
    fc.tuple(
      fc.constant(entries),
      fc.shuffledSubarray(entries, { minLength: entries.length, maxLength: entries.length }),
    ),
  );
  fc.assert(
    fc.property(shuffled, anyPolicy, anyPolicy, ([entries, others], proofs, bench) => {
      const families = [
        { name: "proofs", policy: proofs },
        { name: "bench", policy: bench },
      ];
      const result = planGc(entries, options({}, { families, alwaysKeepTags: ["release"] }));
      const gone = new Set(
        result.family_plans.flatMap(({ to_delete }) => to_delete.map(({ id }) => id)),
      );

      for (const family of ["proofs", "bench", "other"]) {
        const members = entries
          .filter((one) => one.family === family)
          .sort((a, b) =>
            a.timestamp === b.timestamp
              ? a.id < b.id
                ? -1
                : 1
              : a.timestamp > b.timestamp
                ? -1
                : 1,
          );
        const lastPass = members.find(({ pass_fail }) => pass_fail === "pass");
        expect(gone.has(members[0]?.id ?? "")).toBe(false);
        expect(gone.has(lastPass?.id ?? "")).toBe(false);
      }
      for (const one of entries) {
        const isProtected =
          one.is_pinned ||
          one.family === "other" ||
          (one.protections ?? []).length > 0 ||
          one.tags?.includes("release");
        expect(isProtected && gone.has(one.id)).toBe(false);
        if (!gone.has(one.id))
          for (const parent of one.parents ?? []) expect(gone.has(parent)).toBe(false);
      }
      expect(result.total_to_delete + result.total_to_keep).toBe(entries.length);
      for (const { to_keep, to_delete } of result.family_plans)
        for (const { reasons } of [...to_keep, ...to_delete]) expect(reasons).not.toEqual([]);
      expect(planGc(others, options({}, { families, alwaysKeepTags: ["release"] }))).toEqual(
        result,
      );
    }),
  );
});
