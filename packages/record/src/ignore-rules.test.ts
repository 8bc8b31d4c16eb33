import { execFileSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { makeTree, writeTree } from "../test/temporary-tree.ts";
import { IgnoreRules } from "./ignore-rules.ts";
import { walkFiles } from "./walk.ts";

function taken(root: string): string[] {
  const rules = new IgnoreRules(root);
  const paths: string[] = [];
  walkFiles(root, (file) => paths.push(file.path), {
    entering: (folder, names) => rules.enter(folder, names),
    ignores: (path) => rules.ignores(path),
  });
  return paths.sort();
}

/** What git takes: it is told of no rules but those in the tree. */
function takenByGit(root: string, gitFolder: string): string[] {
  const settings = ["core.ignoreCase=false", "core.excludesFile=/dev/null"];
  const text = execFileSync(
    "git",
    [
      ...settings.flatMap((setting) => ["-c", setting]),
      `--git-dir=${gitFolder}`,
      `--work-tree=${root}`,
      ...["ls-files", "-z", "--others", "--exclude-standard"],
    ],
    { cwd: root, encoding: "utf8" },
  );
  return text.split("\0").filter(Boolean).sort();
}

const name = fc.constantFrom("a", "b", "A", "ab", "a.txt", "b.log", "...", ".x", "a b", "#a", "!b");
const atom = fc.constantFrom("a", "b", "ab", "*", "?", "[ab]", "[!a]", ".txt", ".log", "\\#a");
const segment = fc.oneof(
  fc.constant("**"),
  fc.array(atom, { minLength: 1, maxLength: 2 }).map((atoms) => atoms.join("").replace("**", "*")),
);
const pattern = fc
  .tuple(
    fc.constantFrom("", "", "", "!", "!"),
    fc.constantFrom("", "", "/"),
    fc.array(segment, { minLength: 1, maxLength: 3 }),
    fc.constantFrom("", "", "/", " "),
  )
  .map(([negation, root, segments, end]) => negation + root + segments.join("/") + end);
const rules = fc
  .array(fc.oneof({ arbitrary: pattern, weight: 8 }, fc.constantFrom("", "# comment", "  ")), {
    maxLength: 5,
  })
  .map((lines) => `${lines.join("\n")}\n`);
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join("/"));

test("takes the files that git takes", () => {
  const root = makeTree();
  const gitFolder = join(makeTree(), "git");
  execFileSync("git", ["init", "-q", "--bare", gitFolder]);

  fc.assert(
    fc.property(
      fc.uniqueArray(path, { minLength: 1, maxLength: 12 }),
      fc.dictionary(fc.constantFrom("", "a/", "a/b/", "b/"), rules, { minKeys: 1, maxKeys: 3 }),
      (paths, ruleFiles) => {
        for (const entry of readdirSync(root)) rmSync(join(root, entry), { recursive: true });
        const files = paths.filter((one) => !paths.some((other) => other.startsWith(`${one}/`)));
        const folders = Object.keys(ruleFiles).filter(
          (folder) => !files.some((file) => folder.startsWith(`${file}/`)),
        );
        writeTree(root, Object.fromEntries(files.map((file) => [file, ""])));
        writeTree(
          root,
          Object.fromEntries(
            folders.map((folder) => [`${folder}.gitignore`, ruleFiles[folder] ?? ""]),
          ),
        );

        expect(taken(root)).toEqual(takenByGit(root, gitFolder));
      },
    ),
    { numRuns: 120 },
  );
});

test("in one folder .resealignore wins over .gitignore, and a deeper folder over both", () => {
  const root = makeTree({
    ".gitignore": "*.log\nkept.txt\n",
    ".resealignore": "!kept.txt\nmine.txt\n",
    "kept.txt": "",
    "mine.txt": "",
    "a.log": "",
    "deep/.resealignore": "!b.log\n",
    "deep/a.log": "",
    "deep/b.log": "",
    "deep/mine.txt": "",
  });

  expect(taken(root)).toEqual([
    ".gitignore",
    ".resealignore",
    "deep/.resealignore",
    "deep/b.log",
    "kept.txt",
  ]);
});

test("a byte order mark and the line ends of Windows change nothing", () => {
  const root = makeTree({ ".gitignore": "\ufeffa.log\r\nb.log\r\n", "a.log": "", "b.log": "" });

  expect(taken(root)).toEqual([".gitignore"]);
});

test("a pattern counts characters, where git counts bytes", () => {
  const root = makeTree({ ".gitignore": "?.txt\n", "é.txt": "", "éé.txt": "" });

  expect(taken(root)).toEqual([".gitignore", "éé.txt"]);
});

test("a folder or link that is called like a rule file holds no rules", () => {
  const root = makeTree({ ".gitignore/a.log": "", "b.log": "" });

  expect(taken(root)).toEqual([".gitignore/a.log", "b.log"]);
});
