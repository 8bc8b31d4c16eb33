import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { didYouMean, nearest } from "@reseal/errors";
import { parseStrictJson } from "@reseal/hash";
import { getSchema, isSchemaName, type SchemaName, schemaNames, validate } from "@reseal/schema";
import { Command } from "commander";
import type { CommandContext } from "../context.ts";
import { cliErrors } from "../errors.ts";
import { commandHelp } from "../help.ts";
import { harmless } from "../terminal.ts";

/** `reseal schema ls|show|validate` */
export function schemaCommand(context: CommandContext): Command {
  const command = new Command("schema")
    .description("List, show and apply the JSON Schemas")
    .addHelpText(
      "after",
      commandHelp(
        [
          ["reseal schema ls", "all of them"],
          ["reseal schema show manifest", "one, as JSON Schema 2020-12"],
          ["reseal schema validate environment environment.json", "check a file"],
        ],
        { 0: "valid", 1: "not valid", 3: "no such schema or file", 4: "not JSON" },
      ),
    );
  command
    .command("ls")
    .description("The names of all schemas")
    .action(async () => {
      const items: { name: string; id: string; description: string }[] = [];
      for (const name of schemaNames) {
        const { $id, description } = (await getSchema(name)) as Record<string, unknown>;
        items.push({ name, id: String($id), description: String(description ?? "") });
      }
      const width = Math.max(...items.map(({ name }) => name.length));
      context.result("schema-ls/v1", { items, next: null }, () =>
        items.map(({ name, description }) => `${name.padEnd(width)}  ${description}`).join("\n"),
      );
    });
  command
    .command("show")
    .description("One schema, as JSON")
    .argument("<schema>", "its name; `reseal schema ls` lists them")
    .action(async (name: string) => {
      const schema = await getSchema(nameOf(name));
      context.result("schema-show/v1", { name: nameOf(name), schema }, () =>
        JSON.stringify(schema, null, 2),
      );
    });
  command
    .command("validate")
    .description("Check a JSON file against a schema")
    .argument("<schema>", "its name; `reseal schema ls` lists them")
    .argument("<file>", "the JSON file")
    .action(async (name: string, file: string) => {
      const schema = nameOf(name);
      const findings = await validate(schema, parseStrictJson(readBytes(context, file)));
      context.exitCode = findings.length > 0 ? 1 : 0;
      context.result(
        "schema-validate/v1",
        { name: schema, file, valid: findings.length === 0, findings },
        () =>
          findings.length === 0
            ? `${file} is a valid ${schema}`
            : findings
                .map(({ pointer, message }) => harmless(`${pointer || "/"} ${message}`))
                .join("\n"),
      );
    });
  return command;
}

function nameOf(name: string): SchemaName {
  if (isSchemaName(name)) return name;
  throw cliErrors.PATH_NOT_FOUND(`There is no schema ${JSON.stringify(name)}.`, {
    hint: didYouMean(nearest(name, schemaNames), "See `reseal schema ls`."),
  });
}

function readBytes(context: CommandContext, file: string): Uint8Array {
  try {
    return readFileSync(resolve(context.host.cwd, file));
  } catch (cause) {
    throw cliErrors.PATH_NOT_FOUND(`${file} cannot be read.`, { cause, hint: "Check the path." });
  }
}
