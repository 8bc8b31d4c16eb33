import { dirname, join } from "node:path";
import { compareUtf8, type Digest } from "@reseal/hash";
import type { BlobBatch } from "@reseal/store";
import { capturedNameProblems, type NameProblems } from "./captured-names.ts";
import type { CapturedFile } from "./code-tree.ts";
import type { FileGuard, GuardedResult } from "./file-guard.ts";
import { type WalkedFile, walkFiles } from "./walk.ts";

/** A file that the run wrote. */
export interface OutputFile extends CapturedFile {
  /** Where it was written: in the workspace or in the folder that `{out}` names. */
  readonly origin: "workspace" | "output_folder";
  /** When it was last changed, as its file system says. */
  readonly changedMs?: number | undefined;
}

/** The outputs of a run, and what of them was not taken. */
export interface Outputs {
  readonly files: readonly OutputFile[];
  readonly notCaptured: readonly { readonly path: string; readonly reason: string }[];
  /** Those of them that were not taken for their names. */
  readonly refusedNames: NameProblems;
}

/** What {@link captureOutputs} works with. */
export interface OutputOptions {
  readonly workspace: string;
  /** The folder that was handed to the child as `RESEAL_OUTPUT_DIR`. */
  readonly outputFolder: string;
  /** Time of the workspace's file system at which the run began, see `nextTick`. */
  readonly tickMs: number;
  /** What the files of the workspace held before, by path: its code and its inputs. */
  readonly before: ReadonlyMap<string, Digest>;
  /** The folders that there were, as `CodeTree` lists them. */
  readonly folders: ReadonlySet<string>;
  /** Chosen by `--out`; without it every created or changed file counts. */
  readonly matches: ((path: string) => boolean) | undefined;
  /** Files of the workspace that are ours. */
  readonly excludes: (path: string) => boolean;
  readonly guard: FileGuard;
  readonly batch: BlobBatch;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Take every file that the run created or changed.
 *
 * A file counts as changed when its change time is not before the run's first tick and its bytes
 * are not those that it had as code or input, and as created when it lies in a folder that was not
 * there: what is renamed as a whole keeps its files' times. Ignore rules do not hide outputs.
 * Nothing that a run may do to its folders makes this fail.
 */
export async function captureOutputs(options: OutputOptions): Promise<Outputs> {
  const { outputFolder, workspace, before } = options;
  const notCaptured: { path: string; reason: string }[] = [];
  const files = new Map<string, OutputFile>();
  const take = (path: string, file: OutputFile): void => {
    if (file.origin === "workspace" && before.get(path) === file.digest) return; // Only touched.
    const other = files.get(path);
    if (other === undefined) files.set(path, file);
    else if (other.digest !== file.digest)
      notCaptured.push({ path, reason: "a file of this name is in the output folder" });
  };
  const places = [
    ["output_folder", outputFolder, listAll(outputFolder, notCaptured)],
    ["workspace", workspace, listChanged(options, notCaptured)],
  ] as const;
  const paths = new Set(places.flatMap(([, , found]) => found.map(({ path }) => path)));
  const refusedNames = capturedNameProblems("outputs", paths);
  for (const [origin, folder, found] of places) {
    const results = await captureOrReason(options, folder, found, refusedNames);
    for (const [index, { path, changedMs }] of found.entries()) {
      const file = results[index];
      if (typeof file === "string") notCaptured.push({ path, reason: file });
      else if (file !== undefined) take(path, { ...file, origin, changedMs });
    }
  }
  const sorted = [...files.values()].sort((a, b) => compareUtf8(a.path, b.path));
  return { files: sorted, notCaptured, refusedNames };
}

function listAll(folder: string, notCaptured: { path: string; reason: string }[]): WalkedFile[] {
  const found: WalkedFile[] = [];
  walkFiles(folder, (file) => found.push(file), {
    skipped: ({ path, reason }) => {
      if (reason === "special") notCaptured.push({ path, reason: "not a regular file" });
      // The folder itself is the command's: it may be taken away.
      else if (path !== ".") notCaptured.push({ path, reason });
    },
  });
  return found.sort((a, b) => compareUtf8(a.path, b.path));
}

function listChanged(
  { workspace, tickMs, before, folders, matches, excludes }: OutputOptions,
  notCaptured: { path: string; reason: string }[],
): WalkedFile[] {
  const found: WalkedFile[] = [];
  const newFolders = new Set<string>();
  const visit = (file: WalkedFile): void => {
    if (excludes(file.path)) return;
    const isChanged = file.changedMs >= tickMs || newFolders.has(folderOf(file.path));
    if (matches === undefined) {
      if (isChanged) found.push(file);
    } else if (matches(file.path)) {
      if (isChanged) found.push(file);
      else if (!before.has(file.path))
        notCaptured.push({ path: file.path, reason: "was not written by this run" });
    }
  };
  walkFiles(workspace, visit, {
    entering: (folder) => {
      if (folder !== "" && (newFolders.has(folderOf(folder)) || isNew(folder, folders)))
        newFolders.add(folder);
    },
  });
  return found.sort((a, b) => compareUtf8(a.path, b.path));
}

/** Whether a folder was not there before; below one that was not looked into nobody knows. */
function isNew(folder: string, folders: ReadonlySet<string>): boolean {
  if (folders.has(folder) || folders.has(folder.slice(0, -1))) return false;
  const parent = folderOf(folder);
  return parent === "" || folders.has(parent);
}

function folderOf(path: string): string {
  const parent = dirname(path);
  return parent === "." ? "" : `${parent}/`;
}

/** Stage outputs: a reason for one that cannot be read, nothing for what the guard withheld. */
async function captureOrReason(
  { guard, batch, signal }: OutputOptions,
  folder: string,
  found: readonly WalkedFile[],
  problems: NameProblems,
): Promise<(CapturedFile | string | undefined)[]> {
  const portable = found.filter(({ path }) => !problems.has(path));
  const results = await guard.capture(
    batch,
    portable.map(({ path, stats }) => ({
      full: join(folder, path),
      path,
      root: "outputs" as const,
      size: stats.size,
      isExecutable: (stats.mode & 0o100) !== 0,
    })),
    { signal },
  );
  const rest = results.values();
  return found.map(({ path }) => problems.get(path) ?? capturedOrReason(rest.next().value));
}

/** A captured file, or in words why it could not be read; nothing when the guard withheld it. */
export function capturedOrReason(
  result: GuardedResult | undefined,
): CapturedFile | string | undefined {
  if (result === undefined || typeof result === "string") return undefined;
  if ("digest" in result) return result;
  if (result.code === "STORE_FILE_CHANGED") return "still changed while it was captured";
  return result.details.errno === "ENOENT" ? "vanished while it was captured" : "cannot be read";
}
