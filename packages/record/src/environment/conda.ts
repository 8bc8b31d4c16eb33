import { join } from "node:path";
import type { CaptureContext } from "./capture-context.ts";

/**
 * Packages of the conda or pixi environment at one of these prefixes, as `version=build`.
 *
 * The file names say it all (`<name>-<version>-<build>.json`); the files themselves list every
 * installed path and would cost megabytes of parsing.
 */
export async function condaPackages(
  context: CaptureContext,
  prefixes: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  for (const prefix of new Set(prefixes)) {
    const names = await context.list(join(prefix, "conda-meta"));
    const packages = new Map<string, string>();
    for (const name of names) {
      const match = /^(.+)-([^-]+)-([^-]+)\.json$/.exec(name);
      if (match !== null) packages.set(match[1] ?? "", `${match[2]}=${match[3]}`);
    }
    if (packages.size > 0) return packages;
  }
  return new Map();
}
