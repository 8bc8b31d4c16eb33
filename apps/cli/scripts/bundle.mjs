// Put the command line into a few files, one for each command and one for what they share.
// Node spends more time on finding 500 small modules than on running them: measured here, Kysely
// alone takes 18 times as long to import as 300 modules than as one file.
import { createHash } from "node:crypto";
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
  "file-task-worker": "../../packages/gc/dist/file-task-worker.js",
  "compact-worker": "../../packages/gc/dist/compact-worker.js",
  "scan-inspector": "../../packages/record/dist/scan-inspector.js",
  "verifying-reader": "../../packages/replay/dist/verifying-reader.js",
};
const builtinImport =
  /^import (?:([\w$]+)|\* as ([\w$]+)|(?:([\w$]+), )?\{([^}]*)\}) from "(node:[\w/]+)";$/gm;
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
// Only the binary of a native library has to stay beside its package; its JavaScript, a dozen small
// files, need not be looked up each time.
const bindingOfPackage =
  'require(require("node:path").join(require.resolve("better-sqlite3/package.json"), "../lib/binding.js"))';
const nativeBinding = {
  name: "native-binding",
  transform: {
    filter: { id: /better-sqlite3\/lib\/index\.js$/ },
    handler(code) {
      if (!code.includes('require("./binding")') && !code.includes("require('./binding')"))
        throw new Error("better-sqlite3 finds its binary otherwise.");
      return code.replace(/require\(["']\.\/binding["']\)/, bindingOfPackage);
    },
  },
};
const input = {
  cwd: root,
  platform: "node",
  // unzipper asks for S3 only when told to.
  external: ["@aws-sdk/client-s3"],
  logLevel: "warn",
};
const plugins = [nativeBinding, lateChildProcesses];
// What nearly every command loads, and what every command with a store loads, is one file each.
const together = {
  shared:
    /\/apps\/cli\/dist\/(program|list-option|row|table)\.js$|\/packages\/errors\/dist\/|rolldown\/runtime/,
  stores: /\/packages\/(connect\/dist\/open|catalog\/dist\/sqlite-parts)\.js$/,
};
const groups = Object.entries(together).map(([name, test], index) => ({
  name,
  test,
  priority: 9 - index,
}));
// Scripts, not modules: only of a script can V8 keep the code as it is after the run, see
// src/kept-scripts.ts.
const scripts = await rolldown({
  ...input,
  plugins,
  input: { program: "dist/program.js", complete: "dist/completion/complete.js" },
});
try {
  // All in one folder, so that `../package.json` is the same from every file.
  const { output } = await scripts.write({
    dir: built,
    format: "cjs",
    entryFileNames: "[name].cjs",
    chunkFileNames: "[name].cjs",
    codeSplitting: { groups },
  });
  const digest = createHash("sha256");
  for (const { code = "" } of output) digest.update(code);
  const start = {
    ...input,
    plugins: [...plugins, builtinModules],
    transform: { define: { scriptsDigest: JSON.stringify(digest.digest("hex").slice(0, 16)) } },
  };
  const modules = [];
  // Threads load little; with files of their own they do not wait for those of the commands.
  const starts = { start: { main: "dist/main.js" }, thread: threadModules };
  for (const [kind, entries] of Object.entries(starts)) {
    await using bundle = await rolldown({ ...start, input: entries });
    const files = { entryFileNames: "[name].js", chunkFileNames: `${kind}-[name].js` };
    modules.push(...(await bundle.write({ dir: built, format: "esm", ...files })).output);
  }
  await writeCompletionData(built);
  await writeLicences(
    [...output, ...modules].flatMap((chunk) => (chunk.type === "chunk" ? chunk.moduleIds : [])),
    `${built}/THIRD-PARTY-LICENCES.txt`,
  );
  // The command that is there keeps working until a whole new one stands beside it.
  await rename(target, old).catch((error) => {
    if (error.code !== "ENOENT") throw error;
  });
  await rename(built, target);
} finally {
  await scripts.close();
  for (const left of [built, old]) await rm(left, { recursive: true, force: true });
}
