import { delimiter, dirname, join } from "node:path";
import { type Call, nameOf, variable, which } from "./call.ts";
import { type CaptureContext, nearestWith } from "./capture-context.ts";

/**
 * The program behind a pyenv or asdf shim, as the version files choose it.
 *
 * A shim is a shell script that asks its version manager at every start; running that would cost
 * 50–100 ms. Returns `undefined` for any other script.
 */
export async function resolveShim(
  context: CaptureContext,
  call: Call,
  path: string,
  head: string,
): Promise<string | undefined> {
  if (/\bpyenv"? exec\b/.test(head)) return pyenvProgram(context, call, path, head);
  if (/\basdf"? exec\b/.test(head)) return asdfProgram(context, call, path, head);
  return undefined;
}

async function pyenvProgram(
  context: CaptureContext,
  call: Call,
  path: string,
  head: string,
): Promise<string | undefined> {
  const written = /PYENV_ROOT="([^"]+)"/.exec(head)?.[1];
  const root = variable(call.env, "PYENV_ROOT") ?? written ?? dirname(dirname(path));
  const installed = await context.list(join(root, "versions"));
  for (const wanted of await pyenvVersions(context, call, root)) {
    const version = wanted === "system" ? undefined : installedVersion(installed, wanted);
    const found =
      version === undefined
        ? await behindShims(context, call, path)
        : await which(context, call, join(root, "versions", version, "bin", nameOf(path)));
    if (found !== undefined) return found;
  }
  return behindShims(context, call, path);
}

/** `PYENV_VERSION`, else the nearest `.python-version`, else the global `version` file. */
async function pyenvVersions(
  context: CaptureContext,
  call: Call,
  root: string,
): Promise<readonly string[]> {
  const chosen = variable(call.env, "PYENV_VERSION");
  if (chosen !== undefined) return chosen.split(":");
  const folder = await nearestWith(context, call.cwd, ".python-version");
  const text = await context.readText(
    folder ? join(folder, ".python-version") : join(root, "version"),
  );
  const lines = (text ?? "").split(/\r?\n/).map((line) => line.replace(/#.*/, "").trim());
  const versions = lines.flatMap((line) => line.split(/\s+/)).filter((word) => word !== "");
  return versions.length > 0 ? versions : ["system"];
}

/** `3.11` means the newest installed 3.11.x; `python-3.11.7` means 3.11.7. */
function installedVersion(installed: readonly string[], wanted: string): string {
  const name = wanted.replace(/^python-/, "");
  if (installed.includes(name)) return name;
  const patches = installed.filter(
    (version) => version.startsWith(`${name}.`) && /^[\d.]+$/.test(version),
  );
  return patches.sort((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1) ?? name;
}

async function asdfProgram(
  context: CaptureContext,
  call: Call,
  path: string,
  head: string,
): Promise<string | undefined> {
  const root = variable(call.env, "ASDF_DATA_DIR") ?? dirname(dirname(path));
  const plugin = /^# asdf-plugin: (\S+)/m.exec(head)?.[1];
  const folder = await nearestWith(context, call.cwd, ".tool-versions");
  const file = join(folder ?? variable(call.env, "HOME") ?? root, ".tool-versions");
  const lines = ((await context.readText(file)) ?? "").split(/\r?\n/);
  const named = lines.map((line) => line.trim().split(/\s+/)).find(([name]) => name === plugin);
  const version = variable(call.env, `ASDF_${plugin?.toUpperCase()}_VERSION`) ?? named?.[1];
  if (plugin === undefined || version === undefined) return undefined;
  return which(context, call, join(root, "installs", plugin, version, "bin", nameOf(path)));
}

/** The same name later on `PATH`, past the folder of shims. */
async function behindShims(
  context: CaptureContext,
  call: Call,
  path: string,
): Promise<string | undefined> {
  const folders = (variable(call.env, "PATH") ?? "").split(delimiter);
  const env = {
    ...call.env,
    PATH: folders.filter((folder) => folder !== dirname(path)).join(delimiter),
  };
  return which(context, { ...call, env }, nameOf(path));
}
