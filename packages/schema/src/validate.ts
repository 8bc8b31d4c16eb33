import { schemaErrors } from "./errors.ts";
import { type Finding, findingsOf } from "./findings.ts";
import type { JsonSchema } from "./json-schema.ts";
import { registry, type SchemaEntry, type SchemaTypes } from "./registry.generated.ts";

/** The name of a schema: what stands before `.schema.json`. */
export type SchemaName = keyof SchemaTypes;

/** Checks values against one schema; returns what is wrong, nothing when all is well. */
export type Validator = (value: unknown) => Finding[];

/** The names of all schemas, sorted. */
export const schemaNames: readonly SchemaName[] = Object.freeze(
  Object.keys(registry) as SchemaName[],
);

/** Tell the name of a schema from any other text. */
export function isSchemaName(name: string): name is SchemaName {
  return Object.hasOwn(registry, name);
}

/**
 * Get a schema as JSON. It stands alone: every `$ref` points into its own `$defs`.
 *
 * The same object is returned each time; do not change it.
 *
 * @throws SCHEMA_NOT_FOUND when there is no schema of that name.
 * @see https://json-schema.org/draft/2020-12
 */
export async function getSchema(name: SchemaName): Promise<JsonSchema> {
  return (await entryOf(name).document()).document;
}

/**
 * Load the validator of a schema, for checking many values without waiting for each.
 *
 * Loads compiled code on the first call; nothing is compiled at run time.
 *
 * @throws SCHEMA_NOT_FOUND when there is no schema of that name.
 * @example
 * const check = await loadValidator("event");
 * for (const line of lines) findings.push(...check(JSON.parse(line)));
 */
export async function loadValidator(name: SchemaName): Promise<Validator> {
  const { validator } = await entryOf(name).validator();
  return (value) => {
    if (validator(value)) return [];
    const errors = validator.errors ?? [];
    validator.errors = null; // The errors hold parts of the value; let them go.
    return findingsOf(errors);
  };
}

/**
 * Check a value against a schema.
 *
 * Returns at most 100 findings, in the order of the schema; an empty list means valid. Digests
 * and keys are checked for their form only: whether they are true is for the reader to verify.
 *
 * @throws SCHEMA_NOT_FOUND when there is no schema of that name.
 */
export async function validate(name: SchemaName, value: unknown): Promise<Finding[]> {
  return (await loadValidator(name))(value);
}

/**
 * Check a value against a schema and return it, typed.
 *
 * @throws SCHEMA_INVALID with the first findings in its message and all of them in
 *   `details.findings`.
 * @throws SCHEMA_NOT_FOUND when there is no schema of that name.
 * @example
 * const manifest = await assertValid("manifest", parseStrictJson(bytes));
 * console.log(manifest.context.artifact_id);
 */
export async function assertValid<Name extends SchemaName>(
  name: Name,
  value: unknown,
): Promise<SchemaTypes[Name]> {
  const findings = await validate(name, value);
  if (findings.length > 0)
    throw schemaErrors.INVALID(summary(name, findings), { details: { schema: name, findings } });
  return value as SchemaTypes[Name];
}

function entryOf(name: string): SchemaEntry {
  if (isSchemaName(name)) return registry[name];
  throw schemaErrors.NOT_FOUND(`There is no schema ${JSON.stringify(name)}.`, {
    details: { name, names: schemaNames },
  });
}

function summary(name: string, findings: readonly Finding[]): string {
  const shown = findings
    .slice(0, 3)
    .map(({ pointer, message }) => `${pointer || "the document"} ${message}`);
  const more = findings.length > shown.length ? `; and ${findings.length - shown.length} more` : "";
  return `Not a valid ${name} document: ${shown.join("; ")}${more}.`;
}
