// Every example of every help page runs, and every page has what a reader looks for.
import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CommandNode, describeProgram } from "../src/command-tree.ts";
import { CommandContext } from "../src/context.ts";
import { helpTopics } from "../src/help-topics.ts";
import { type PreparedWorkspace, prepareWorkspace, writeArtifacts } from "./prepared-workspace.ts";

const { stdin, stdout, stderr } = process;
const host = { cwd: process.cwd(), env: {}, stdin, stdout, stderr };
const program = await describeProgram(new CommandContext(host, new AbortController().signal));
const pages = allOf(program);

interface Example {
  readonly command: string;
  readonly about: string;
  /** Exit statuses that are no failure of the example. */
  readonly statuses: readonly number[];
}

/** What the examples of a page take for granted, beyond the prepared workspace. */
const preparations: Readonly<Record<string, string>> = {
  compare: "echo 'min_average_score: 0.1' > gate.yaml; echo 'ulp: 4' > tolerance.yaml",
  diff: "echo 'ulp: 4' > tolerance.yaml",
  replay: "echo 'ulp: 4' > tolerance.yaml",
  import: "cp ../colleague/run.zip .",
  doctor: "mkdir ../other && cd ../other && reseal run -- true",
  schema: "reseal cat @last environment.json > environment.json",
  restore: "reseal store backup ../mnt/disk/lab && reseal artifacts gc --apply --force",
  artifacts: "reseal artifacts gc --apply --force",
  repair: "reseal store backup ../backup",
  store: "mkdir ../other && cd ../other && reseal run -- true",
  verify: "cp -r ../colleague/bundle ../colleague/run.zip .",
};

const template = prepareWorkspace();
afterAll(() => template[Symbol.dispose]());

let workspace: PreparedWorkspace;
function prepareFor(name: string): void {
  beforeAll(() => {
    workspace = template.copy();
    writeArtifacts(workspace.folder);
    expect(workspace.shell(preparations[name] ?? "true")).toMatchObject({ status: 0 });
  }, 60_000);
  afterAll(() => workspace[Symbol.dispose]());
}

describe.for(pages.filter(hasPage).map((page) => [page.name, page] as const))("%s", ([, page]) => {
  prepareFor(page.name);
  const examples = examplesOf(page);

  test("has examples, and says what its exit statuses mean", () => {
    const ways = page.flags.length + page.arguments.length + page.commands.length;
    expect(examples.length).toBeGreaterThanOrEqual(
      Math.min(isTop(page) ? 3 : 1, Math.max(1, ways)),
    );
    expect(examples.filter(({ about }) => about === "")).toEqual([]);
    expect(page.after).toMatch(/^Exit status:/m);
  });

  test.for(examples.filter(canRun).map((example) => [example.command, example] as const))(
    "%s",
    ([, { command, statuses }]) => {
      const result = run(command);

      expect(result.stderr).not.toMatch(/^error:/m);
      expect(statuses, result.stderr).toContain(result.status);
    },
  );
});

test("every flag and argument says what it is", () => {
  const silent = pages
    .flatMap(allOf)
    .flatMap(({ name, flags, arguments: words }) => [
      ...flags.filter(({ description }) => description === "").map((flag) => [name, flag.flags]),
      ...words.filter(({ description }) => description === "").map((word) => [name, word.name]),
    ]);

  expect(silent).toEqual([]);
});

describe("reseal help", () => {
  prepareFor("help");

  test.for(helpTopics.map(({ name }) => name))("reseal help %s prints a page that fits", (name) => {
    const { status, stdout: text } = workspace.reseal(["help", name]);

    expect(status).toBe(0);
    expect(text.split("\n")[0]).toMatch(new RegExp(`^${name}: `));
    expect(text.split("\n").filter((line) => [...line].length > 100)).toEqual([]);
  });

  test("help of a command is what --help prints", () => {
    for (const words of [["ls"], ["schema"], ["schema", "show"]])
      expect(workspace.reseal(["help", ...words]).stdout).toBe(
        workspace.reseal([...words, "--help"]).stdout,
      );
  });
});

test("the commands that a page of help names are there", () => {
  const names = new Set(program.commands.map(({ name }) => name));
  const texts = [...pages.map(({ after }) => after), ...helpTopics.map(({ text }) => text)];
  const named = texts
    .flatMap((text) => [...text.matchAll(/`reseal ([a-z]+)/g)])
    .map(([, name = ""]) => name);

  expect(named.filter((name) => !names.has(name))).toEqual([]);
});

function isTop(page: CommandNode): boolean {
  return program.commands.includes(page);
}

/** Small subcommands are explained on the page of their command. */
function hasPage({ after }: CommandNode): boolean {
  return after !== "";
}

function examplesOf({ after }: CommandNode): Example[] {
  const isDifferenceFine = /^\s+1\s/m.test(after);
  return [...after.matchAll(/^ {2}\$ (.+?)(?: {3,}(.*))?$/gm)].map(
    ([, command = "", about = ""]) => ({
      command,
      about,
      statuses: isDifferenceFine ? [0, 1] : [0],
    }),
  );
}

/** An example for another shell runs where that shell is. */
function canRun({ command }: Example): boolean {
  return !command.endsWith("| source") || spawnSync("fish", ["--version"]).status === 0;
}

function run(command: string): ReturnType<PreparedWorkspace["shell"]> {
  const [first, second] = workspace.runs;
  const text = command
    .replaceAll("3f2a", first.slice(0, 8))
    .replaceAll("9c1d", second.slice(0, 8))
    .replace(
      "gc_report_20250906_143022.md",
      "$(cd artifacts/.trash && ls gc_report_*.md | tail -n 1)",
    )
    .replace(/^(?!reseal artifacts compact)(.*) --apply$/, "$1 --apply --force") // Nobody is there to be asked.
    .replaceAll("/mnt/", "../mnt/"); // Nothing is written outside of the workspace.
  return workspace.shell(text.endsWith("| source") ? `fish --no-config -c '${text}'` : text);
}

function allOf(command: CommandNode): CommandNode[] {
  return [command, ...command.commands.flatMap(allOf)];
}
