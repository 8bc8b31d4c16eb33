import { type Dirent, lstatSync, readdirSync } from "node:fs";

/** What lies in a folder; nothing where it cannot be read. */
export type ListFolder = (folder: string) => readonly Dirent[];

/** Lists a folder each time. */
export const listFolder: ListFolder = (folder) => {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return []; // Then it is not whole, and its files are dealt with one by one.
  }
};

/** Lists each folder once: many entries may lie in one. */
export function listOnce(): ListFolder {
  const known = new Map<string, readonly Dirent[]>();
  return (folder) => {
    const entries = known.get(folder) ?? listFolder(folder);
    known.set(folder, entries);
    return entries;
  };
}

/**
 * The largest folders below another one that hold some files and nothing else: no other file, no
 * link, no empty folder.
 * @param paths Of the files, relative to `root`, separated by `/`.
 * @param isWanted Which folders are in question.
 */
export function wholeFolders(
  root: string,
  paths: readonly string[],
  isWanted: (folder: string) => boolean,
  list: ListFolder = listFolder,
): string[] {
  const files = new Set(paths);
  const names = namesByFolder(paths);
  const isWhole = (folder: string): boolean => {
    const entries = list(`${root}/${folder}`);
    if (entries.length !== names.get(folder)?.size) return false;
    return entries.every((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isFile()) return files.has(path);
      return entry.isDirectory() && names.has(path) && isWhole(path);
    });
  };
  const found: string[] = [];
  const visit = (folder: string): void => {
    if (isWanted(folder) && isWhole(folder)) found.push(folder);
    else
      for (const name of names.get(folder) ?? [])
        if (names.has(`${folder}/${name}`)) visit(`${folder}/${name}`);
  };
  for (const folder of names.keys()) if (!folder.includes("/")) visit(folder);
  return found;
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

/** For each folder what in it is one of the files, or leads to one. */
function namesByFolder(paths: readonly string[]): Map<string, Set<string>> {
  const names = new Map<string, Set<string>>();
  for (const path of paths) {
    let child = path;
    for (let slash = child.lastIndexOf("/"); slash > 0; slash = child.lastIndexOf("/")) {
      const folder = child.slice(0, slash);
      const known = names.get(folder);
      if (known === undefined) names.set(folder, new Set([child.slice(slash + 1)]));
      else {
        known.add(child.slice(slash + 1));
        break; // The way up is known.
      }
      child = folder;
    }
  }
  return names;
}
