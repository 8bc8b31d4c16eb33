import { portablePathProblem } from "./portable-path.ts";
import { quote } from "./quote.ts";

/** A path that cannot be written faithfully on every system, and why. */
export interface NameProblem {
  readonly path: string;
  /** A phrase that follows the path: `"has a reserved device name"`. */
  readonly problem: string;
}

interface Node {
  readonly name: string;
  readonly isFile: boolean;
  /** The first path that passed here. */
  readonly path: string;
  readonly children: Map<string, Node>;
}

const deviceName =
  /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$|clock\$) *(?:\.|$)/i;
/** Segments of a path; deeper ones are too long for some systems, and a burden for all. */
const segmentsMax = 128;
const ascii = /^[ -~]*$/;
const bidirectionalControl = /[\u202a-\u202e\u2066-\u2069]/;

/**
 * Find the paths of one bundle that some system would refuse, rename or let overwrite each other.
 *
 * On top of `portablePathProblem`: reserved device names of Windows (`nul.txt`), segments that end
 * in a dot or space, `:` (alternate streams, drives), characters that override the direction of
 * text, more than 128 segments, the same path twice, paths or folders that differ only by case or Unicode form, and a file
 * where another path needs a folder. At most one problem a path, in the order of `paths`; of two
 * paths that collide the later one is named. Linear in the total length of the paths.
 */
export function importNameProblems(paths: readonly string[]): NameProblem[] {
  const problems: NameProblem[] = [];
  const names = new Names();
  for (const path of paths) {
    const problem = portablePathProblem(path) ?? names.enter(path);
    if (problem !== undefined) problems.push({ path, problem });
  }
  return problems;
}

type Siblings = Map<string, Node>;

/** The names so far, as a tree. */
class Names {
  readonly #root: Siblings = new Map();
  /** What is in a folder that is in order; nearly all files are in one that was seen before. */
  readonly #folders = new Map<string, Siblings>([["", this.#root]]);

  /** Enter a path, unless it is a problem. */
  enter(path: string): string | undefined {
    if (bidirectionalControl.test(path)) return "has a character that overrides text direction";
    if (path.includes(":")) return "has a colon";
    const start = path.lastIndexOf("/") + 1;
    const name = path.slice(start);
    const folder = path.slice(0, start);
    const known = this.#folders.get(folder);
    if (known !== undefined) return segmentProblem(name) ?? enterFile(known, name, path);
    const parents = folder.split("/").slice(0, -1);
    if (parents.length >= segmentsMax) return `is more than ${segmentsMax} folders deep`;
    for (const segment of [...parents, name]) {
      const problem = segmentProblem(segment);
      if (problem !== undefined) return problem;
    }
    let siblings = this.#root;
    for (const parent of parents) {
      const entered = enterFolder(siblings, parent, path);
      if (typeof entered === "string") return entered;
      siblings = entered;
    }
    this.#folders.set(folder, siblings);
    return enterFile(siblings, name, path);
  }
}

function segmentProblem(segment: string): string | undefined {
  if (segment.endsWith(".") || segment.endsWith(" ")) return "has a segment ending in dot or space";
  return deviceName.test(segment) ? "has a reserved device name" : undefined;
}

/** @returns What is in the folder, or why it cannot be one. */
function enterFolder(siblings: Siblings, name: string, path: string): Siblings | string {
  const key = fold(name);
  const other = siblings.get(key);
  if (other === undefined) {
    const children: Siblings = new Map();
    siblings.set(key, { name, isFile: false, path, children });
    return children;
  }
  if (other.name !== name) return differsByCase(other);
  return other.isFile ? `needs a folder where ${quote(other.path)} is a file` : other.children;
}

const noChildren: Siblings = new Map();

function enterFile(siblings: Siblings, name: string, path: string): string | undefined {
  const key = fold(name);
  const other = siblings.get(key);
  if (other === undefined) {
    siblings.set(key, { name, isFile: true, path, children: noChildren });
    return undefined;
  }
  if (other.name !== name) return differsByCase(other);
  return other.isFile ? "is there twice" : `is a file and also a folder of ${quote(other.path)}`;
}

function differsByCase({ path }: Node): string {
  return `differs only by case or Unicode form from ${quote(path)}`;
}

/**
 * The same for all names that some file system takes for one. JavaScript has no case folding;
 * lower and then upper case equals it but for a few letters (dotless i), which it folds as well.
 */
function fold(name: string): string {
  if (ascii.test(name)) return name.toUpperCase();
  return name.toLowerCase().toUpperCase().normalize("NFC");
}
