import { basename, delimiter, dirname, join } from "node:path";
import { type Call, folderOf, variable, which } from "./call.ts";
import { type CaptureContext, nearestWith } from "./capture-context.ts";
import { inEnvironment, splitOptions } from "./launcher.ts";

/** `pixi run`: an environment below the workspace's `.pixi`. */
export async function pixiRun(context: CaptureContext, call: Call): Promise<Call | undefined> {
  const valued = new Set("-e --environment --manifest-path -m --color --auth-file".split(" "));
  const before = splitOptions(call.argv.slice(1), valued);
  if (before.rest[0] !== "run") return undefined;
  const { options, rest } = splitOptions(before.rest.slice(1), valued);
  const manifest = folderOf(call.cwd, options.get("--manifest-path") ?? options.get("-m"));
  const folder = manifest === undefined ? call.cwd : dirname(manifest);
  const root = await nearestWith(context, folder, ".pixi");
  const name = options.get("-e") ?? options.get("--environment") ?? "default";
  const prefix = root && join(root, ".pixi", "envs", name);
  const started = await inEnvironment(context, { ...call, argv: rest }, [prefix], "pixi");
  // The word may be a task of the manifest: what is certain is the environment, so its Python.
  const word = started.argv[0];
  const known = word !== undefined && (await which(context, started, word)) !== undefined;
  return known || started.unknown !== undefined ? started : { ...started, argv: ["python"] };
}

/** `conda run`, and mamba's: the environment by name or prefix, else the active one. */
export async function condaRun(context: CaptureContext, call: Call): Promise<Call | undefined> {
  const valued = new Set("-n --name -p --prefix --cwd -e --env".split(" "));
  const before = splitOptions(call.argv.slice(1), valued);
  if (before.rest[0] !== "run") return undefined;
  const { options, rest } = splitOptions(before.rest.slice(1), valued);
  const all = new Map([...before.options, ...options]);
  const cwd = folderOf(call.cwd, all.get("--cwd")) ?? call.cwd;
  const prefix = folderOf(call.cwd, all.get("-p") ?? all.get("--prefix"));
  const name = all.get("-n") ?? all.get("--name");
  const named =
    name === undefined
      ? [variable(call.env, "CONDA_PREFIX")]
      : await condaFolders(context, call, name);
  return inEnvironment(context, { ...call, argv: rest, cwd }, prefix ? [prefix] : named, "conda");
}

async function condaFolders(
  context: CaptureContext,
  call: Call,
  name: string,
): Promise<readonly string[]> {
  const home = variable(call.env, "HOME") ?? variable(call.env, "USERPROFILE") ?? call.cwd;
  const executable =
    variable(call.env, "CONDA_EXE") ?? (await which(context, call, call.argv[0] ?? ""));
  const roots = [
    variable(call.env, "MAMBA_ROOT_PREFIX"),
    executable && dirname(dirname(executable)),
  ].filter((root) => root !== undefined);
  if (name === "base" || name === "root") return roots;
  const stores = (
    variable(call.env, "CONDA_ENVS_PATH") ??
    variable(call.env, "CONDA_ENVS_DIRS") ??
    ""
  )
    .split(delimiter)
    .filter((folder) => folder !== "");
  const listed = (await context.readText(join(home, ".conda", "environments.txt"))) ?? "";
  return [
    ...stores.map((folder) => join(folder, name)),
    ...roots.map((root) => join(root, "envs", name)),
    join(home, ".conda", "envs", name),
    ...listed.split(/\r?\n/).filter((line) => basename(line) === name),
  ];
}
