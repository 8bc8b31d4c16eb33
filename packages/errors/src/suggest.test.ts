import { expect, test } from "vitest";
import { didYouMean, nearest } from "./suggest.ts";

const commands = ["run", "replay", "verify", "version", "export", "import"];

test("a mistyped word finds what it means, the nearest first", () => {
  expect(nearest("verfy", commands)[0]).toBe("verify");
  expect(nearest("exprot", commands)).toEqual(["export"]);
  expect(nearest("REPLAY", commands)).toEqual(["replay"]);
});

test("the beginning of a word means the word", () => {
  expect(nearest("ver", commands)).toEqual(["verify", "version"]);
});

test("nothing near is nothing", () => {
  expect(nearest("frobnicate", commands)).toEqual([]);
  expect(nearest("", commands)).toEqual([]);
  expect(nearest("x".repeat(100_000), commands)).toEqual([]);
});

test("the question names up to three words", () => {
  expect(didYouMean(["a", "b"], "See help.")).toBe("Did you mean a or b?");
  expect(didYouMean([], "See help.")).toBe("See help.");
});
