#!/usr/bin/env node
// The version check comes before any import: native modules crash on a Node that is too old.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 15)) {
  const message = `reseal needs Node 22.15 or newer; this is ${process.versions.node}.`;
  const hint = "Install a newer Node, or use tools/reseal, which brings its own.";
  process.stderr.write(`${message}\n${hint}\n`);
  if (process.argv.includes("--json")) {
    const error = { code: "NODE_TOO_OLD", message, hint, exit: 2 };
    process.stdout.write(`${JSON.stringify({ schema: "error/v1", ok: false, error })}\n`);
  }
  process.exit(2);
}

// Node would keep compiled code where anybody may put a file of that name before us.
const { XDG_CACHE_HOME, HOME, LOCALAPPDATA } = process.env;
const cacheHome = XDG_CACHE_HOME || (HOME ? `${HOME}/.cache` : LOCALAPPDATA);
if (cacheHome)
  process.getBuiltinModule("node:module").enableCompileCache(`${cacheHome}/reseal/compiled`);

const [first, ...others] = process.argv.slice(2);
if ((first === "--version" || first === "-V") && others.length === 0) {
  const { cliVersion } = await import("./version.ts");
  process.stdout.write(`${cliVersion()}\n`);
} else if (first === "__complete") {
  const { printCompletion } = await import("./completion/complete.ts");
  process.stdout.write(await printCompletion(others, { cwd: process.cwd(), env: process.env }));
} else {
  const { main } = await import("./program.ts");
  await main(process.argv.slice(2));
}
