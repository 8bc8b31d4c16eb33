import { dirname, join } from "node:path";
import { parse } from "smol-toml";
import { folderOf, variable } from "./call.ts";
import { type CaptureContext, isRecord, nearestWith, textOf } from "./capture-context.ts";
import type { Program } from "./program.ts";
import { type RuntimeFacts, versionInPath, withRevision } from "./runtime-facts.ts";

/** Describe the Julia that a program is; packages from the manifest of the active project. */
export async function juliaFacts(context: CaptureContext, program: Program): Promise<RuntimeFacts> {
  const installed = await juliaVersion(context, program);
  const manifest = await readManifest(context, program, installed);
  const packages = new Map<string, string>();
  for (const [name, entry] of manifestEntries(manifest ?? {})) {
    const version = textOf(entry.version);
    const local = textOf(entry.path) !== undefined;
    if (version === undefined && !local) continue; // Standard library: Julia's own version.
    const [url, tree] = [textOf(entry["repo-url"]), textOf(entry["git-tree-sha1"])];
    const fixed =
      url === undefined || tree === undefined
        ? version
        : withRevision(version ?? "unknown", "git tree", url, tree);
    packages.set(name, local ? `${version ?? "unknown"} (local)` : (fixed ?? "unknown"));
  }
  const version = installed ?? textOf(manifest?.julia_version) ?? "unknown";
  return { name: "julia", version, packages };
}

async function juliaVersion(
  context: CaptureContext,
  program: Program,
): Promise<string | undefined> {
  const prefix = dirname(dirname(program.realPath));
  const header = await context.readHead(join(prefix, "include/julia/julia_version.h"), 8192);
  const version = /JULIA_VERSION_STRING\s+"([^"]+)"/.exec(header?.toString("latin1") ?? "")?.[1];
  return version ?? (await juliaupVersion(context, program)) ?? versionInPath(program.realPath);
}

/** juliaup's launcher starts the version of a channel: `julia +1.9`, a variable, or the default. */
async function juliaupVersion(
  context: CaptureContext,
  program: Program,
): Promise<string | undefined> {
  const depot = juliaDepot(program);
  const path = join(depot, "juliaup", "juliaup.json");
  if (!/juliaup|julialauncher/.test(program.realPath) || (await context.kind(path)) === undefined)
    return undefined;
  const state = await context.readJson(path);
  const asked = program.argv[1]?.startsWith("+") ? program.argv[1].slice(1) : undefined;
  const channel =
    asked ?? variable(program.env, "JULIAUP_CHANNEL") ?? textOf(state?.Default) ?? "release";
  const channels = state?.InstalledChannels;
  const entry = isRecord(channels) ? channels[channel] : undefined;
  return /^\d+\.\d+\.\d+/.exec((isRecord(entry) && textOf(entry.Version)) || "")?.[0];
}

async function readManifest(
  context: CaptureContext,
  program: Program,
  version: string | undefined,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const release = /^\d+\.\d+/.exec(version ?? "")?.[0];
  const project = await projectFolder(context, program, release);
  const names = ["JuliaManifest.toml", `Manifest-v${release}.toml`, "Manifest.toml"];
  for (const name of project === undefined ? [] : names) {
    const path = join(project ?? "", name);
    const text = await context.readText(path);
    if (text === undefined) continue;
    try {
      return parse(text);
    } catch {
      context.warn("ENVIRONMENT_FILE_INVALID", `${path} is not valid TOML.`);
    }
  }
  return undefined;
}

/** `--project`, else `JULIA_PROJECT`, else the default environment of this release. */
async function projectFolder(
  context: CaptureContext,
  program: Program,
  release: string | undefined,
): Promise<string | undefined> {
  const option = program.argv.find((word) => /^--project(=|$)/.test(word));
  const named =
    option === undefined
      ? variable(program.env, "JULIA_PROJECT")
      : option.slice("--project=".length);
  if (named === undefined)
    return release && join(juliaDepot(program), "environments", `v${release}`);
  if (named === "" || named === "@.") return nearestWith(context, program.cwd, "Project.toml");
  if (named.startsWith("@")) return join(juliaDepot(program), "environments", named.slice(1));
  const folder = folderOf(program.cwd, named);
  return folder?.endsWith(".toml") ? dirname(folder) : folder;
}

function juliaDepot(program: Program): string {
  const depot = variable(program.env, "JULIA_DEPOT_PATH")?.split(/[:;](?![\\/])/)[0];
  const home = variable(program.env, "HOME") ?? variable(program.env, "USERPROFILE") ?? program.cwd;
  return depot === undefined || depot === "" ? join(home, ".julia") : depot;
}

/** Since format 2 the packages are under `deps`; before, they were the top level. */
function manifestEntries(
  manifest: Readonly<Record<string, unknown>>,
): readonly (readonly [string, Readonly<Record<string, unknown>>])[] {
  const table = isRecord(manifest.deps) ? manifest.deps : manifest;
  return Object.entries(table).flatMap(([name, entries]) =>
    Array.isArray(entries) ? entries.filter(isRecord).map((entry) => [name, entry] as const) : [],
  );
}
