import { join } from "node:path";
import { banner } from "./output.mjs";
import { packageFolder } from "./schemas.mjs";

/** Write the schema itself as a module, so that reading it needs no file system. */
export function writeDocument(output, name, schema) {
  output.write(
    join(packageFolder, "src", "documents", `${name}.generated.ts`),
    [
      banner(`schemas/${name}.schema.json`),
      'import type { JsonSchema } from "../json-schema.ts";\n\n',
      `export const document: JsonSchema = ${JSON.stringify(schema, null, 1)};\n`,
    ].join(""),
  );
}
