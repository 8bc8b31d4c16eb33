import { lstatSync, readdirSync } from "node:fs";

/** The names in a folder; none where it cannot be read. */
export type ListFolder = (folder: string) => readonly string[];

/** Lists each folder once: many entries may lie in one. */
export function listOnce(): ListFolder {
  const known = new Map<string, readonly string[]>();
  return (folder) => {
    const names = known.get(folder) ?? namesIn(folder);
    known.set(folder, names);
    return names;
  };
}

/**
 * The largest folders below another one that hold some files and nothing else: no other file, no
 * link, no empty folder. Whether each of the files is one, and not a link in its place, only
 * reading them tells.
 * @param paths Of the files, relative to `root`, separated by `/`.
 * @param isWanted Which folders are in question.
 */
export function wholeFolders(
  root: string,
  paths: readonly string[],
  isWanted: (folder: string) => boolean,
  list: ListFolder = namesIn,
): string[] {
  const own = namesByFolder(paths);
  const isWhole = (folder: string): boolean => {
    const wanted = own.get(folder);
    const names = list(`${root}/${folder}`);
    if (names.length !== wanted?.size || !names.every((name) => wanted.has(name))) return false;
    return names.every((name) => !own.has(`${folder}/${name}`) || isWhole(`${folder}/${name}`));
  };
  const found: string[] = [];
  const visit = (folder: string): void => {
    if (isWanted(folder) && isWhole(folder)) found.push(folder);
    else
      for (const name of own.get(folder) ?? [])
        if (own.has(`${folder}/${name}`)) visit(`${folder}/${name}`);
  };
  for (const folder of own.keys()) if (!folder.includes("/")) visit(folder);
  return found;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // Then it is not whole, and its files are dealt with one by one.
  }
}

/** Of files, those that lie in none of some folders. */
export function filesOutside<File extends { readonly path: string }>(
  files: readonly File[],
  folders: readonly string[],
): readonly File[] {
  if (folders.length === 0) return files;
  return files.filter(({ path }) => !folders.some((folder) => path.startsWith(`${folder}/`)));
}

/** Whether nothing is in the way of a name: no file, no link to nothing, no file as its folder. */
export function isFree(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false;
  }
}

/** For each folder the names in it that are those of the files, or lead to one. */
function namesByFolder(paths: readonly string[]): Map<string, Set<string>> {
  const own = new Map<string, Set<string>>();
  for (const path of paths)
    for (let end = path.length, slash = path.lastIndexOf("/"); slash > 0; ) {
      const folder = path.slice(0, slash);
      const name = path.slice(slash + 1, end);
      const names = own.get(folder);
      names?.add(name);
      if (names !== undefined) break; // The way up is known.
      own.set(folder, new Set([name]));
      end = slash;
      slash = path.lastIndexOf("/", slash - 1);
    }
  return own;
}
