import { readFileSync } from "node:fs";
import { join } from "node:path";
import ignore, { type Ignore } from "ignore";

const ruleFiles = [".gitignore", ".resealignore"] as const;

/**
 * The ignore rules that lie in a tree, in gitignore syntax.
 *
 * Only files inside the tree count, so that a folder gives the same answer with and without git
 * and on every machine. A deeper file wins over a higher one; in one folder `.resealignore` wins
 * over `.gitignore`.
 *
 * @see https://git-scm.com/docs/gitignore
 */
export class IgnoreRules {
  readonly #root: string;
  readonly #rulesByFolder = new Map<string, Ignore>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Take up the rule files of a folder; `folder` is relative and ends in `/`, or is empty. */
  enter(folder: string, names: readonly string[]): void {
    const present = ruleFiles.filter((name) => names.includes(name));
    if (present.length === 0) return;
    const rules = ignore({ ignorecase: false, allowRelativePaths: true });
    for (const name of present) rules.add(readRules(join(this.#root, folder, name)));
    this.#rulesByFolder.set(folder, rules);
  }

  /** Whether a relative path is ignored; a folder's path ends in `/`. */
  ignores(path: string): boolean {
    if (this.#rulesByFolder.size === 0) return false;
    for (let folder = parentOf(path); ; folder = parentOf(folder)) {
      const rules = this.#rulesByFolder.get(folder);
      if (rules !== undefined) {
        const result = rules.test(path.slice(folder.length));
        if (result.ignored) return true;
        if (result.unignored) return false;
      }
      if (folder === "") return false;
    }
  }
}

function readRules(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // A folder or an unreadable file of that name holds no rules.
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/", path.length - 2) + 1);
}
