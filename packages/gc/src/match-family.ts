import picomatch from "picomatch";
import type { Family } from "./families.ts";

/** Tells the first family, in their order, one of whose globs fits a path. */
export function familyMatcher(
  families: readonly Pick<Family, "name" | "patterns">[],
): (path: string) => string | undefined {
  const tests = families.map(({ name, patterns }) => ({
    name,
    isMatch: picomatch([...patterns], { dot: true, strictSlashes: true }),
  }));
  return (path) => tests.find(({ isMatch }) => isMatch(path))?.name;
}
