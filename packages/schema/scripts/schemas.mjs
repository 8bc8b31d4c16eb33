import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { formatJson } from "./format-json.mjs";

export const packageFolder = fileURLToPath(new URL("..", import.meta.url));
export const schemasFolder = join(packageFolder, "..", "..", "schemas");
const suffix = ".schema.json";
const refPrefix = "#/$defs/";

/**
 * Read every schema of the schemas folder, sorted by name, with its copies of the shared
 * definitions refreshed. The refreshed text goes to `output`, because the copies are committed.
 */
export function readSchemas(output) {
  const definitions = readJson("definitions.json").$defs;
  const schemas = schemaFiles().map((file) => {
    const schema = withDefinitions(readJson(file), definitions);
    output.write(join(schemasFolder, file), formatJson(schema));
    return { name: file.slice(0, -suffix.length), schema };
  });
  return { definitions, schemas };
}

/** The names of the schema files, sorted by schema name. */
export function schemaFiles() {
  const names = readdirSync(schemasFolder)
    .filter((file) => file.endsWith(suffix))
    .map((file) => file.slice(0, -suffix.length));
  return names.sort().map((name) => name + suffix);
}

/** The names of the definitions that a piece of schema refers to. */
export function referencesOf(value) {
  const names = new Set();
  walk(value, (node) => {
    if (typeof node.$ref === "string" && node.$ref.startsWith(refPrefix)) {
      names.add(node.$ref.slice(refPrefix.length));
    }
  });
  return names;
}

function readJson(file) {
  return JSON.parse(readFileSync(join(schemasFolder, file), "utf8"));
}

/** The schema with exactly the shared definitions it needs, behind its own, sorted by name. */
function withDefinitions(schema, definitions) {
  const { $defs = {}, ...rest } = schema;
  const own = Object.entries($defs).filter(([name]) => !Object.hasOwn(definitions, name));
  const needed = new Set();
  const queue = [...referencesOf([rest, own])];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (needed.has(name) || !Object.hasOwn(definitions, name)) continue;
    needed.add(name);
    queue.push(...referencesOf(definitions[name]));
  }
  const shared = [...needed].sort().map((name) => [name, definitions[name]]);
  const all = Object.fromEntries([...own, ...shared]);
  return Object.keys(all).length === 0 ? rest : { ...rest, $defs: all };
}

function walk(value, visit) {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) visit(value);
  for (const child of Object.values(value)) walk(child, visit);
}
