import { join } from "node:path";
import { compile } from "json-schema-to-typescript";
import { banner } from "./output.mjs";
import { packageFolder, referencesOf } from "./schemas.mjs";

const refPrefix = "#/$defs/";
const options = { bannerComment: "", additionalProperties: true, unknownAny: true };

/** Shapes that the type compiler cannot read from the keywords. */
const knownTypes = {
  Digest: "`sha256:$" + "{string}`",
  JsonObject: "{ [key: string]: unknown }",
};

/** Write the types: the shared ones once, and one file per schema that imports them. */
export async function writeTypes(output, { definitions, schemas }) {
  const shared = await typesOf(definitions);
  output.write(
    join(packageFolder, "src", "definitions.generated.ts"),
    banner("schemas/definitions.json") + shared,
  );
  for (const { name, schema } of schemas) {
    const { $defs = {}, $id, $schema, title, examples, ...root } = schema;
    const own = Object.entries($defs).filter(([key]) => !Object.hasOwn(definitions, key));
    const pieces = { [title]: root, ...Object.fromEntries(own) };
    const imported = [...referencesOf(pieces)]
      .filter((key) => Object.hasOwn(definitions, key))
      .sort();
    output.write(
      join(packageFolder, "src", `${name}.generated.ts`),
      banner(`schemas/${name}.schema.json`) + importLine(imported) + (await typesOf(pieces)),
    );
  }
}

async function typesOf(pieces) {
  const texts = [];
  for (const [name, piece] of Object.entries(pieces)) {
    const schema = Object.hasOwn(knownTypes, name)
      ? { description: piece.description, tsType: knownTypes[name] }
      : typeShape(piece);
    texts.push((await compile(schema, name, options)).trim());
  }
  return `${texts.join("\n\n")}\n`;
}

function importLine(names) {
  if (names.length === 0) return "";
  return `import type {\n${names.map((name) => `  ${name},\n`).join("")}} from "./definitions.generated.ts";\n\n`;
}

/** What of a schema says something about the type; references become the names of types. */
function typeShape(value) {
  if (Array.isArray(value)) return value.map(typeShape);
  if (typeof value !== "object" || value === null) return value;
  const { description } = value;
  const named = description === undefined ? {} : { description };
  if (typeof value.$ref === "string") {
    return { ...named, tsType: value.$ref.slice(refPrefix.length) };
  }
  if (description !== undefined && Object.keys(value).length === 1) {
    return { description, tsType: "unknown" };
  }
  const kept = Object.entries(value).filter(([key, item]) => saysType(key, item));
  const shape = Object.fromEntries(kept.map(([key, item]) => [key, typeShape(item)]));
  if (value.prefixItems === undefined) return shape;
  const { prefixItems, ...tuple } = shape;
  const { length } = prefixItems;
  return {
    ...tuple,
    items: prefixItems,
    additionalItems: false,
    minItems: length,
    maxItems: length,
  };
}

/** Keywords that narrow values without changing their type. */
const ignored = new Set([
  "if",
  "then",
  "else",
  "not",
  "dependentSchemas",
  "propertyNames",
  "pattern",
  "examples",
  "minLength",
  "maxLength",
  "minimum",
  "maximum",
  "minItems",
  "maxItems",
  "uniqueItems",
]);

function saysType(key, item) {
  if (ignored.has(key) || (key === "items" && item === false)) return false;
  return !["allOf", "anyOf", "oneOf"].includes(key) || !item.every(isCondition);
}

/** A branch that only says which properties must or may be there. */
function isCondition(branch) {
  return Object.keys(branch).every(
    (key) =>
      ignored.has(key) ||
      key === "required" ||
      (key === "properties" &&
        Object.values(branch.properties).every((property) => typeof property === "boolean")),
  );
}
