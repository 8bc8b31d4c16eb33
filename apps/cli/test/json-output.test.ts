// What every command prints with --json, held against the published schemas.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { isSchemaName, schemaNames, validate } from "@reseal/schema";
import { runRowKeys } from "@reseal/store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commandTable } from "../src/command-table.ts";
import { type CommandNode, describeProgram } from "../src/command-tree.ts";
import { CommandContext } from "../src/context.ts";
import {
  lastLine,
  type PreparedWorkspace,
  prepareWorkspace,
  readJson,
  writeArtifacts,
} from "./prepared-workspace.ts";

interface Line {
  readonly schema: string;
  readonly ok: boolean;
  readonly data: Record<string, unknown>;
  readonly error: Record<string, unknown>;
}

/** How often a case has run, so that each makes files of its own. */
type Place = "before" | "after";

interface Case {
  /** The words that name the command, for example `schema ls`. */
  readonly command: string;
  readonly rest: (place: Place, workspace: PreparedWorkspace) => readonly string[];
  /** Schema of the data, where it is not the command's name. */
  readonly output?: string;
  readonly exit?: number;
}

const last = (): readonly string[] => ["@last"];
const none = (): readonly string[] => [];
const cases: readonly Case[] = [
  { command: "run", rest: () => ["--seed", "7", "--", "node", "train.mjs", "1"] },
  { command: "run", rest: () => ["--dry-run", "--", "node", "-v"], output: "run-preview" },
  { command: "run", rest: () => ["--", "sh", "-c", "kill -9 $$"], exit: 137 },
  { command: "seal", rest: () => ["results/2026-05-04", "--tag", "paper"] },
  { command: "ls", rest: () => ["-n", "2"] },
  { command: "ls", rest: () => ["-c", "run,metric.rmse", "-f", "status=finished"] },
  { command: "show", rest: last },
  { command: "show", rest: (_, { runs }) => [runs[0], "--tree"] },
  { command: "cat", rest: (_, { runs }) => [runs[0], "summary.json"] },
  { command: "cat", rest: (_, { runs }) => [runs[0], "manifest.json"] },
  { command: "files", rest: last },
  { command: "files", rest: (_, { runs }) => [runs[0], "--role", "output"] },
  { command: "metrics", rest: (_, { runs }) => [runs[0]] },
  { command: "metrics", rest: (_, { runs }) => [runs[0], "--key", "rmse"] },
  { command: "env", rest: (_, { runs }) => [runs[0]] },
  { command: "env", rest: (_, { runs }) => [runs[0], "--diff", runs[0]] },
  { command: "log", rest: last },
  { command: "log", rest: () => ["@last", "--stream", "stderr"] },
  { command: "log", rest: () => ["@last", "--events"] },
  { command: "diff", rest: (_, { runs }) => runs, exit: 1 },
  { command: "diff", rest: (_, { runs }) => [runs[0], runs[0]] },
  { command: "compare", rest: (_, { runs }) => [...runs] },
  { command: "verify", rest: () => ["--all"] },
  { command: "verify", rest: () => ["../colleague/bundle"] },
  { command: "export", rest: (place) => ["@last", "-o", `export-${place}`] },
  { command: "export", rest: (place) => ["@last", "-o", `export-${place}.zip`] },
  { command: "import", rest: () => ["../colleague/run.zip"] },
  { command: "import", rest: () => ["../colleague/bundle"] },
  { command: "replay", rest: (_, { runs }) => [runs[0]] },
  { command: "prov", rest: last },
  { command: "prov", rest: (_, { runs }) => [runs[0], "--format", "dot", "--up", "1"] },
  { command: "verify", rest: () => ["--all", "--lineage"] },
  { command: "replay", rest: (_, { runs }) => [runs[0], "--times", "2"], output: "replay-times" },
  { command: "prov", rest: (_, { runs }) => [runs[0]] },
  { command: "prov", rest: (_, { runs }) => [runs[0], "--format", "mermaid", "--up", "1"] },
  { command: "cite", rest: () => ["@last", "--format", "markdown"] },
  { command: "artifacts list", rest: none },
  { command: "artifacts scan", rest: () => ["--force"] },
  { command: "artifacts gc", rest: none },
  { command: "artifacts pin", rest: () => ["--id", "a1b2c3d4", "--on"] },
  { command: "artifacts why", rest: () => ["a1b2c3d4"] },
  { command: "artifacts du", rest: none },
  { command: "artifacts policy test", rest: () => ["config/artifacts.yaml"] },
  { command: "artifacts gc", rest: () => ["--apply", "--force"] },
  { command: "artifacts compact", rest: none },
  { command: "artifacts cat", rest: () => ["bench/20250905_142515.jsonl"] },
  { command: "artifacts trash list", rest: none },
  { command: "artifacts restore", rest: (_, { folder }) => ["--report", lastReport(folder)] },
  { command: "artifacts trash empty", rest: () => ["--older-than", "7"] },
  { command: "artifacts purge", rest: () => ["a1b2c3d4", "--reason", "leaked key"] },
  { command: "artifacts audit", rest: () => ["--verify"] },
  { command: "store check", rest: () => ["--read-data"] },
  { command: "store repair", rest: none },
  { command: "store backup", rest: (place) => [`../backup-${place}`] },
  { command: "store restore", rest: (place) => [`../backup-${place}`, "--to", `../new-${place}`] },
  { command: "store stats", rest: none },
  { command: "store unlock", rest: none },
  { command: "catalog rebuild", rest: none },
  { command: "schema ls", rest: none },
  { command: "schema show", rest: () => ["manifest"] },
  { command: "schema validate", rest: () => ["run", "../colleague/bundle/run.json"] },
  { command: "schema validate", rest: () => ["event", "../colleague/bundle/run.json"], exit: 1 },
  { command: "init", rest: (place) => [`init-${place}`] },
  { command: "doctor", rest: none },
  { command: "version", rest: none },
  { command: "completion", rest: () => ["zsh"] },
  { command: "explain", rest: none },
  { command: "explain", rest: () => ["STORE_BUSY"] },
  { command: "help", rest: () => ["ids"] },
];

