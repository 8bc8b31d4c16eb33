// The pages that specify formats show commands and what they print, digests and all. Each is run,
// and prints exactly that.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const root = dirname(import.meta.dirname);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "format-docs-"));
  const program = join(root, "apps", "cli", "bin", "main.js");
  writeFileSync(
    join(folder, "reseal"),
    `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`,
  );
  chmodSync(join(folder, "reseal"), 0o755);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test.for([
  "docs/identity.md",
  "docs/format/bundle.md",
  "docs/format/compaction.md",
  "docs/format/store.md",
])("the commands of %s print what it shows", (path) => {
  const steps = stepsOf(readFileSync(join(root, path), "utf8"));

  const printed = runSteps(steps.map(({ command }) => command));

  expect(steps.length).toBeGreaterThan(5);
  for (const [index, { command, expected }] of steps.entries())
    expect(`$ ${command}\n${printed[index]}`).toBe(`$ ${command}\n${expected}`);
});

const pages = ["ARCHITECTURE.md", ...globSync("{docs,schemas}/**/*.md", { cwd: root })].sort();

test.for(pages)("the links of %s lead somewhere", (path) => {
  const text = readFileSync(join(root, path), "utf8").replaceAll(/^```[\s\S]*?^```$/gm, "");
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);

  const broken = links.filter((link) => !/^https?:/.test(link) && !leadsSomewhere(path, link));

  expect(broken).toEqual([]);
});

test("each decision is listed with its title", () => {
  const list = readFileSync(join(root, "docs", "adr", "README.md"), "utf8").replaceAll(/ +/g, " ");

  for (const path of globSync("docs/adr/0*.md", { cwd: root })) {
    const text = readFileSync(join(root, path), "utf8");
    const [, number, title] = /^# (\d{4}): (.+)$/m.exec(text) ?? [];
    expect(list, path).toContain(`| [${number}](${path.slice("docs/adr/".length)}) | ${title} |`);
    for (const heading of ["Situation", "Decision", "What follows", "What would change our mind"])
      expect(text, path).toContain(`\n## ${heading}\n`);
  }
});

function leadsSomewhere(path: string, link: string): boolean {
  const [file = "", anchor] = link.split("#");
  const target = file === "" ? join(root, path) : resolve(root, dirname(path), file);
  if (!existsSync(target)) return false;
  if (anchor === undefined) return true;
  const titles = [...readFileSync(target, "utf8").matchAll(/^#+ (.+)$/gm)];
  return titles.some(([, title = ""]) => anchorOf(title) === anchor);
}

/** The anchor that GitHub makes of a heading. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

interface Step {
  readonly command: string;
  readonly expected: string;
}

/** Commands of `console` blocks: `$ ` begins one, `> ` goes on with it, other lines are printed. */
function stepsOf(markdown: string): Step[] {
  const blocks = [...markdown.matchAll(/^```console\n([\s\S]*?)^```$/gm)].map(([, body]) => body);
  return blocks.flatMap((body = "") =>
    body
      .split(/^\$ /m)
      .slice(1)
      .map((part) => {
        const lines = part.split("\n");
        const rest = lines.slice(1).findIndex((line) => !line.startsWith("> ")) + 1;
        const command = [lines[0], ...lines.slice(1, rest).map((line) => line.slice(2))];
        return { command: command.join("\n"), expected: lines.slice(rest).join("\n") };
      }),
  );
}

/** Run commands in one shell that stands in the checkout; what each printed, errors included. */
function runSteps(commands: readonly string[]): string[] {
  const script = commands.map((command, index) => `{\n${command}\n} >${outputOf(index)} 2>&1`);
  const { error } = spawnSync("sh", ["-c", script.join("\n")], {
    cwd: root,
    stdio: "ignore",
    timeout: 100_000,
    env: {
      PATH: [folder, process.env.PATH].join(delimiter),
      HOME: folder,
      TMPDIR: folder,
      LANG: "C.UTF-8",
      PYTHONDONTWRITEBYTECODE: "1",
    },
  });
  expect(error).toBeUndefined();
  return commands.map((_, index) => readFileSync(outputOf(index), "utf8"));
}

function outputOf(index: number): string {
  return join(folder, `output-${index}`);
}
