import { dirname, join } from "node:path";
import { type CaptureContext, isRecord, textOf } from "./capture-context.ts";

/**
 * List what is installed in a `node_modules`, as its package manager wrote it down there.
 *
 * One entry a name; several versions of one name are one text, sorted, with a space between, so
 * that the same versions hoisted differently are the same environment. Linked folders are
 * `version (link)`. Lock files in the project are not read: they say what should be installed.
 */
export async function nodePackages(
  context: CaptureContext,
  folder: string,
): Promise<ReadonlyMap<string, string>> {
  const readers = [npmTree, pnpmStore, yarnState, yarnIntegrity, topLevel];
  for (const reader of readers) {
    const found = await reader(context, folder);
    if (found !== undefined) return collected(found);
  }
  return new Map();
}

type Installed = readonly (readonly [name: string, version: string])[];

function collected(installed: Installed): ReadonlyMap<string, string> {
  const versions = new Map<string, Set<string>>();
  for (const [name, version] of installed) {
    versions.set(name, (versions.get(name) ?? new Set()).add(version));
  }
  const names = [...versions.keys()].sort();
  return new Map(names.map((name) => [name, [...(versions.get(name) ?? [])].sort().join(" ")]));
}

/** npm 7 and later. */
async function npmTree(context: CaptureContext, folder: string): Promise<Installed | undefined> {
  const packages = (await context.readJson(join(folder, ".package-lock.json")))?.packages;
  if (!isRecord(packages)) return undefined;
  return Object.entries(packages).flatMap(([path, entry]): Installed => {
    const place = path.lastIndexOf("node_modules/");
    if (place < 0 || !isRecord(entry)) return []; // The source folder of a link.
    const name = path.slice(place + "node_modules/".length);
    if (entry.link !== true) return [[name, aliased(name, entry)]];
    const target = packages[textOf(entry.resolved) ?? ""];
    const version = (isRecord(target) && textOf(target.version)) || "unknown";
    return [[name, `${version} (link)`]];
  });
}

function aliased(name: string, entry: Readonly<Record<string, unknown>>): string {
  const version = textOf(entry.version) ?? "unknown";
  const real = textOf(entry.name);
  const commit = /#([0-9a-f]{40})$/.exec(textOf(entry.resolved) ?? "")?.[1];
  const told = commit === undefined ? version : `${version} (git ${commit})`;
  return real === undefined || real === name ? told : `npm:${real}@${told}`;
}

/** pnpm: one folder a package in the virtual store, `@scope+name@1.2.3_peers`. */
async function pnpmStore(context: CaptureContext, folder: string): Promise<Installed | undefined> {
  const state = await context.readText(join(folder, ".modules.yaml"));
  if (state === undefined) return undefined;
  // Written as JSON or YAML, depending on the release of pnpm; one line either way.
  const written =
    /^\s*"?virtualStoreDir"?:\s*["']?([^"',\n]+)/m.exec(state)?.[1]?.trim() ?? ".pnpm";
  const names = await context.list(join(folder, written));
  const pattern = /^(@[^+@]+\+)?([^@]+)@([^_(@]+)/;
  return names.flatMap((entry): Installed => {
    const [, scope = "", name, version] = pattern.exec(entry) ?? [];
    return name === undefined || version === undefined
      ? []
      : [[scope.replace("+", "/") + name, version]];
  });
}

/** Yarn 2 and later with `nodeLinker: node-modules`. */
async function yarnState(context: CaptureContext, folder: string): Promise<Installed | undefined> {
  const text = await context.readText(join(folder, ".yarn-state.yml"));
  const keys = text?.matchAll(/^"?((?:@[^@/"]+\/)?[^@"\s]+)@(?:virtual:[^#"]*#)?npm:([^":]+)"?:/gm);
  return keys && [...keys].map(([, name = "", version = ""]) => [name, version] as const);
}

/** Yarn 1 names the archive of every package. */
async function yarnIntegrity(
  context: CaptureContext,
  folder: string,
): Promise<Installed | undefined> {
  const path = join(folder, ".yarn-integrity");
  if ((await context.kind(path)) === undefined) return undefined;
  const entries = (await context.readJson(path))?.lockfileEntries;
  if (!isRecord(entries)) return undefined;
  return Object.entries(entries).flatMap(([pattern, archive]): Installed => {
    const name = /^(@?[^@]+)@/.exec(pattern)?.[1];
    const version = /-(\d+\.\d+\.\d+[^/#]*)\.tgz/.exec(textOf(archive) ?? "")?.[1];
    return name === undefined || version === undefined ? [] : [[name, version]];
  });
}

/** More packages than this at the top level, without a state file, are not worth opening. */
const topLevelMax = 1000;

/** Anything else (bun, older npm): the manifests of the top level. */
async function topLevel(context: CaptureContext, folder: string): Promise<Installed> {
  const entries = (await context.list(folder)).filter((name) => !name.startsWith("."));
  const scoped = await Promise.all(
    entries.map(async (name) =>
      name.startsWith("@")
        ? (await context.list(join(folder, name))).map((inner) => `${name}/${inner}`)
        : [name],
    ),
  );
  const names = scoped.flat();
  if (names.length > topLevelMax) {
    context.warn(
      "ENVIRONMENT_PACKAGES_INCOMPLETE",
      `${dirname(folder)} holds too many packages to list.`,
    );
  }
  const found = await Promise.all(
    names.slice(0, topLevelMax).map(async (name) => {
      const path = join(folder, name, "package.json");
      const version = (await context.kind(path)) && textOf((await context.readJson(path))?.version);
      return version === undefined ? undefined : ([name, version] as const);
    }),
  );
  return found.filter((entry) => entry !== undefined);
}
