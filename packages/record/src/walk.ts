import { type Dirent, lstatSync, readdirSync, realpathSync, type Stats, statSync } from "node:fs";
import { sep } from "node:path";

/** Folders that belong to tools, not to the experiment. They are never walked. */
const toolFolders: ReadonlySet<string> = new Set([
  ".git",
  ".hg",
  ".svn",
  ".jj",
  ".reseal",
  "node_modules",
  ".venv",
  "__pycache__",
  ".mypy_cache",
  ".pytest_cache",
  ".ruff_cache",
  ".ipynb_checkpoints",
  ".tox",
  ".nox",
  ".pixi",
  ".conda",
  ".cache",
  ".Rproj.user",
  ".turbo",
  ".gradle",
]);

/** Folders in which another process of ours makes a store, and what it left when it was killed. */
const storeInMaking =
  /^(?:importing|restoring)\.[0-9a-f]*\.[0-9a-f-]*\.\d+(?:-\d+)?\.\d*\.[0-9a-f]{16}$/;

/** A regular file of a walk; a link inside the root to one counts as that file. */
export interface WalkedFile {
  /** Relative to the root, `/`-separated. */
  readonly path: string;
  readonly stats: Stats;
  /** Time of change of the directory entry: the link's own where the file is a link. */
  readonly changedMs: number;
}

/** Something a walk met and did not take. */
export interface SkippedEntry {
  readonly path: string;
  readonly reason: "special" | "unreadable" | "ignored";
}

/** A name that is not UTF-8 arrives with this character in it, and cannot be opened by it. */
const replacementCharacter = "\ufffd";

/** What a caller of {@link walkFiles} decides. */
export interface WalkOptions {
  /** Leave out a file or a whole folder; folders end in `/`. Called with relative paths. */
  readonly ignores?: ((path: string) => boolean) | undefined;
  /** Told on entering a folder, with its entries' names, before `ignores` is asked about them. */
  readonly entering?: ((folder: string, names: readonly string[]) => void) | undefined;
  /** Told of every entry that is not taken. */
  readonly skipped?: ((entry: SkippedEntry) => void) | undefined;
}

/**
 * Walk the regular files below a folder, in no particular order.
 *
 * Synchronous on purpose: a promise per file costs several times the walk itself.
 * Folders of tools (`.git`, `node_modules`, `.venv`, caches …) are not entered, nor is any folder
 * that holds a `pyvenv.cfg` or `conda-meta`. Links are followed only to regular files whose real
 * path lies inside the root; other links, sockets and devices are reported as `special`.
 */
export function walkFiles(
  root: string,
  visit: (file: WalkedFile) => void,
  { ignores, entering, skipped }: WalkOptions = {},
): void {
  const realRoot = realPath(root);
  const folders: string[] = [""];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const entries = readFolder(`${root}/${folder}`);
    if (entries === undefined || realRoot === undefined) {
      skipped?.({ path: folder === "" ? "." : folder, reason: "unreadable" });
      continue;
    }
    if (folder !== "" && isEnvironment(entries)) continue;
    entering?.(
      folder,
      entries.map((entry) => entry.name),
    );
    for (const entry of entries) {
      const path = folder + entry.name;
      // In a work tree of git `.git` is a file that names a folder of this machine.
      if (entry.name === ".git") continue;
      if (toolFolders.has(entry.name) && !entry.isFile()) continue;
      if (entry.isDirectory()) {
        if (storeInMaking.test(entry.name)) continue;
        if (ignores?.(`${path}/`)) skipped?.({ path: `${path}/`, reason: "ignored" });
        else folders.push(`${path}/`);
        continue;
      }
      if (ignores?.(path)) {
        skipped?.({ path, reason: "ignored" });
        continue;
      }
      const file = statEntry(root, realRoot, path, entry);
      if (file === "special" || file === "unreadable") skipped?.({ path, reason: file });
      else if (file !== "gone") visit(file);
    }
  }
}

function readFolder(path: string): Dirent[] | undefined {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return undefined;
  }
}

function isEnvironment(entries: readonly Dirent[]): boolean {
  return entries.some((entry) => entry.name === "pyvenv.cfg" || entry.name === "conda-meta");
}

/** What an entry is; a failing system call says something about the entry and is no error. */
function statEntry(
  root: string,
  realRoot: string,
  path: string,
  entry: Dirent,
): WalkedFile | "gone" | "special" | "unreadable" {
  // Not `join`: for 100,000 files it takes longer than their names.
  const full = `${root}/${path}`;
  try {
    const own = lstatSync(full);
    if (entry.isFile()) return { path, stats: own, changedMs: own.ctimeMs };
    if (!entry.isSymbolicLink()) return "special";
  } catch (error) {
    const isGone = (error as NodeJS.ErrnoException).code === "ENOENT";
    return isGone && !entry.name.includes(replacementCharacter) ? "gone" : "unreadable";
  }
  try {
    const target = statSync(full);
    if (!target.isFile() || !isOurs(realRoot, realpathSync(full))) return "special";
    return { path, stats: target, changedMs: Math.max(lstatSync(full).ctimeMs, target.ctimeMs) };
  } catch {
    return "special"; // It leads nowhere, in a circle, or to where we may not look.
  }
}

/** Whether the target of a link lies inside the root and in no folder of a tool. */
function isOurs(realRoot: string, real: string): boolean {
  const prefix = realRoot.endsWith(sep) ? realRoot : realRoot + sep;
  if (!real.startsWith(prefix)) return false;
  return !real
    .slice(prefix.length)
    .split(sep)
    .some((name) => toolFolders.has(name));
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
