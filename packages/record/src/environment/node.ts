import { basename, dirname, join } from "node:path";
import { folderOf } from "./call.ts";
import { type CaptureContext, nearestWith, textOf } from "./capture-context.ts";
import { nodePackages } from "./node-packages.ts";
import type { Program } from "./program.ts";
import { type RuntimeFacts, versionInPath } from "./runtime-facts.ts";

/** Describe the Node.js that a program is, and the `node_modules` that its script sees. */
export async function nodeFacts(context: CaptureContext, program: Program): Promise<RuntimeFacts> {
  const [version, folder] = await Promise.all([
    nodeVersion(context, program),
    modulesFolder(context, program),
  ]);
  const tools = await scriptTool(context, program);
  return {
    name: "node",
    version: version ?? "unknown",
    packages: folder === undefined ? new Map() : await nodePackages(context, folder),
    ...(tools === undefined ? {} : { tools }),
  };
}

async function nodeVersion(
  context: CaptureContext,
  { realPath }: Program,
): Promise<string | undefined> {
  const own = await context.realPath(context.system.node.path);
  if (own === realPath) return context.system.node.version;
  const prefix = dirname(dirname(realPath));
  const header = (
    await context.readHead(join(prefix, "include/node/node_version.h"), 8192)
  )?.toString("latin1");
  const parts = ["MAJOR", "MINOR", "PATCH"].map(
    (part) => new RegExp(`#define NODE_${part}_VERSION\\s+(\\d+)`).exec(header ?? "")?.[1],
  );
  return parts.every((part) => part !== undefined) ? parts.join(".") : versionInPath(realPath);
}

/** From the script's folder when it belongs to the workspace, else (npx, npm) from the current one. */
async function modulesFolder(
  context: CaptureContext,
  program: Program,
): Promise<string | undefined> {
  const script = folderOf(
    program.cwd,
    program.argv.slice(1).find((word) => !word.startsWith("-")),
  );
  const installed = script?.split(/[\\/]/).includes("node_modules") ?? true;
  const known = script !== undefined && !installed && (await context.kind(script)) !== undefined;
  const root = await nearestWith(context, known ? dirname(script) : program.cwd, "node_modules");
  return root === undefined ? undefined : join(root, "node_modules");
}

/** The version of npm, npx, pnpm or yarn where one of them starts the command. */
async function scriptTool(
  context: CaptureContext,
  program: Program,
): Promise<Readonly<Record<string, string>> | undefined> {
  const script = program.argv[1] ?? "";
  const name = /^(npm|npx|pnpm|pnpx|yarn)(-cli)?(\.c?js)?$/.exec(basename(script))?.[1];
  if (name === undefined) return undefined;
  const root = await nearestWith(context, dirname(script), "package.json");
  const manifest =
    root === undefined ? undefined : await context.readJson(join(root, "package.json"));
  const version = textOf(manifest?.version);
  return version === undefined ? undefined : { [name.replace(/x$/, "m")]: version };
}
