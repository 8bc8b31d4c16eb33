import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const packageFolder: string = fileURLToPath(new URL("..", import.meta.url));
export const schemasFolder: string = join(packageFolder, "..", "..", "schemas");

/** A JSON file of the schemas folder. */
export interface JsonFile {
  readonly name: string;
  readonly value: unknown;
}

export function readJson(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(path, "utf8"));
}

export function schemaFile(name: string): Record<string, unknown> {
  return readJson(join(schemasFolder, `${name}.schema.json`));
}

/** The JSON files of a folder below schemas/, none when it is not there. */
export function jsonFiles(...folder: string[]): JsonFile[] {
  const path = join(schemasFolder, ...folder);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .sort()
    .map((name) => ({ name, value: readJson(join(path, name)) }));
}
