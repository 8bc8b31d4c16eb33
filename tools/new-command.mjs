// A new command with a schema of its output: `npm run new:command -- NAME`.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { formatJson } from "../packages/schema/scripts/format-json.mjs";
import { camelCase, capital, usage, writer } from "./skeleton.mjs";

/**
 * Write the skeleton of a command: its file, its line in the table of commands, the schema of its
 * `--json` line with examples and vectors, and its case in the test of all such lines.
 *
 * @returns {string[]} the files that were written or changed, relative to `root`
 */
export function newCommand(root, name) {
  if (!/^[a-z]+$/.test(name) || name === "help")
    throw usage(`"${name}" is no name for a command.`, "One lower-case word: publish.");
  const file = `apps/cli/src/commands/${name}.ts`;
  if (existsSync(join(root, file))) throw usage(`${file} exists.`, "Nothing was changed.");
  const { write, insert, changed } = writer(root);
  write(file, sourceOf(name));
  insert(
    "apps/cli/src/command-table.ts",
    /^ {2}\{\n {4}name: "schema",$/m,
    `  {
    name: "${name}",
    summary: "say in one line what it does",
    load: async () => (await import("./commands/${name}.ts")).${name}Command,
  },
`,
  );
  insert(
    "apps/cli/test/json-output.test.ts",
    /^ {2}\{ command: "schema ls"/m,
    `  { command: "${name}", rest: last },\n`,
  );
  for (const [path, value] of Object.entries(schemasOf(name)))
    write(`schemas/${path}`, formatJson(value));
  return changed;
}

function sourceOf(name) {
  return `import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { commandHelp } from "../help.ts";
import { resolveRun } from "../resolve-run.ts";
import { plural } from "../terminal.ts";

/** \`reseal ${name} ID\` */
export function ${camelCase(name)}Command(context: CommandContext): Command {
  return new Command("${name}")
    .description("Say in one line what it does")
    .argument("<id>", "run id, artifact id, seal, a unique prefix, or @last")
    .addHelpText(
      "after",
      commandHelp([["reseal ${name} @last", "the newest run"]], {
        0: "printed",
        3: "not found or ambiguous",
      }),
    )
    .action(async (id: string) => {
      await using stores = await context.openStores();
      const { run_id, files } = await resolveRun(context, stores, id);
      context.result("${name}/v1", { run_id, files }, () => \`\${run_id}  \${plural(files, "file")}\`);
    });
}
`;
}

function schemasOf(name) {
  const schema = `${name}/v1`;
  const data = { run_id: "3f1c2a5e-8d47-4b6a-9c0e-5a7b1d2e3f40", files: 12 };
  const line = { schema, ok: true, data };
  const folder = `vectors/output.${name}`;
  return {
    [`output.${name}.schema.json`]: schemaOf(name, line),
    [`examples/output.${name}/typical.json`]: line,
    [`${folder}/valid/typical.json`]: line,
    [`${folder}/valid/no-files.json`]: { ...line, data: { ...data, files: 0 } },
    [`${folder}/invalid/unknown-property.json`]: { ...line, extra: true },
    [`${folder}/invalid/ok-wrong.json`]: { ...line, ok: false },
    [`${folder}/invalid/other-version.json`]: { ...line, schema: `${name}/v2` },
    [`${folder}/invalid/data-missing.json`]: { schema, ok: true },
    [`${folder}/invalid/files-text.json`]: { ...line, data: { ...data, files: "12" } },
  };
}

function schemaOf(name, example) {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: `https://reseal.dev/schemas/output.${name}/v1`,
    title: `${capital(name)}Output`,
    description: `The line that \`reseal ${name} --json\` ends with.`,
    type: "object",
    properties: {
      schema: { description: "Name and version of the data.", const: `${name}/v1` },
      ok: { description: "The command did what it was asked.", const: true },
      data: {
        description: "The run.",
        type: "object",
        properties: {
          run_id: { description: "Its run id.", $ref: "#/$defs/Uuid" },
          files: { description: "Number of its files.", $ref: "#/$defs/Count" },
        },
        required: ["run_id", "files"],
        additionalProperties: false,
      },
    },
    required: ["schema", "ok", "data"],
    additionalProperties: false,
    examples: [example],
  };
}
