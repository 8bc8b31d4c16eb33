import { join } from "node:path";
import { compareUtf8, portablePathProblem } from "@reseal/hash";
import type { BlobBatch } from "@reseal/store";
import type { CapturedFile, CodeFile } from "./code-tree.ts";
import type { FileGuard } from "./file-guard.ts";
import { type WalkedFile, walkFiles } from "./walk.ts";

/** A file that the run wrote. */
export interface OutputFile extends CapturedFile {
  /** Where it was written: in the workspace or in the folder that `{out}` names. */
  readonly origin: "workspace" | "output_folder";
}

/** The outputs of a run, and what of them was not taken. */
export interface Outputs {
  readonly files: readonly OutputFile[];
  readonly notCaptured: readonly { readonly path: string; readonly reason: string }[];
}

/** What {@link captureOutputs} works with. */
export interface OutputOptions {
  readonly workspace: string;
  /** The folder that was handed to the child as `RESEAL_OUTPUT_DIR`. */
  readonly outputFolder: string;
  /** Time of the workspace's file system at which the run began, see `nextTick`. */
  readonly tickMs: number;
  readonly code: readonly CodeFile[];
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
 * are not those that the code tree already holds. Ignore rules do not hide outputs.
 */
export async function captureOutputs(options: OutputOptions): Promise<Outputs> {
  const notCaptured: { path: string; reason: string }[] = [];
  const files = new Map<string, OutputFile>();

  const capture = async (
    folder: string,
    found: readonly WalkedFile[],
    origin: OutputFile["origin"],
  ): Promise<void> => {
    for (const { path } of found) {
      const problem = portablePathProblem(path);
      const taken = files.has(path) ? "a file of this name is in the output folder" : problem;
      if (taken !== undefined) {
        notCaptured.push({ path, reason: taken });
        continue;
      }
      const file = await captureOrReason(options, folder, path);
      if (file === undefined) continue; // The guard lists what it withheld.
      if (typeof file === "string") notCaptured.push({ path, reason: file });
      else files.set(path, { ...file, origin });
    }
  };

  const skip = (entry: { path: string; reason: string }): void => {
    if (entry.reason === "special") notCaptured.push({ ...entry, reason: "not a regular file" });
    else if (entry.reason === "unreadable") notCaptured.push(entry);
  };
  await capture(options.outputFolder, listAll(options.outputFolder, skip), "output_folder");
  const known = new Map(options.code.map((file) => [file.path, file]));
  const changed = listChanged(options, known, notCaptured);
  await capture(options.workspace, changed, "workspace");
  for (const file of changed)
    if (files.get(file.path)?.digest === known.get(file.path)?.digest) files.delete(file.path);
  return { files: [...files.values()].sort((a, b) => compareUtf8(a.path, b.path)), notCaptured };
}

function listAll(
  folder: string,
  skipped: (entry: { path: string; reason: string }) => void,
): WalkedFile[] {
  const found: WalkedFile[] = [];
  walkFiles(folder, (file) => found.push(file), { skipped });
  return found.sort((a, b) => compareUtf8(a.path, b.path));
}

function listChanged(
  { workspace, tickMs, matches, excludes }: OutputOptions,
  known: ReadonlyMap<string, CodeFile>,
  notCaptured: { path: string; reason: string }[],
): WalkedFile[] {
  const found: WalkedFile[] = [];
  walkFiles(workspace, (file) => {
    if (excludes(file.path)) return;
    const isChanged = file.changedMs >= tickMs;
    if (matches === undefined) {
      if (isChanged) found.push(file);
    } else if (matches(file.path)) {
      if (isChanged) found.push(file);
      else if (!known.has(file.path))
        notCaptured.push({ path: file.path, reason: "was not written by this run" });
    }
  });
  return found.sort((a, b) => compareUtf8(a.path, b.path));
}

async function captureOrReason(
  { guard, batch, signal }: OutputOptions,
  folder: string,
  path: string,
): Promise<CapturedFile | string | undefined> {
  try {
    return await guard.capture(
      batch,
      { full: join(folder, path), path, root: "outputs" },
      { signal },
    );
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return "vanished while it was captured";
    if (code === "EACCES") return "cannot be read";
    if (code === "STORE_FILE_CHANGED") return "still changed while it was captured";
    throw error;
  }
}
