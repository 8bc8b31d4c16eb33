import { join } from "node:path";
import { type Call, variable, which } from "./call.ts";
import type { CaptureContext } from "./capture-context.ts";
import { findProgram, type Program } from "./program.ts";
import {
  findInstallation,
  implementationOf,
  type PythonInstallation,
  pythonBuild,
  pythonVersion,
} from "./python-installation.ts";
import { pythonPackages } from "./python-packages.ts";
import type { RuntimeFacts } from "./runtime-facts.ts";

/** Describe the Python that a program is, and what is installed for it. */
export async function pythonFacts(
  context: CaptureContext,
  program: Program,
): Promise<RuntimeFacts> {
  const installation = await findInstallation(context, program);
  const [version, found, build] = await Promise.all([
    pythonVersion(context, installation),
    pythonPackages(context, siteFolders(context, installation)),
    pythonBuild(context, installation),
  ]);
  const conda = [...installation.conda].map(([name, value]) => [`conda:${name}`, value] as const);
  const uv = installation.venv?.settings.get("uv");
  return {
    name: "python",
    version: version ?? "unknown",
    implementation: implementationOf(installation),
    packages: new Map([...found, ...conda]),
    ...(uv === undefined ? {} : { tools: { uv } }),
    ...(build === undefined ? {} : { build }),
  };
}

/** The Python that a command finds when it asks for one by name. */
export async function pythonInPath(
  context: CaptureContext,
  call: Call,
): Promise<Program | undefined> {
  for (const name of ["python3", "python"]) {
    if ((await which(context, call, name)) === undefined) continue;
    const program = await findProgram(context, { ...call, argv: [name] });
    if ("kind" in program && program.kind === "python") return program;
  }
  return undefined;
}

/** The folders that Python would search, first one first; those that are not there do not matter. */
function siteFolders(
  context: CaptureContext,
  { program, venv, base, library }: PythonInstallation,
): readonly string[] {
  const windows = context.system.platform === "win32";
  const name = library ?? "python3";
  const own = (prefix: string): readonly string[] =>
    windows
      ? [join(prefix, "Lib", "site-packages")]
      : ["lib", "lib64"].map((folder) => join(prefix, folder, name, "site-packages"));
  const isolated = hasFlag(program, "I");
  const paths = isolated || hasFlag(program, "E") ? undefined : variable(program.env, "PYTHONPATH");
  const searched = (paths ?? "").split(windows ? ";" : ":").filter((folder) => folder !== "");
  const withBase = venv?.settings.get("include-system-site-packages")?.toLowerCase() === "true";
  if (venv !== undefined && !withBase) return [...searched, ...own(venv.prefix)];
  const noUser = isolated || hasFlag(program, "s") || variable(program.env, "PYTHONNOUSERSITE");
  return [
    ...searched,
    ...(venv === undefined ? [] : own(venv.prefix)),
    ...(noUser ? [] : userFolders(context, program, name)),
    ...(base === "/usr" ? debianFolders(name) : []),
    ...own(base),
  ];
}

/** Debian's own Python looks into these instead of site-packages. */
function debianFolders(library: string): readonly string[] {
  return [
    `/usr/local/lib/${library}/dist-packages`,
    `/usr/lib/${library}/dist-packages`,
    "/usr/lib/python3/dist-packages",
    `/usr/local/lib/${library}/site-packages`,
    `/usr/local/lib64/${library}/site-packages`,
  ];
}

function userFolders(
  context: CaptureContext,
  program: Program,
  library: string,
): readonly string[] {
  const home = variable(program.env, "HOME") ?? variable(program.env, "USERPROFILE");
  const base = variable(program.env, "PYTHONUSERBASE");
  if (context.system.platform === "win32") {
    const data = base ?? join(variable(program.env, "APPDATA") ?? home ?? "", "Python");
    return [join(data, `Python${library.replace(/\D/g, "")}`, "site-packages")];
  }
  const root = base ?? (home && join(home, ".local"));
  return root === undefined ? [] : [join(root, "lib", library, "site-packages")];
}

/** Flags in front of the script, such as `-I` and `-s`, also in a cluster such as `-Is`. */
function hasFlag(program: Program, flag: string): boolean {
  for (const word of program.argv.slice(1)) {
    if (!/^-[a-zA-Z]/.test(word) || /^-[mcWX]/.test(word)) return false;
    if (word.slice(1).includes(flag)) return true;
  }
  return false;
}
