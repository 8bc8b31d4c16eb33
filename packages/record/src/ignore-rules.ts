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
    if (folder !== "" && isExportedBundle(names)) {
      // What `reseal export` wrote is a copy of earlier work, not code of this one.
      this.#rulesByFolder.set(
        folder,
        ignore({ allowRelativePaths: true }).add(rebase(folder, "*")),
      );
      return;
    }
    const present = ruleFiles.filter((name) => names.includes(name));
    if (present.length === 0) return;
    const inherited = this.#rulesFor(folder);
    const rules = ignore({ ignorecase: false, allowRelativePaths: true });
    if (inherited !== undefined) rules.add(inherited);
    for (const name of present)
      rules.add(rebase(folder, readRules(join(this.#root, folder, name))));
    this.#rulesByFolder.set(folder, rules);
  }

  /** Whether a relative path is ignored; a folder's path ends in `/`. */
  ignores(path: string): boolean {
    return this.#rulesFor(parentOf(path))?.test(path).ignored === true;
  }

  #rulesFor(folder: string): Ignore | undefined {
    if (this.#rulesByFolder.size === 0) return undefined;
    for (let candidate = folder; ; candidate = parentOf(candidate)) {
      const rules = this.#rulesByFolder.get(candidate);
      if (rules !== undefined || candidate === "") return rules;
    }
  }
}

function readRules(path: string): string {
  try {
    return readFileSync(path, "utf8").replace(/^\ufeff/, "");
  } catch {
    return ""; // A folder or an unreadable file of that name holds no rules.
  }
}

/** The patterns of a folder, written as they would be at the root: so one list decides. */
function rebase(folder: string, text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (folder === "") return lines;
  const prefix = folder.replaceAll(/[*?[\]\\]/g, "\\$&");
  return lines.flatMap((line) => {
    const [, negation = "", slash = "", rest = ""] = /^(!?)(\/?)(.*)$/.exec(line) ?? [];
    const pattern = withoutSpaces(rest);
    if (pattern === "" || line.startsWith("#")) return [];
    const isAnchored = slash === "/" || pattern.slice(0, -1).includes("/");
    return `${negation}/${prefix}${isAnchored ? "" : "**/"}${pattern}`;
  });
}

/** Spaces at the end do not count, unless a backslash stands before them. */
function withoutSpaces(pattern: string): string {
  let end = pattern.length;
  while (pattern[end - 1] === " " && pattern[end - 2] !== "\\") end -= 1;
  return pattern.slice(0, end);
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/", path.length - 2) + 1);
}

function isExportedBundle(names: readonly string[]): boolean {
  return names.includes("manifest.json") && names.includes("checksums.sha256");
}
