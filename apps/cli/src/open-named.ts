import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { type BundleReader, openBundleFolder, openStoredBundle } from "@reseal/bundle";
import type { Stores } from "@reseal/store";
import type { CommandContext } from "./context.ts";
import { resolveSeal } from "./resolve-run.ts";

/** Whether a name means a folder: it has a slash, or a bundle lies there. Ids never look so. */
export function namesFolder(context: CommandContext, name: string): boolean {
  return (
    name.includes("/") ||
    name === "." ||
    name === ".." ||
    existsSync(join(resolve(context.host.cwd, name), "manifest.json"))
  );
}

/** A bundle by the name a person gives: a folder, or a run of the store. */
export async function openNamed(
  context: CommandContext,
  name: string,
  stores: () => Promise<Stores>,
): Promise<BundleReader> {
  if (namesFolder(context, name)) return await openBundleFolder(resolve(context.host.cwd, name));
  const opened = await stores();
  return await openStoredBundle(opened, await resolveSeal(context, opened, name));
}
