import { basename, dirname, join } from "node:path";
import type { CaptureContext } from "./capture-context.ts";
import { condaPackages } from "./conda.ts";
import type { Program } from "./program.ts";
import { type BuildFacts, versionInPath } from "./runtime-facts.ts";

/** Where a Python lives: its virtual environment, if any, and the installation below. */
export interface PythonInstallation {
  readonly program: Program;
  readonly venv: Venv | undefined;
  /** Prefix of the base installation. */
  readonly base: string;
  /** `python3.11`, `python3.13t`, `pypy3.10`: the folder that names language and release. */
  readonly library: string | undefined;
  /** Packages of the conda environment that this Python belongs to; empty outside conda. */
  readonly conda: ReadonlyMap<string, string>;
}

/** A virtual environment, as `pyvenv.cfg` describes it (keys in lower case). */
export interface Venv {
  readonly prefix: string;
  readonly settings: ReadonlyMap<string, string>;
}

/**
 * Find the installation behind an interpreter.
 *
 * A virtual environment is recognised as Python itself does it: by `pyvenv.cfg` beside or above the
 * interpreter as it was started, links not followed.
 *
 * @see PEP 405
 */
export async function findInstallation(
  context: CaptureContext,
  program: Program,
): Promise<PythonInstallation> {
  const venv = await readVenv(context, program.path);
  const base = await basePrefix(context, program, venv);
  const prefixes = venv === undefined ? [base] : [venv.prefix, base];
  const [library, conda] = await Promise.all([
    libraryName(context, prefixes, program),
    condaPackages(context, prefixes),
  ]);
  return { program, venv, base, library, conda };
}

async function readVenv(context: CaptureContext, interpreter: string): Promise<Venv | undefined> {
  const beside = dirname(interpreter);
  for (const prefix of [beside, dirname(beside)]) {
    const text = await context.readText(join(prefix, "pyvenv.cfg"));
    if (text === undefined) continue;
    const lines = text.matchAll(/^[ \t]*([^=\n]+?)[ \t]*=[ \t]*(.*?)[ \t\r]*$/gm);
    const settings = [...lines].map(
      ([, key = "", value = ""]) => [key.toLowerCase(), value] as const,
    );
    return { prefix, settings: new Map(settings) };
  }
  return undefined;
}

/** `<prefix>/bin/python3.11` on POSIX, `<prefix>\python.exe` on Windows; `home` is that folder. */
async function basePrefix(
  context: CaptureContext,
  program: Program,
  venv: Venv | undefined,
): Promise<string> {
  const home = venv?.settings.get("home");
  const folder =
    home === undefined ? dirname(program.realPath) : ((await context.realPath(home)) ?? home);
  return /^(bin|Scripts)$/i.test(basename(folder)) ? dirname(folder) : folder;
}

async function libraryName(
  context: CaptureContext,
  prefixes: readonly string[],
  program: Program,
): Promise<string | undefined> {
  const named = /^(?:python|pypy)\d\.\d+t?$/.exec(basename(program.realPath))?.[0];
  if (named !== undefined) return named;
  for (const prefix of prefixes) {
    const entries = await context.list(join(prefix, "lib"));
    const found = entries.filter((name) => /^(python|pypy)\d\.\d+t?$/.test(name));
    if (found.length === 1) return found[0];
  }
  return undefined;
}

/**
 * The full version, best witness first. `pyvenv.cfg` comes late: it is written once and stays as it
 * is when the base interpreter is upgraded below it.
 */
export async function pythonVersion(
  context: CaptureContext,
  { program, venv, base, library, conda }: PythonInstallation,
): Promise<string | undefined> {
  const packaged = conda.get("python")?.split("=")[0];
  if (packaged !== undefined) return packaged;
  const release = /\d\.\d+/.exec(library ?? "")?.[0];
  for (const folder of library === undefined ? ["."] : [library, `python${release}`]) {
    const header = await context.readHead(join(base, "include", folder, "patchlevel.h"), 8192);
    const text = header?.toString("latin1") ?? "";
    const version = /#define PY_VERSION\s+"([^"+]+)/.exec(text)?.[1];
    if (version !== undefined) return version;
  }
  const fromPath = versionInPath(join(base, "bin", "python"));
  const fits = release === undefined || fromPath?.startsWith(`${release}.`);
  if (fromPath !== undefined && fits) return fromPath;
  const scanned = release && (await scanBinary(context, program.realPath, base, release));
  const written = venv?.settings.get("version_info") ?? venv?.settings.get("version");
  return scanned ?? /^\d+\.\d+\.\d+/.exec(written ?? "")?.[0] ?? release;
}

/** The interpreter holds its own version as text; in a shared build its library does. */
async function scanBinary(
  context: CaptureContext,
  interpreter: string,
  base: string,
  release: string,
): Promise<string | undefined> {
  const shared = ["lib", "lib64"].map((folder) => join(base, folder, `libpython${release}.so.1.0`));
  for (const path of [interpreter, ...shared]) {
    const bytes = await context.readHead(path, 48 << 20);
    const mark = `\0${release}.`;
    for (let at = bytes?.indexOf(mark) ?? -1; at >= 0; at = bytes?.indexOf(mark, at + 1) ?? -1) {
      const text = bytes?.toString("latin1", at + 1, at + 24) ?? "";
      const version = /^\d\.\d+\.\d+(?:(?:a|b|rc)\d+)?(?=\+?\0)/.exec(text)?.[0];
      if (version !== undefined) return version;
    }
  }
  return undefined;
}

/** `cpython`, `pypy`, in lower case. */
export function implementationOf({ venv, library, program }: PythonInstallation): string {
  const written = venv?.settings.get("implementation")?.toLowerCase();
  if (written !== undefined && written !== "") return written;
  return library?.startsWith("pypy") || program.name.startsWith("pypy") ? "pypy" : "cpython";
}

/** What Python's own `sysconfig` would tell, from the file that it reads. */
export async function pythonBuild(
  context: CaptureContext,
  { base, library }: PythonInstallation,
): Promise<BuildFacts | undefined> {
  if (library === undefined) return undefined;
  const folder = join(base, "lib", library);
  const file = (await context.list(folder)).find((name) => /^_sysconfigdata_.*\.py$/.test(name));
  const text = file === undefined ? undefined : await context.readText(join(folder, file));
  if (text === undefined) return undefined;
  const compiler = sysconfigValue(text, "CC");
  const flags = sysconfigValue(text, "CONFIG_ARGS")?.match(/'[^']*'|\S+/g) ?? [];
  return {
    profile: /^ ?'Py_DEBUG': 1,/m.test(text) ? "debug" : "release",
    ...(compiler === undefined ? {} : { compiler }),
    ...(flags.length === 0 ? {} : { flags: flags.map((flag) => flag.replaceAll("'", "")) }),
  };
}

/** A string of the printed dictionary; long ones are several literals on several lines. */
function sysconfigValue(text: string, name: string): string | undefined {
  const literal = `(?:'(?:[^'\\\\\\n]|\\\\.)*'|"(?:[^"\\\\\\n]|\\\\.)*")`;
  const found = new RegExp(`^[ {]?'${name}': (${literal}(?:\\s+${literal})*),`, "m").exec(
    text,
  )?.[1];
  const value = found
    ?.match(new RegExp(literal, "g"))
    ?.map((part) => part.slice(1, -1).replace(/\\(.)/g, "$1"))
    .join("");
  return value === "" ? undefined : value;
}
