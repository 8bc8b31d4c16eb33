// Puts every file of a folder into npm's own content-addressed cache.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [library, source, target] = process.argv.slice(2);
const { put } = createRequire(import.meta.url)(library);
for (const entry of readdirSync(source, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const path = join(entry.parentPath, entry.name);
  await put(target, path, readFileSync(path));
}
