import { join } from "node:path";
import { banner } from "./output.mjs";
import { packageFolder } from "./schemas.mjs";

/** Write the list of schemas: their names, their types and how to load each on first use. */
export function writeRegistry(output, schemas) {
  const lines = (make) => schemas.map(({ name, schema }) => make(name, schema)).join("");
  output.write(
    join(packageFolder, "src", "registry.generated.ts"),
    [
      banner("the names of schemas/*.schema.json"),
      'import type { CompiledValidator } from "./compiled-validator.ts";\n',
      'import type { JsonSchema } from "./json-schema.ts";\n',
      lines((name, { title }) => `import type { ${title} } from "./${name}.generated.ts";\n`),
      "\n/** The type of the documents of each schema, by its name. */\n",
      "export interface SchemaTypes {\n",
      lines((name, { title }) => `  ${JSON.stringify(name)}: ${title};\n`),
      "}\n\n/** How to load the parts of one schema. */\n",
      "export interface SchemaEntry {\n",
      "  readonly document: () => Promise<{ readonly document: JsonSchema }>;\n",
      "  readonly validator: () => Promise<{ readonly validator: CompiledValidator }>;\n",
      "}\n\n/** Every schema by its name. */\n",
      "export const registry: Readonly<Record<keyof SchemaTypes, SchemaEntry>> = {\n",
      lines(
        (name) =>
          `  ${JSON.stringify(name)}: {\n` +
          `    document: () => import("./documents/${name}.generated.ts"),\n` +
          `    validator: () => import("./validators/${name}.generated.ts"),\n  },\n`,
      ),
      "};\n",
    ].join(""),
  );
}
