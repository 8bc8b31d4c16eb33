import { importNameProblems, portablePathProblem } from "@reseal/hash";
import type { Context } from "@reseal/schema";

/** Why files are not captured, by their paths. */
export type NameProblems = ReadonlyMap<string, string>;

/**
 * Find the files whose names an import would refuse. They are not captured: what is sealed can be
 * handed to anybody.
 * @param tree The folder of the bundle that they would be in.
 * @param paths Each once; of two that collide the later one is refused.
 */
export function capturedNameProblems(
  tree: "code" | "inputs" | "outputs",
  paths: Iterable<string>,
): NameProblems {
  const problems = new Map<string, string>();
  const inBundle: string[] = [];
  for (const path of paths) {
    // The tree lists it by its own path, where `-` alone means something else.
    const problem = portablePathProblem(path);
    if (problem === undefined) inBundle.push(`${tree}/${path}`);
    else problems.set(path, problem);
  }
  for (const { path, problem } of importNameProblems(inBundle))
    problems.set(path.slice(tree.length + 1), problem);
  return problems;
}

/** What to say at once about outputs that were not captured for their names. */
export function nameWarnings(
  problems: NameProblems,
  shown: (path: string) => string,
): Context["warnings"] {
  const [first] = problems;
  if (first === undefined) return [];
  const [path, problem] = first;
  const more = problems.size > 1 ? ` (and ${problems.size - 1} more)` : "";
  return [
    {
      code: "NAME_NOT_PORTABLE",
      message:
        `${JSON.stringify(shown(path))} ${problem}${more}: not captured, because not every system ` +
        "could take the bundle. Give the file another name.",
    },
  ];
}
