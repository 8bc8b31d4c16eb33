import { delimiter, dirname, join } from "node:path";
import { variable } from "./call.ts";
import { type CaptureContext, isRecord, nearestWith, textOf } from "./capture-context.ts";
import { condaPackages } from "./conda.ts";
import type { Program } from "./program.ts";
import { type RuntimeFacts, versionInPath, withRevision } from "./runtime-facts.ts";

/** Describe the R that a program is; packages from `renv.lock`, else from its libraries. */
export async function rFacts(context: CaptureContext, program: Program): Promise<RuntimeFacts> {
  const home = await rHome(context, program);
  const base =
    home === undefined ? undefined : await description(context, join(home, "library", "base"));
  const locked = await renvPackages(context, program.cwd);
  const packages = locked ?? (await libraryPackages(context, program, home));
  const conda = await condaPackages(context, [dirname(dirname(program.realPath))]);
  return {
    name: "R",
    version: base?.get("Version") ?? versionInPath(program.realPath) ?? "unknown",
    packages: new Map([
      ...packages,
      ...[...conda].map(([name, value]) => [`conda:${name}`, value] as const),
    ]),
  };
}

async function rHome(context: CaptureContext, program: Program): Promise<string | undefined> {
  const prefix = dirname(dirname(program.realPath));
  const candidates = [
    join(prefix, "lib", "R"),
    join(prefix, "lib64", "R"),
    prefix, // …/R/bin/R, and Resources of the macOS framework.
    dirname(prefix), // …\bin\x64\Rscript.exe
  ];
  for (const candidate of candidates) {
    const marker = join(candidate, "library", "base", "DESCRIPTION");
    if ((await context.kind(marker)) !== undefined) return candidate;
  }
  return undefined;
}

/** @see https://rstudio.github.io/renv/reference/lockfiles.html */
async function renvPackages(
  context: CaptureContext,
  cwd: string,
): Promise<ReadonlyMap<string, string> | undefined> {
  const root = await nearestWith(context, cwd, "renv.lock");
  const lock = root === undefined ? undefined : await context.readJson(join(root, "renv.lock"));
  const listed = lock?.Packages;
  if (!isRecord(listed)) return undefined;
  const packages = new Map<string, string>();
  for (const [name, entry] of Object.entries(listed)) {
    if (!isRecord(entry)) continue;
    const version = textOf(entry.Version) ?? "unknown";
    const revision = textOf(entry.RemoteSha);
    // For CRAN packages RemoteSha is the version again.
    if (revision === undefined || !/^[0-9a-f]{40}$/.test(revision)) packages.set(name, version);
    else packages.set(name, withRevision(version, "git", remoteOf(entry), revision));
  }
  return packages;
}

/** GitHub is what renv means where no host is written. */
function remoteOf(entry: Readonly<Record<string, unknown>>): string | undefined {
  const url = textOf(entry.RemoteUrl);
  const [user, repository] = [textOf(entry.RemoteUsername), textOf(entry.RemoteRepo)];
  if (url !== undefined || user === undefined || repository === undefined) return url;
  const host = textOf(entry.RemoteHost)?.replace("api.github.com", "github.com") ?? "github.com";
  return `https://${host}/${user}/${repository}`;
}

async function libraryPackages(
  context: CaptureContext,
  program: Program,
  home: string | undefined,
): Promise<ReadonlyMap<string, string>> {
  const named = ["R_LIBS", "R_LIBS_USER", "R_LIBS_SITE"].flatMap((name) =>
    (variable(program.env, name) ?? "").split(delimiter),
  );
  const debian =
    home === "/usr/lib/R" ? ["/usr/local/lib/R/site-library", "/usr/lib/R/site-library"] : [];
  const own = home === undefined ? [] : [join(home, "site-library"), join(home, "library")];
  const packages = new Map<string, string>();
  for (const folder of [
    ...named.filter((name) => name !== "" && !name.includes("%")),
    ...debian,
    ...own,
  ]) {
    const names = await context.list(folder);
    const fields = await Promise.all(names.map((name) => description(context, join(folder, name))));
    for (const [index, name] of names.entries()) {
      const found = fields[index];
      const version = found?.get("Version");
      // Packages of R itself have its version.
      if (version === undefined || found?.get("Priority") === "base" || packages.has(name))
        continue;
      const commit = /^[0-9a-f]{40}$/.exec(found?.get("RemoteSha") ?? "")?.[0];
      packages.set(
        name,
        commit === undefined ? version : withRevision(version, "git", undefined, commit),
      );
    }
  }
  return packages;
}

/** Single-line fields of a package's DESCRIPTION file. */
async function description(
  context: CaptureContext,
  folder: string,
): Promise<ReadonlyMap<string, string> | undefined> {
  const text = (await context.readHead(join(folder, "DESCRIPTION"), 1 << 16))?.toString("utf8");
  const fields = text?.matchAll(/^([A-Za-z]\S*):[ \t]*(.*?)\r?$/gm);
  return fields && new Map([...fields].map(([, name = "", value = ""]) => [name, value]));
}
