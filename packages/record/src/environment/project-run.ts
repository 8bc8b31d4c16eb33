import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { parse } from "smol-toml";
import { type Call, folderOf, variable } from "./call.ts";
import { type CaptureContext, isRecord, nearestWith, textOf } from "./capture-context.ts";
import { inEnvironment, type Launcher, pythonWords, splitOptions } from "./launcher.ts";

/** `<tool> run` of the tools that keep one environment a project. */
export function projectRun(
  folderOptions: readonly string[],
  candidates: (
    context: CaptureContext,
    call: Call,
    root: string,
  ) => Promise<readonly (string | undefined)[]>,
): Launcher {
  return async (context, call) => {
    const tool = basename(call.argv[0] ?? "");
    const before = splitOptions(call.argv.slice(1), new Set(folderOptions));
    if (before.rest[0] !== "run") return undefined;
    const after = splitOptions(before.rest.slice(1), new Set());
    const named = folderOptions.map((option) => before.options.get(option)).find(Boolean);
    const folder = folderOf(call.cwd, named) ?? call.cwd;
    const marker = tool === "pipenv" ? "Pipfile" : "pyproject.toml";
    const root = (await nearestWith(context, folder, marker)) ?? folder;
    const argv = pythonWords(after.rest, undefined);
    return inEnvironment(context, { ...call, argv }, await candidates(context, call, root), tool);
  };
}

/** The active environment, else `.venv` in the project. */
export async function venvFolders(
  _context: CaptureContext,
  call: Call,
  root: string,
): Promise<readonly (string | undefined)[]> {
  return [variable(call.env, "VIRTUAL_ENV"), join(root, ".venv")];
}

/** Poetry keeps environments under `<name>-<hash of the folder>-py3.11` in its cache. */
export async function poetryFolders(
  context: CaptureContext,
  call: Call,
  root: string,
): Promise<readonly (string | undefined)[]> {
  const direct = await venvFolders(context, call, root);
  const home = variable(call.env, "HOME") ?? "";
  const cache =
    variable(call.env, "POETRY_CACHE_DIR") ??
    (context.system.platform === "darwin"
      ? join(home, "Library/Caches/pypoetry")
      : join(variable(call.env, "XDG_CACHE_HOME") ?? join(home, ".cache"), "pypoetry"));
  const store = variable(call.env, "POETRY_VIRTUALENVS_PATH") ?? join(cache, "virtualenvs");
  const name = projectName(await context.readText(join(root, "pyproject.toml")));
  if (name === undefined) return direct;
  const real = (await context.realPath(root)) ?? root;
  const hash = createHash("sha256").update(real).digest("base64url").slice(0, 8);
  const prefix = `${name
    .toLowerCase()
    .replace(/[ $`!*@"\\\r\n\t]/g, "_")
    .slice(0, 42)}-${hash}-`;
  const found = (await context.list(store)).filter((entry) => entry.startsWith(prefix));
  return [...direct, ...found.reverse().map((entry) => join(store, entry))];
}

function projectName(text: string | undefined): string | undefined {
  try {
    const { project, tool } = parse(text ?? "");
    const poetry = isRecord(tool) ? tool.poetry : undefined;
    return (
      textOf(isRecord(project) ? project.name : undefined) ??
      textOf(isRecord(poetry) ? poetry.name : undefined)
    );
  } catch {
    return undefined;
  }
}
