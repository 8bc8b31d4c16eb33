import type { Invariant } from "@reseal/schema";
import fc from "fast-check";
import { expect, test } from "vitest";
import { checkInvariants } from "./check-invariants.ts";

const nowMs = Date.parse("2026-01-05T12:00:00Z");
const window = (valid_from: string, valid_until: string) => ({
  name: "coherence_window",
  value: null,
  valid_from: `2026-01-05T${valid_from}Z`,
  valid_until: `2026-01-05T${valid_until}Z`,
});
const messageOf = (expected: Invariant[], actual: Invariant[]) =>
  checkInvariants({ invariants: expected }, { invariants: actual }, nowMs)[0];

test("a window holds between its ends, both included", () => {
  expect(messageOf([window("11:00:00", "13:00:00")], [])).toMatchObject({ status: "ok" });
  expect(messageOf([window("12:00:00", "12:00:00")], [])).toMatchObject({ status: "ok" });
  expect(messageOf([window("10:00:00", "11:00:00")], [])).toMatchObject({
    status: "different",
    message: "coherence_window expired at 2026-01-05T11:00:00Z; it is 2026-01-05T12:00:00.000Z.",
  });
  expect(messageOf([window("12:00:01", "13:00:00")], [])).toMatchObject({
    status: "different",
    message: expect.stringContaining("begins at"),
  });
});

test("a window of another length is another window, whenever it began", () => {
  const recorded = [window("11:00:00", "13:00:00")];

  expect(messageOf(recorded, [window("12:00:00", "14:00:00")])).toMatchObject({ status: "ok" });
  expect(messageOf(recorded, [window("12:00:00", "12:30:00")])).toMatchObject({
    status: "different",
    message: "coherence_window lasted 7200 s -> 1800 s.",
  });
});

test("a number may drift as far as its tolerance, other values not at all", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -1000, max: 1000 }),
      fc.nat(100),
      fc.nat(100),
      (value, drift, tolerance) => {
        const check = messageOf(
          [{ name: "x", value, tolerance }],
          [{ name: "x", value: value + drift }],
        );

        expect(check?.status).toBe(drift <= tolerance ? "ok" : "different");
      },
    ),
  );
  expect(
    messageOf([{ name: "x", value: "a", tolerance: 9 }], [{ name: "x", value: "b" }]),
  ).toMatchObject({ status: "different", message: 'x "a" -> "b", more than 9 apart.' });
});

test("what is not declared here is missing; what was not recorded is not asked for", () => {
  expect(messageOf([{ name: "x", value: 1 }], [{ name: "y", value: 1 }])?.status).toBe("missing");
  expect(checkInvariants({}, { invariants: [{ name: "y", value: 1 }] }, nowMs)).toEqual([]);
});
