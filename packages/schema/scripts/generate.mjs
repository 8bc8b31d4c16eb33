// Makes everything of this package that follows from schemas/*.schema.json.
//   node packages/schema/scripts/generate.mjs           write what changed
//   node packages/schema/scripts/generate.mjs --check   write nothing, exit 1 when something would change
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeDocument } from "./generate-documents.mjs";
import { writePatternMeanings } from "./generate-pattern-meanings.mjs";
import { writeRegistry } from "./generate-registry.mjs";
import { writeTypes } from "./generate-types.mjs";
import { writeValidator } from "./generate-validators.mjs";
import { createOutput } from "./output.mjs";
import { packageFolder, readSchemas } from "./schemas.mjs";

const check = process.argv.includes("--check");
const output = createOutput({ check, root: join(packageFolder, "..", "..") });
const { definitions, schemas } = readSchemas(output);

await writeTypes(output, { definitions, schemas });
for (const { name, schema } of schemas) {
  writeValidator(output, name, schema);
  writeDocument(output, name, schema);
}
writeRegistry(output, schemas);
writePatternMeanings(output, definitions);
removeStale();

for (const path of output.changed) process.stderr.write(`${check ? "stale" : "wrote"} ${path}\n`);
if (check && output.changed.length > 0) {
  process.stderr.write("Run: node packages/schema/scripts/generate.mjs\n");
  process.exitCode = 1;
}

/** A schema that went away takes its generated files with it. */
function removeStale() {
  for (const folder of ["src", "src/documents", "src/validators"]) {
    for (const file of readdirSync(join(packageFolder, folder))) {
      const path = join(packageFolder, folder, file);
      if (!file.endsWith(".generated.ts") || output.kept.has(path)) continue;
      output.changed.push(path);
      if (!check) rmSync(path);
    }
  }
}
