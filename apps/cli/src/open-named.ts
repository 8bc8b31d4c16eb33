import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  type BundleReader,
  formatOf,
  openBundleFolder,
  openBundleZip,
  openStoredBundle,
} from "@reseal/bundle";
import type { Stores } from "@reseal/store";
import type { CommandContext } from "./context.ts";
import { resolveSeal } from "./resolve-run.ts";

/** A bundle that was opened by its name, and what must be closed with it. */
export type NamedBundle = BundleReader & AsyncDisposable;

/** Whether a name means a path: it has a slash, or a bundle lies there. Ids never look so. */
export function namesPath(context: CommandContext, name: string): boolean {
  return (
    name.includes("/") ||
    name === "." ||
    name === ".." ||
    formatOf(name) === "zip" ||
    existsSync(join(resolve(context.host.cwd, name), "manifest.json"))
  );
}

/** A bundle outside of a store: a folder, or a ZIP file. */
export async function openPath(path: string): Promise<NamedBundle> {
  const stats = statSync(path, { throwIfNoEntry: false });
  const isZip = stats === undefined ? formatOf(path) === "zip" : !stats.isDirectory();
  return isZip ? await openBundleZip(path) : lasting(await openBundleFolder(path));
}

/** A bundle by the name a person gives: a folder, a ZIP file, or a run of the store. */
export async function openNamed(
  context: CommandContext,
  name: string,
  stores: () => Promise<Stores>,
): Promise<NamedBundle> {
  if (namesPath(context, name)) return await openPath(resolve(context.host.cwd, name));
  const opened = await stores();
  return lasting(await openStoredBundle(opened, await resolveSeal(context, opened, name)));
}

/** Nothing of it has to be closed. */
function lasting(reader: BundleReader): NamedBundle {
  return { ...reader, [Symbol.asyncDispose]: () => Promise.resolve() };
}
