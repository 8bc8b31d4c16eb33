import { basename, delimiter, isAbsolute, resolve } from "node:path";
import type { CaptureContext, Variables } from "./capture-context.ts";

/** One command as a launcher hands it on. */
export interface Call {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Variables;
  /** Set where the launcher will make the environment only later: nothing true can be said now. */
  readonly unknown?: string;
}

/** Look a word up as the system does: with a slash relative to the folder, else along `PATH`. */
export async function which(
  context: CaptureContext,
  call: Pick<Call, "cwd" | "env">,
  word: string,
): Promise<string | undefined> {
  const windows = context.system.platform === "win32";
  const extensions = windows
    ? ["", ...(variable(call.env, "PATHEXT") ?? ".EXE;.CMD;.BAT").split(";")]
    : [""];
  const direct = word.includes("/") || (windows && word.includes("\\"));
  const folders = direct ? [""] : (variable(call.env, "PATH") ?? "").split(delimiter);
  for (const folder of folders) {
    for (const extension of extensions) {
      const path = resolve(call.cwd, folder, word + extension);
      if ((await context.kind(path)) === "executable") return path;
    }
  }
  return undefined;
}

/** Base name without `.exe` and the like, in lower case there. */
export function nameOf(path: string): string {
  const name = basename(path.replaceAll("\\", "/"));
  const bare = name.replace(/\.(exe|cmd|bat|ps1)$/i, "");
  return bare === name ? name : bare.toLowerCase();
}

/** `NAME=value` in front of a command. */
export function assignment(word: string | undefined): RegExpExecArray | null {
  return /^([A-Za-z_]\w*)=(.*)$/s.exec(word ?? "");
}

/** A variable by name, absent when empty; Windows also spells `PATH` as `Path`. */
export function variable(env: Variables, name: string): string | undefined {
  const value = env[name] ?? (name === "PATH" ? env.Path : undefined);
  return value === "" ? undefined : value;
}

/** Resolve a path of a variable or option; empty is none. */
export function folderOf(cwd: string, path: string | undefined): string | undefined {
  if (path === undefined || path === "") return undefined;
  return isAbsolute(path) ? path : resolve(cwd, path);
}
