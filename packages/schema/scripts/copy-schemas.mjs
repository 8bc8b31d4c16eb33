// Copies the schemas into this package, so that its tarball holds them.
import { cpSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { packageFolder, schemaFiles, schemasFolder } from "./schemas.mjs";

const target = join(packageFolder, "schemas");
const files = schemaFiles();
mkdirSync(target, { recursive: true });
for (const file of readdirSync(target)) {
  if (!files.includes(file)) rmSync(join(target, file), { recursive: true });
}
for (const file of files) cpSync(join(schemasFolder, file), join(target, file));
