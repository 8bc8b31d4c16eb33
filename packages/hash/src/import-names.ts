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
  const root = new Map<string, Node>();
  for (const path of paths) {
    const problem = portablePathProblem(path) ?? windowsProblem(path) ?? collision(root, path);
    if (problem !== undefined) problems.push({ path, problem });
  }
  return problems;
}

function windowsProblem(path: string): string | undefined {
  if (bidirectionalControl.test(path)) return "has a character that overrides text direction";
  if (path.includes(":")) return "has a colon";
  const segments = path.split("/");
  if (segments.length > segmentsMax) return `is more than ${segmentsMax} folders deep`;
  for (const segment of segments) {
    if (segment.endsWith(".") || segment.endsWith(" "))
      return "has a segment ending in dot or space";
    if (deviceName.test(segment)) return "has a reserved device name";
  }
  return undefined;
}

/** Enter the path into the tree of names, unless another path is in its way. */
function collision(root: Map<string, Node>, path: string): string | undefined {
  const segments = path.split("/");
  let siblings = root;
  for (const [index, name] of segments.entries()) {
    const isFile = index === segments.length - 1;
    const key = fold(name);
    const other = siblings.get(key);
    if (other === undefined) {
      const node: Node = { name, isFile, path, children: new Map() };
      siblings.set(key, node);
      siblings = node.children;
      continue;
    }
    if (other.name !== name)
      return `differs only by case or Unicode form from ${quote(other.path)}`;
    if (isFile && other.isFile) return "is there twice";
    if (isFile) return `is a file and also a folder of ${quote(other.path)}`;
    if (other.isFile) return `needs a folder where ${quote(other.path)} is a file`;
    siblings = other.children;
  }
  return undefined;
}

/**
 * The same for all names that some file system takes for one. JavaScript has no case folding;
 * lower and then upper case equals it but for a few letters (dotless i), which it folds as well.
 */
function fold(name: string): string {
  return name.toLowerCase().toUpperCase().normalize("NFC");
}
