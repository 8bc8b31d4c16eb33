// Put the command line into a few files, one for each command and one for what they share.
// Node spends more time on finding 500 small modules than on running them: measured here, Kysely
// alone takes 18 times as long to import as 300 modules than as one file.
import { rename, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { writeCompletionData } from "./completion-data.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const target = `${root}bin`;
const built = `${target}.${process.pid}.tmp`;
const old = `${target}.${process.pid}.old`;
// What other threads load is looked for beside the file that starts them, by its own name.
const threadModules = {
  "deflate-worker": "../../packages/bundle/dist/zip/deflate-worker.js",
  "lane-reader": "../../packages/bundle/dist/zip/lane-reader.js",
  "file-worker": "../../packages/store-fs/dist/file-worker.js",
  "hash-worker": "../../packages/gc/dist/hash-worker.js",
  "scan-inspector": "../../packages/record/dist/scan-inspector.js",
};
const builtinImport =
  /^import (?:(\w+)|\* as (\w+)|(?:(\w+), )?\{([^}]*)\}) from "(node:[\w/]+)";$/gm;
// An import statement of a module of Node evaluates every lazy part of it (of `process` even the
// standard streams), which is a tenth of the start of `ls`; asking for the module does not.
const builtinModules = {
  name: "builtin-modules",
  renderChunk: (code) =>
    code.replaceAll(builtinImport, (_, only, all, main, names, module) => {
      const whole = `globalThis.process.getBuiltinModule("${module}")`;
      const name = only ?? all ?? main;
      const parts = names?.replaceAll(" as ", ": ").trim();
      return [name && `const ${name} = ${whole};`, parts && `const { ${parts} } = ${whole};`]
        .filter(Boolean)
        .join(" ");
    }),
};
const bundle = await rolldown({
  cwd: root,
  input: { main: "dist/main.js", ...threadModules },
  platform: "node",
  // Native code cannot be put into a file of JavaScript; unzipper asks for S3 only when told to.
  external: ["better-sqlite3", "@aws-sdk/client-s3"],
  logLevel: "warn",
  plugins: [builtinModules],
});
try {
  await bundle.write({
    dir: built,
    format: "esm",
    entryFileNames: "[name].js",
    // All in one folder, so that `../package.json` is the same from every file.
    chunkFileNames: "[name].js",
  });
  await writeCompletionData(built);
  // The command that is there keeps working until a whole new one stands beside it.
  await rename(target, old).catch((error) => {
    if (error.code !== "ENOENT") throw error;
  });
  await rename(built, target);
} finally {
  await bundle.close();
  for (const left of [built, old]) await rm(left, { recursive: true, force: true });
}
