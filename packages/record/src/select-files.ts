import { statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { compareUtf8 } from "@reseal/hash";
import picomatch from "picomatch";
import { capturedNameProblems } from "./captured-names.ts";
import { recordErrors } from "./errors.ts";
import { walkFiles } from "./walk.ts";

/** A file that a pattern chose, with the name it gets in the bundle. */
export interface SelectedFile {
  /** Absolute path on this machine. */
  readonly full: string;
  /** Relative to the workspace; below the named folder for a file outside of it. */
  readonly path: string;
}

/** The folders that relative patterns and logical names start from. */
export interface Places {
  readonly workspace: string;
  readonly cwd: string;
}

/**
 * Files that patterns name: a file, a folder with all below it, or a glob.
 *
 * Patterns are relative to the current folder. A file inside the workspace keeps its relative
 * path; one outside is called by its name below the named folder.
 * @param onSkipped Told of what lies below a named folder and is no regular file in it.
 * @throws `RECORD_INPUT_NOT_FOUND`, `RECORD_INPUT_INVALID`
 */
export function selectFiles(
  patterns: readonly string[],
  places: Places,
  onSkipped: (path: string) => void = () => undefined,
): SelectedFile[] {
  const byPath = new Map<string, string>();
  for (const pattern of patterns) {
    const found = expand(pattern, places, onSkipped);
    if (found.length === 0)
      throw recordErrors.INPUT_NOT_FOUND(`Nothing matches ${JSON.stringify(pattern)}.`);
    for (const { full, path } of found) {
      const other = byPath.get(path);
      if (other !== undefined && other !== full)
        throw recordErrors.INPUT_INVALID(`${other} and ${full} would both be called ${path}.`);
      byPath.set(path, full);
    }
  }
  refuseFileAsFolder(byPath);
  for (const [path, problem] of capturedNameProblems("inputs", byPath.keys()))
    throw recordErrors.INPUT_INVALID(`${JSON.stringify(path)} cannot be captured: ${problem}.`);
  return [...byPath]
    .map(([path, full]) => ({ path, full }))
    .sort((a, b) => compareUtf8(a.path, b.path));
}

/** A file and a folder of one name, from two places, cannot lie in one tree. */
function refuseFileAsFolder(byPath: ReadonlyMap<string, string>): void {
  for (const [path, full] of byPath)
    for (let parent = dirname(path); parent !== "."; parent = dirname(parent)) {
      const file = byPath.get(parent);
      if (file !== undefined)
        throw recordErrors.INPUT_INVALID(`${full} needs a folder where ${file} is a file.`);
    }
}

function expand(
  pattern: string,
  places: Places,
  onSkipped: (path: string) => void,
): SelectedFile[] {
  if (pattern === "") return []; // A variable that was not set: not the whole folder.
  const full = resolve(places.cwd, pattern);
  const stats = statSync(full, { throwIfNoEntry: false });
  if (stats?.isFile()) return [{ full, path: logicalPath(full, dirname(full), places) }];
  if (stats?.isDirectory()) {
    return walkSelected(full, { root: dirname(full), places, matches: () => true, onSkipped });
  }
  const { base, glob } = picomatch.scan(pattern);
  if (glob === "") return [];
  const folder = resolve(places.cwd, base);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
  const matches = picomatch(glob, { dot: true });
  return walkSelected(folder, { root: folder, places, matches, onSkipped });
}

function walkSelected(
  folder: string,
  { root, places, matches, onSkipped }: WalkSelection,
): SelectedFile[] {
  const found: SelectedFile[] = [];
  const visit = (path: string): void => {
    const full = join(folder, path);
    found.push({ full, path: logicalPath(full, root, places) });
  };
  walkFiles(folder, ({ path }) => matches(path) && visit(path), {
    skipped: ({ path }) => {
      if (matches(path)) onSkipped(logicalPath(join(folder, path), root, places));
    },
  });
  return found;
}

interface WalkSelection {
  /** The folder that logical names of files outside of the workspace start from. */
  readonly root: string;
  readonly places: Places;
  readonly matches: (path: string) => boolean;
  readonly onSkipped: (path: string) => void;
}

function logicalPath(full: string, root: string, { workspace }: Places): string {
  return relativeInside(workspace, full) ?? relativeInside(root, full) ?? basename(full);
}

/** The path of a file below a folder, `/`-separated; `undefined` when it is elsewhere. */
export function relativeInside(folder: string, full: string): string | undefined {
  const path = relative(folder, full);
  if (path === "" || path === ".." || path.startsWith(`..${sep}`) || isAbsolute(path))
    return undefined;
  return path.split(sep).join("/");
}

/**
 * A test for paths, relative to the workspace, that `--out` patterns name.
 * @throws `RECORD_INPUT_INVALID` for a pattern outside the workspace.
 */
export function outputMatcher(
  patterns: readonly string[],
  { workspace, cwd }: Places,
): (path: string) => boolean {
  const tests = patterns.map((pattern) => {
    const { base, glob } = picomatch.scan(pattern);
    const root = resolve(cwd, base);
    const inside = root === workspace ? "" : relativeInside(workspace, root);
    if (inside === undefined)
      throw recordErrors.INPUT_INVALID(
        `--out ${JSON.stringify(pattern)} lies outside the workspace ${workspace}.`,
        { hint: "Write there through {out} instead: its files are always captured." },
      );
    const prefix = inside === "" ? "" : `${inside}/`;
    if (glob === "")
      return (path: string): boolean => inside === "" || path === inside || path.startsWith(prefix);
    const matches = picomatch(glob, { dot: true });
    return (path: string): boolean => path.startsWith(prefix) && matches(path.slice(prefix.length));
  });
  return (path) => tests.some((test) => test(path));
}
