import { expect, test } from "vitest";
import { defineErrors } from "./define-errors.ts";
import { isResealError } from "./reseal-error.ts";

const demoErrors = defineErrors("DEMO", {
  NOT_THERE: { exitCode: 3, httpStatus: 404, hint: "Look elsewhere." },
});

test("an error carries its code, statuses, hint, details and cause", () => {
  const cause = new Error("underneath");

  const error = demoErrors.NOT_THERE("Nothing at x.", { details: { at: "x" }, cause });

  expect(error).toMatchObject({
    code: "DEMO_NOT_THERE",
    message: "Nothing at x.",
    hint: "Look elsewhere.",
    exitCode: 3,
    httpStatus: 404,
    details: { at: "x" },
    cause,
  });
});

test("the table is readable as data, for documentation", () => {
  expect(demoErrors.NOT_THERE.code).toBe("DEMO_NOT_THERE");
  expect(demoErrors.NOT_THERE.exitCode).toBe(3);
});

test("an error is recognised by brand, also from another copy of the package", () => {
  const foreign = Object.assign(new Error("x"), { [Symbol.for("reseal.error")]: true });

  expect(isResealError(demoErrors.NOT_THERE("x"))).toBe(true);
  expect(isResealError(foreign)).toBe(true);
  expect(isResealError(new Error("x"))).toBe(false);
  expect(isResealError(null)).toBe(false);
});

test("a throw may replace the hint of its code", () => {
  expect(demoErrors.NOT_THERE("x", { hint: "Try y." }).hint).toBe("Try y.");
});
