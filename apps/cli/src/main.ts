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

const usageExit = 2;
const [first = "", ...others] = process.argv.slice(2);
if ((first === "--version" || first === "-V") && others.length === 0) {
  const { cliVersion } = await import("./version.ts");
  process.stdout.write(`${cliVersion()}\n`);
} else {
  const { KeptScripts } = await import("./kept-scripts.ts");
  const command = commandIn(process.argv.slice(2));
  const scripts = new KeptScripts(import.meta.url, keptFile(command, process.env));
  if (first === "__complete") {
    const { printCompletion } = scripts.load(
      "complete.cjs",
    ) as typeof import("./completion/complete.ts");
    process.stdout.write(await printCompletion(others, { cwd: process.cwd(), env: process.env }));
  } else {
    const { main } = scripts.load("program.cjs") as typeof import("./program.ts");
    await main(process.argv.slice(2));
  }
  if (process.exitCode !== usageExit) scripts.save(); // A mistyped command is not typed again.
}

/** The command: what stands behind the options of all commands, of which some have a value. */
function commandIn(args: readonly string[]): string {
  const [next = "", ...rest] = args;
  if (!next.startsWith("-")) return next;
  return commandIn(next === "--store" || next === "--color" ? rest.slice(1) : rest);
}

declare const scriptsDigest: string; // Put in by the bundler.

/**
 * The file in which the compiled code of a command is kept. Node would keep it where anybody may
 * put a file of that name before us.
 */
function keptFile(command: string, env: NodeJS.ProcessEnv): string | undefined {
  const { XDG_CACHE_HOME, HOME, LOCALAPPDATA, NODE_DISABLE_COMPILE_CACHE } = env;
  const cache = XDG_CACHE_HOME || (HOME ? `${HOME}/.cache` : LOCALAPPDATA);
  if (!cache || NODE_DISABLE_COMPILE_CACHE) return undefined;
  const name = /^[a-z_]{1,16}$/.test(command) ? command : "other";
  return `${cache}/reseal/compiled/${process.version}-${process.arch}-${scriptsDigest}-${name}`;
}
