import { expect, test } from "vitest";
import { declaredInvariants } from "./declared-invariants.ts";

const nowMs = Date.parse("2026-01-05T12:00:00Z");

test("nothing is declared unless the configuration does", () => {
  expect(declaredInvariants({}, nowMs)).toEqual([]);
});

test("named invariants are recorded as they stand", () => {
  const temperature = { name: "temperature", value: 20, tolerance: 0.5, unit: "K" };

  expect(declaredInvariants({ invariants: [temperature] }, nowMs)).toEqual([temperature]);
});

test("a coherence window of so many seconds begins with the run", () => {
  expect(declaredInvariants({ coherence_window: { valid_for_seconds: 90 } }, nowMs)).toEqual([
    {
      name: "coherence_window",
      value: null,
      valid_from: "2026-01-05T12:00:00.000Z",
      valid_until: "2026-01-05T12:01:30.000Z",
    },
  ]);
});

test("a window with its own ends and a value keeps them, and takes the place of an invariant", () => {
  const window = { value: 1.5, tolerance: 0.1, unit: "us", valid_until: "2026-01-06T00:00:00Z" };
  const invariants = [
    { name: "coherence_window", value: 1 },
    { name: "pressure", value: 2 },
  ];

  expect(declaredInvariants({ coherence_window: window, invariants }, nowMs)).toEqual([
    { name: "pressure", value: 2 },
    { name: "coherence_window", ...window },
  ]);
});