const failures: readonly { readonly args: readonly string[]; readonly exit: number }[] = [
  { args: ["--json"], exit: 2 },
  { args: ["nosuch", "--json"], exit: 2 },
  { args: ["schema", "--json"], exit: 2 },
  { args: ["ls", "--no-such-flag", "--json"], exit: 2 },
  { args: ["cite", "@last", "--format", "docx", "--json"], exit: 2 },
  { args: ["--json", "ls", "--filter", "nosuch=1"], exit: 2 },
  { args: ["--json", "verify"], exit: 2 },
  { args: ["show", "0123456789abcdef", "--json"], exit: 3 },
  { args: ["show", "--json", "x"], exit: 3 },
  { args: ["--json", "cat", "@last", "no/such/file"], exit: 3 },
  { args: ["schema", "show", "nosuch", "--json"], exit: 3 },
  { args: ["--json", "explain", "NO_SUCH_CODE"], exit: 3 },
  { args: ["--json", "--store", "no-such-store", "ls"], exit: 3 },
  { args: ["schema", "validate", "run", "data/a.txt", "--json"], exit: 4 },
  { args: ["run", "--json", "--", "no-such-program"], exit: 127 },
];

/** The newest report of gc in a workspace. */
function lastReport(folder: string): string {
  const names = readdirSync(join(folder, "artifacts/.trash"));
  return (
    names
      .filter((name) => /^gc_report_.*json$/.test(name))
      .sort()
      .at(-1) ?? ""
  );
}

let workspace: PreparedWorkspace;
beforeAll(() => {
  workspace = prepareWorkspace();
  writeArtifacts(workspace.folder);
}, 60_000);
afterAll(() => workspace[Symbol.dispose]());

describe.for(["before", "after"] as const)("--json %s the command", (place) => {
  test.for(cases.map((each) => [`${each.command} ${each.output ?? ""}`, each] as const))(
    "%s prints a valid line",
    async ([, { command, rest, output, exit = 0 }]) => {
      const words = command.split(" ");
      const args = rest(place, workspace);

      const result = workspace.reseal(
        place === "before" ? ["--json", ...words, ...args] : [...words, "--json", ...args],
      );

      const name = output ?? command.replaceAll(" ", "-");
      const line = lastLine(result.stdout) as Line;
      expect(await problems(`output.${name}`, line)).toEqual([]);
      expect(line).toMatchObject({ schema: `${name}/v1`, ok: true });
      expect(result.stdout).not.toContain("\u001b");
      expect(result.stdout.trimEnd().split("\n")).toHaveLength(1);
      expect(result.status).toBe(exit);
    },
  );
});

