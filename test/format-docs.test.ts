// The pages that specify formats show commands and what they print, digests and all. Each is run,
// and prints exactly that.
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
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
afterEach(() => {
  // What a store holds cannot be written; its owner may still remove it.
  rmSync(folder, { recursive: true, force: true });
});

test.for(["docs/identity.md", "docs/format/bundle.md", "docs/format/store.md"])(
  "the commands of %s print what it shows",
  (path) => {
    const steps = stepsOf(readFileSync(join(root, path), "utf8"));

    const printed = runSteps(steps.map(({ command }) => command));

    expect(steps.length).toBeGreaterThan(5);
    for (const [index, { command, expected }] of steps.entries())
      expect(`$ ${command}\n${printed[index]}`).toBe(`$ ${command}\n${expected}`);
  },
);

test("every page of docs/format is listed here", () => {
  const pages = execFileSync("ls", [join(root, "docs", "format")], { encoding: "utf8" });

  expect(pages.trim().split("\n")).toEqual(["bundle.md", "manifest.md", "store.md"]);
});

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
