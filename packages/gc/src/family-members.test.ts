import fc from "fast-check";
import { expect, test } from "vitest";
import type { PlanEntry } from "./entry.ts";
import { membersOf, newestFirst } from "./family-members.ts";
import { orderOf, repeatedTexts } from "./order.ts";

const anyTime = fc.oneof(
  fc.integer({ min: 0, max: 40 }).map((day) => new Date(Date.UTC(2025, 1, 1 + day)).toISOString()),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.constantFrom("2025-02-30T00:00:00.000Z", "2025-09-06", "no time", "2025-09-06T14:30:22Z"),
);

function entryOf(id: string, timestamp: string): PlanEntry {
  const facts = { pass_fail: "pass", is_pinned: false, total_bytes: 1, file_count: 1 } as const;
  return { id, run_id: id, family: "proofs", timestamp, ...facts };
}

test("members are in the order of their times, however these are written", () => {
  fc.assert(
    fc.property(fc.array(anyTime), (times) => {
      const entries = times.map((time, index) => entryOf(`${(index * 7) % 31}-${index}`, time));

      const [members] = membersOf(entries, [{ name: "proofs" }]);

      const expected = entries.toSorted(newestFirst);
      expect(members?.entries).toEqual(expected);
      expect(members?.ids).toEqual(expected.map(({ id }) => id));
      expect([...(members?.times ?? [])]).toEqual(
        expected.map(({ timestamp }) => Date.parse(timestamp)),
      );
    }),
  );
});

test("numbers are put in order by their values, equal ones by their places", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat(5), fc.nat(), fc.constant(2 ** 40 + 1))), (numbers) => {
      const expected = numbers
        .map((number, index) => ({ number, index }))
        .sort((a, b) => a.number - b.number || a.index - b.index)
        .map(({ index }) => index);

      expect([...(orderOf(Float64Array.from(numbers)) ?? [])]).toEqual(expected);
    }),
  );
});

test("numbers that leave no room for their places are not put in order", () => {
  expect(orderOf(Float64Array.of(1, 2 ** 63))).toBeUndefined();
});

test("texts that stand more than once are found, also where others have their hash", () => {
  // FNV-1a gives both the same 32 bits.
  expect(repeatedTexts(["costarring", "liquid", "costarring"])).toEqual(["costarring"]);
  expect(repeatedTexts(["costarring", "liquid"])).toEqual([]);
  expect(repeatedTexts(["a", "b", "b", "c", "a"]).toSorted()).toEqual(["a", "b"]);
});
