// Put the command line into a few files, one for each command and one for what they share.
// Node spends more time on finding 500 small modules than on running them: measured here, Kysely
// alone takes 18 times as long to import as 300 modules than as one file.
import { rename, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { writeCompletionData } from "./completion-data.mjs";
import { writeLicences } from "./licences.mjs";

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
  "compact-worker": "../../packages/gc/dist/compact-worker.js",
  "scan-inspector": "../../packages/record/dist/scan-inspector.js",
  "verifying-reader": "../../packages/replay/dist/verifying-reader.js",
};
const builtinImport =
  /^import (?:(\w+)|\* as (\w+)|(?:(\w+), )?\{([^}]*)\}) from "(node:[\w/]+)";$/gm;
// An import statement of a module of Node evaluates every lazy part of it (of `process` even the
// standard streams), which is a tenth of the start of `ls`; asking for the module does not.
// These take longer still, and most commands call none of their functions.
const lateModules = new Set([
  "node:assert",
  "node:child_process",
  "node:crypto",
  "node:fs/promises",
  "node:timers/promises",
  "node:zlib",
]);
const isFunction = ([part]) => part !== "constants" && part !== "scheduler";
const builtinModules = {
  name: "builtin-modules",
  renderChunk: (code) =>
    code.replaceAll(builtinImport, (_, only, all, main, names, module) => {
      const whole = `globalThis.process.getBuiltinModule("${module}")`;
      const name = only ?? all ?? main;
      const pairs = (names?.trim() ?? "").split(/\s*,\s*/).filter(Boolean);
      const parts = pairs.map((pair) => pair.split(" as "));
      if (lateModules.has(module) && name === undefined && parts.every(isFunction))
        return parts
          .map(
            ([part, local = part]) =>
              `const ${local} = (...all) => (${local}.module ??= ${whole}).${part}(...all);`,
          )
          .join(" ");
      const list = parts.map(([part, local]) => (local ? `${part}: ${local}` : part)).join(", ");
      return [name && `const ${name} = ${whole};`, list && `const { ${list} } = ${whole};`]
        .filter(Boolean)
        .join(" ");
    }),
};
// Commander asks for child processes at once, for a kind of command that we do not have; loading
// them takes longer than all of commander.
const childImport = /^import childProcess from ["']node:child_process["'];$/m;
const lateChildProcesses = {
  name: "late-child-processes",
  transform: {
    filter: { id: /node_modules\/commander\/lib\/command\.js$/ },
    handler(code) {
      if (!childImport.test(code)) throw new Error("Commander imports child processes otherwise.");
      const late = 'process.getBuiltinModule("node:child_process")';
      return code.replace(childImport, "").replaceAll("childProcess.", `${late}.`);
    },
  },
};
const bundle = await rolldown({
  cwd: root,
  input: { main: "dist/main.js", ...threadModules },
  platform: "node",
  // Native code cannot be put into a file of JavaScript; unzipper asks for S3 only when told to.
  external: ["better-sqlite3", "@aws-sdk/client-s3"],
  logLevel: "warn",
  plugins: [lateChildProcesses, builtinModules],
});
try {
  const { output } = await bundle.write({
    dir: built,
    format: "esm",
    entryFileNames: "[name].js",
    // All in one folder, so that `../package.json` is the same from every file.
    chunkFileNames: "[name].js",
  });
  await writeCompletionData(built);
  await writeLicences(
    output.flatMap((chunk) => (chunk.type === "chunk" ? chunk.moduleIds : [])),
    `${built}/THIRD-PARTY-LICENCES.txt`,
  );
  // The command that is there keeps working until a whole new one stands beside it.
  await rename(target, old).catch((error) => {
    if (error.code !== "ENOENT") throw error;
  });
  await rename(built, target);
} finally {
  await bundle.close();
  for (const left of [built, old]) await rm(left, { recursive: true, force: true });
}
