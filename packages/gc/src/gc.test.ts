import { expect, test } from "vitest";
import { parseGc } from "./gc.ts";

test("a line loses the white space around it", () => {
  expect(parseGc("  a line ")).toBe("a line");
});

test("a line of white space is refused", () => {
  expect(() => parseGc(" \t")).toThrow(
    expect.objectContaining({ code: "GC_EMPTY", exitCode: 2 }),
  );
});
