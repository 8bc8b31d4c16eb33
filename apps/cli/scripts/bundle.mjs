// Put the command line into a few files, one for each command and one for what they share.
// Node spends more time on finding 500 small modules than on running them: measured here, Kysely
// alone takes 18 times as long to import as 300 modules than as one file.
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const root = fileURLToPath(new URL("..", import.meta.url));
const target = `${root}bin`;
await rm(target, { recursive: true, force: true });
const bundle = await rolldown({
  cwd: root,
  input: { main: "dist/main.js" },
  platform: "node",
  // Native code cannot be put into a file of JavaScript.
  external: ["better-sqlite3"],
  logLevel: "warn",
});
await bundle.write({
  dir: target,
  format: "esm",
  entryFileNames: "[name].js",
  // All in one folder, so that `../package.json` is the same from every file.
  chunkFileNames: "[name].js",
});
await bundle.close();
