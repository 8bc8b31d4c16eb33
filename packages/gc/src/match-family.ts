import picomatch from "picomatch";
import type { Family } from "./families.ts";

/** Tells the first family, in their order, one of whose globs fits a path. */
export function familyMatcher(
  families: readonly Pick<Family, "name" | "patterns">[],
): (path: string) => string | undefined {
  const tests = families.map(({ name, patterns }) => ({
    name,
    literal: new Set(patterns), // A path fits the glob that is written as it is.
    expression: expressionOf(patterns),
  }));
  return (path) =>
    tests.find(({ literal, expression }) => literal.has(path) || expression.test(path))?.name;
}

/** One for all globs: a function for each would take longer than the look at the file. */
function expressionOf(patterns: readonly string[]): RegExp {
  const options = { dot: true, strictSlashes: true };
  const sources = patterns.map((pattern) => picomatch.makeRe(pattern, options).source);
  return new RegExp(sources.length === 0 ? "$^" : sources.join("|"));
}
