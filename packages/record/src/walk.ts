import { type Dirent, lstatSync, readdirSync, realpathSync, type Stats, statSync } from "node:fs";
import { join, sep } from "node:path";

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
  const realRoot = realpathSync(root);
  const folders: string[] = [""];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const entries = readFolder(join(root, folder));
    if (entries === undefined) {
      skipped?.({ path: folder, reason: "unreadable" });
      continue;
    }
    if (folder !== "" && isEnvironment(entries)) continue;
    entering?.(
      folder,
      entries.map((entry) => entry.name),
    );
    for (const entry of entries) {
      const path = folder + entry.name;
      if (entry.isDirectory()) {
        if (toolFolders.has(entry.name)) continue;
        if (ignores?.(`${path}/`)) skipped?.({ path: `${path}/`, reason: "ignored" });
        else folders.push(`${path}/`);
        continue;
      }
      if (ignores?.(path)) {
        skipped?.({ path, reason: "ignored" });
        continue;
      }
      const file = statEntry(root, realRoot, path, entry);
      if (file === "gone") continue;
      if (file === undefined) skipped?.({ path, reason: "special" });
      else visit(file);
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

function statEntry(
  root: string,
  realRoot: string,
  path: string,
  entry: Dirent,
): WalkedFile | "gone" | undefined {
  const full = join(root, path);
  const own = lstatSync(full, { throwIfNoEntry: false });
  if (own === undefined) return "gone";
  if (entry.isFile()) return { path, stats: own, changedMs: own.ctimeMs };
  if (!entry.isSymbolicLink()) return undefined;
  const target = statSync(full, { throwIfNoEntry: false });
  if (target === undefined || !target.isFile()) return undefined;
  const real = realpathSync(full);
  if (!real.startsWith(realRoot + sep)) return undefined;
  return { path, stats: target, changedMs: Math.max(own.ctimeMs, target.ctimeMs) };
}
