// Writes docs/format/manifest.md from schemas/manifest.schema.json. `--check` compares instead.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { table, writePage } from "./generated-page.mjs";

const prefix = "#/$defs/";

/** The page for this schema: every object with its fields, then the plain types. */
export function manifestPage(schema) {
  const definitions = { Manifest: schema, ...schema.$defs };
  const names = reachable(definitions, "Manifest");
  const objects = names.filter((name) => definitions[name].properties !== undefined);
  const plain = names.filter((name) => !objects.includes(name) && !isMap(definitions[name]));
  const maps = names.filter((name) => isMap(definitions[name]));
  const context = { definitions, objects };
  return [
    introduction,
    ...objects.map((name) => objectSection(name, context)),
    "## Maps\n\nObjects with names of your own.\n",
    `${table(
      ["type", "values", "meaning"],
      maps.map((name) => mapRow(name, context)),
    )}\n`,
    "## Plain types\n",
    `${table(
      ["type", "form", "meaning"],
      plain.map((name) => plainRow(name, context)),
    )}\n`,
  ].join("\n");
}

/** Definitions in the order in which a reader meets them, depth first. */
function reachable(definitions, start) {
  const names = [];
  const visit = (name) => {
    if (names.includes(name)) return;
    names.push(name);
    for (const next of references(definitions[name])) visit(next);
  };
  visit(start);
  return names;
}

function references({ $defs: _, ...schema }) {
  return [...JSON.stringify(schema).matchAll(/"#\/\$defs\/(\w+)"/g)].map(([, name]) => name);
}

function isMap({ type, properties, additionalProperties }) {
  return type === "object" && properties === undefined && additionalProperties !== undefined;
}

function objectSection(name, context) {
  const {
    description,
    properties,
    required = [],
    additionalProperties,
  } = context.definitions[name];
  const rows = fieldRows(properties, required, context);
  const open = additionalProperties === false ? "" : "\nOther fields are allowed.\n";
  const rules = typeRules(context.definitions[name], context);
  return `## ${name}\n\n${description}\n\n${table(["field", "type", "meaning"], rows)}\n${rules}${open}`;
}

/** What holds only for artifacts of one type: the `if` and `then` of the schema as sentences. */
function typeRules({ allOf = [] }, context) {
  const lines = allOf.map((rule) => {
    const facts = Object.entries(rule.then.properties).flatMap(([half, schema]) => [
      ...(schema.required ?? []).map((field) => `\`${half}.${field}\` is required`),
      ...Object.entries(schema.properties)
        .filter(([, property]) => property.$ref !== undefined)
        .map(([field, { $ref }]) => `\`${half}.${field}\` is ${reference($ref, context)}`),
    ]);
    return `- In a \`${rule.if.properties.type.const}\`, ${facts.join(" and ")}.\n`;
  });
  return lines.length > 0 ? `\n${lines.join("")}` : "";
}

/** A row for each field; those of an object that has no name of its own follow with a dot. */
function fieldRows(properties, required, context, path = "") {
  return Object.entries(properties).flatMap(([field, property]) => {
    const marks = required.includes(field) ? "" : " _optional_";
    const row = [`\`${path}${field}\`${marks}`, typeOf(property, context), meaningOf(property)];
    const { properties: inner, required: innerRequired = [] } = property;
    if (inner === undefined) return [row];
    return [row, ...fieldRows(inner, innerRequired, context, `${path}${field}.`)];
  });
}

function meaningOf({ description = "" }) {
  return description;
}

function typeOf(schema, context) {
  if (schema.$ref !== undefined) return reference(schema.$ref, context);
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(" ");
  const choice = schema.anyOf ?? schema.oneOf;
  if (choice !== undefined) return choice.map((each) => typeOf(each, context)).join(" or ");
  if (schema.type === "array") return `list of ${typeOf(schema.items, context)}`;
  if (isMap(schema))
    return schema.additionalProperties === true
      ? "object"
      : `map to ${typeOf(schema.additionalProperties, context)}`;
  return schema.type ?? "any JSON";
}

function reference(ref, { definitions, objects }) {
  const name = ref.slice(prefix.length);
  if (objects.includes(name)) return `[${name}](#${name.toLowerCase()})`;
  return isMap(definitions[name]) ? `[${name}](#maps)` : `[${name}](#plain-types)`;
}

function mapRow(name, context) {
  const { additionalProperties, description } = context.definitions[name];
  const values = additionalProperties === true ? "any JSON" : typeOf(additionalProperties, context);
  return [`\`${name}\``, values, description];
}

function plainRow(name, context) {
  const definition = context.definitions[name];
  return [`\`${name}\``, formOf(definition, context), definition.description];
}

function formOf(definition, context) {
  const { pattern, type, minimum, maximum, anyOf, oneOf } = definition;
  if (oneOf !== undefined)
    return oneOf
      .map(({ properties }) => `\`{${Object.keys(properties).map((key) => `"${key}"`)}}\``)
      .join(" or ");
  if (anyOf !== undefined) return anyOf.map((each) => formOf(each, context)).join(" or ");
  if (pattern !== undefined && pattern.length <= 80) return code(shown(pattern));
  if (minimum !== undefined) return `${type} from ${minimum}${maximum ? ` to ${maximum}` : ""}`;
  return typeOf(definition, context);
}

/** Code in Markdown, also when it holds a backquote. */
function code(text) {
  return text.includes("`") ? `\`\` ${text} \`\`` : `\`${text}\``;
}

/** Control characters stand in the patterns as themselves. */
function shown(pattern) {
  return pattern.replaceAll(
    /[\p{Cc}]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

const introduction = `# Format: the manifest

<!-- Written by tools/manifest-doc.mjs from schemas/manifest.schema.json; do not edit. -->

\`manifest.json\` is canonical JSON ([RFC 8785](https://www.rfc-editor.org/rfc/rfc8785)) in UTF-8 without a
trailing newline. Its digest is the seal. [identity.md](../identity.md) explains the ids in it,
[bundle.md](bundle.md) the files that it lists.

Fields are required unless _optional_ stands beside them. An absent value is omitted: \`null\` appears
only where the type says so. Other fields than these are refused, so that two readers never disagree
about what was sealed.
`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  const schema = JSON.parse(readFileSync(join(root, "schemas", "manifest.schema.json"), "utf8"));
  writePage(join(root, "docs", "format", "manifest.md"), manifestPage(schema), {
    script: "tools/manifest-doc.mjs",
    args: process.argv,
  });
}
