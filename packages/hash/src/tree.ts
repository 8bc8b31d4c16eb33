import { type compareUtf8, utf8Comparison } from "./compare-utf8.ts";
import { decodeUtf8 } from "./decode-utf8.ts";
import { type Digest, digestHex } from "./digest.ts";
import { digestBytes } from "./digester.ts";
import { hashErrors } from "./errors.ts";
import { portablePathProblem } from "./portable-path.ts";
import { quote } from "./quote.ts";

const lineStart = /^[0-9a-f]{64} {2}/;

/** One file of a tree. */
export interface TreeEntry {
  /** Relative to the root of the tree, `/`-separated, portable. */
  readonly path: string;
  readonly digest: Digest;
}

/**
 * Write a set of files as a tree: sorted lines `<64 hex>  <path>`, each with a line feed, which
 * `sha256sum -c` checks in the tree's folder. The same set gives the same text in any order. No
 * entry gives the empty text.
 *
 * That one path is a file and another needs it as a folder is not noticed here but by
 * `importNameProblems`.
 *
 * @throws `HASH_TREE_INVALID` for a path that is there twice or is not portable,
 * `HASH_DIGEST_INVALID`.
 */
export function formatTree(entries: Iterable<TreeEntry>): string {
  const sorted = [...entries];
  const compare = utf8Comparison(sorted.map(({ path }) => path));
  sorted.sort((a, b) => compare(a.path, b.path));
  let text = "";
  let previous: string | undefined;
  for (const { path, digest } of sorted) {
    const problem = path === previous ? "is there twice" : portablePathProblem(path);
    if (problem !== undefined) throw treeError(path, problem);
    text += `${digestHex(digest)}  ${path}\n`;
    previous = path;
  }
  return text;
}

/**
 * Read a tree, exactly as `formatTree` writes it; bytes must be UTF-8.
 *
 * @throws `HASH_TREE_INVALID` with `details.line` for another format or order, a path that is there
 * twice or is not portable, or a missing line feed at the end.
 */
export function parseTree(text: string | Uint8Array): TreeEntry[] {
  const whole = typeof text === "string" ? text : decodeTree(text);
  const lines = whole.split("\n");
  if (lines.pop() !== "") throw lineError(lines.length + 1, "does not end with a line feed");
  const compare = utf8Comparison([whole]);
  const entries: TreeEntry[] = [];
  let previous: string | undefined;
  for (const [index, line] of lines.entries()) {
    if (!lineStart.test(line)) throw lineError(index + 1, "is not `<64 hex>  <path>`");
    const path = line.slice(66);
    const problem = portablePathProblem(path) ?? orderProblem(previous, path, compare);
    if (problem !== undefined) throw treeError(path, problem, index + 1);
    entries.push({ path, digest: `sha256:${line.slice(0, 64)}` });
    previous = path;
  }
  return entries;
}

/**
 * Name a set of files: the digest of its tree's text.
 * @throws `HASH_TREE_INVALID`, `HASH_DIGEST_INVALID`
 */
export function treeDigest(entries: Iterable<TreeEntry>): Digest {
  return digestBytes(formatTree(entries));
}

function orderProblem(
  previous: string | undefined,
  path: string,
  compare: typeof compareUtf8,
): string | undefined {
  if (previous === undefined) return undefined;
  const order = compare(previous, path);
  if (order === 0) return "is there twice";
  return order > 0 ? `must come before ${quote(previous)}` : undefined;
}

function decodeTree(bytes: Uint8Array): string {
  const decoded = decodeUtf8(bytes);
  if (decoded.isValid) return decoded.text;
  throw lineError(decoded.text.split("\n").length, "is not UTF-8");
}

function treeError(path: string, problem: string, line?: number): Error {
  const where = line === undefined ? "Path" : `Line ${line} of a tree: path`;
  return hashErrors.TREE_INVALID(`${where} ${quote(path)} ${problem}.`, {
    details: line === undefined ? { problem } : { problem, line },
  });
}

function lineError(line: number, problem: string): Error {
  return hashErrors.TREE_INVALID(`Line ${line} of a tree ${problem}.`, {
    details: { problem, line },
  });
}