test.for(failures)(
  "reseal $args fails with a valid line and exit $exit",
  async ({ args, exit }) => {
    const { status, stdout, stderr } = workspace.reseal(args);

    const line = lastLine(stdout) as Line;
    expect(await problems("output.error", line)).toEqual([]);
    expect(line.error.exit).toBe(exit);
    expect(status).toBe(exit);
    expect(stderr).toBe("");
  },
);

test("flags behind two dashes are the command's own, also when it fails", () => {
  const { status, stdout, stderr } = workspace.reseal(["run", "--", "no-such-program", "--json"]);

  expect(stdout).toBe("");
  expect(stderr).toMatch(/^error: Command "no-such-program" was not found/);
  expect(status).toBe(127);
});

test("the documents inside a line keep to their own schemas", async () => {
  const [first] = workspace.runs;
  const data = (...args: string[]): Record<string, unknown> =>
    (lastLine(workspace.reseal(["--json", ...args]).stdout) as Line).data;

  const { content, context } = data("show", first);
  const { events } = data("log", first);
  const { comparison } = data("replay", first);
  const { citation } = data("cite", first);

  expect(await problems("manifest", { content, context })).toEqual([]);
  for (const event of events as unknown[]) expect(await problems("event", event)).toEqual([]);
  expect(await problems("comparison", comparison)).toEqual([]);
  expect(await problems("citation", citation)).toEqual([]);
});

test("a page goes on where the one before ended", () => {
  const page = (...args: string[]): { items: { run_id: string }[]; next: string | null } =>
    (lastLine(workspace.reseal(["ls", "--json", "-n", "1", ...args]).stdout) as Line).data as never;

  const first = page();
  const second = page("--after", String(first.next));

  expect(second.items[0]?.run_id).not.toBe(first.items[0]?.run_id);
});

test("every command has a case here and a schema of its output", async () => {
  const { stdin, stdout, stderr } = process;
  const host = { cwd: process.cwd(), env: {}, stdin, stdout, stderr };
  const program = await describeProgram(new CommandContext(host, AbortSignal.timeout(60_000)));
  const leaves = program.commands.flatMap((command) => leavesOf(command, ""));

  expect(leaves.map(String)).toEqual(expect.arrayContaining(["run", "schema ls"]));
  expect(leaves.filter((name) => !cases.some(({ command }) => command === name))).toEqual([]);
  expect(commandTable.length).toBeGreaterThanOrEqual(program.commands.length);
  const outputs = cases.map(
    ({ command, output }) => `output.${output ?? command.replaceAll(" ", "-")}`,
  );
  const known = schemaNames.filter((name) => name.startsWith("output."));
  expect(known).toEqual(expect.arrayContaining([...outputs, "output.error"]));
});

test.for(["run", "seal", "show", "import", "replay"])(
  "output.%s shows a run with the keys of every list",
  (name) => {
    const folder = join(import.meta.dirname, "..", "..", "..", "schemas");
    const { $defs } = readJson(join(folder, "definitions.json")) as { $defs: Definitions };
    const schema = readJson(join(folder, `output.${name}.schema.json`)) as {
      properties: { data: { properties: Record<string, unknown> } };
    };
    const { metrics: _, ...row } = $defs.RunRow?.properties ?? {};

    expect(Object.keys(row)).toEqual([...runRowKeys]);
    expect(schema.properties.data.properties).toMatchObject(row);
  },
);

type Definitions = Record<string, { properties: Record<string, unknown> }>;

function leavesOf({ name, commands }: CommandNode, path: string): string[] {
  const own = path === "" ? name : `${path} ${name}`;
  return commands.length === 0 ? [own] : commands.flatMap((child) => leavesOf(child, own));
}

async function problems(name: string, value: unknown): Promise<unknown> {
  if (!isSchemaName(name)) return `There is no schema ${name}.`;
  return await validate(name, value);
}
