import { join } from "node:path";
import { compareUtf8, type Digest } from "@reseal/hash";
import type { BlobBatch } from "@reseal/store";
import { captureCached } from "./capture-cached.ts";
import { capturedNameProblems, type NameProblems } from "./captured-names.ts";
import type { FileGuard } from "./file-guard.ts";
import { IgnoreRules } from "./ignore-rules.ts";
import type { StatCache } from "./stat-cache.ts";
import { type WalkedFile, walkFiles } from "./walk.ts";

/** Largest text file, in bytes, that counts as code by itself. */
export const codeFileBytesMax: number = 1024 * 1024;
/** Most bytes of code that one run carries. */
export const codeTreeBytesMax: number = 50 * 1024 * 1024;

/** Why a file of the workspace is not in the code tree. */
export type LeftOutReason =
  | "binary"
  | "large"
  | "ignored"
  | "special"
  | "over_budget"
  | "withheld"
  | "not_portable"
  | "unreadable"
  | "earlier_output";

/** A file as a tree and the file index list it. */
export interface CapturedFile {
  readonly path: string;
  readonly digest: Digest;
  readonly size: number;
  readonly isExecutable: boolean;
}

/** A captured file with the times it had, to see later whether it changed. */
export interface CodeFile extends CapturedFile {
  readonly changedMs: number;
}

/** The code of a workspace at one moment, and what was left out of it. */
export interface CodeTree {
  readonly files: readonly CodeFile[];
  /** Folders that were looked into end in a slash; those that were passed over do not. */
  readonly folders: readonly string[];
  readonly leftOut: readonly { readonly path: string; readonly reason: LeftOutReason }[];
}

/** What {@link captureCode} works with. */
export interface CodeTreeOptions {
  readonly workspace: string;
  /** Paths that are inputs, outputs or otherwise not code. */
  readonly excludes: (path: string) => boolean;
  /** Paths that earlier runs wrote here. */
  readonly earlierOutputs: ReadonlySet<string>;
  /** Lock files: taken whatever their size and whatever the ignore rules say. */
  readonly alwaysTaken: ReadonlySet<string>;
  readonly guard: FileGuard;
  readonly cache: StatCache;
  readonly batch: BlobBatch;
  /** A time of the workspace's file system after which nothing has been read yet, see `timeNow`. */
  readonly tickMs: number;
}

/**
 * Take the code tree: text files up to 1 MiB, 50 MiB in all, honouring ignore rules in the tree.
 *
 * The same with and without git. New content is staged into the batch; content that the cache
 * knows and the store has is not read again.
 */
export async function captureCode(options: CodeTreeOptions): Promise<CodeTree> {
  const { workspace, excludes, earlierOutputs } = options;
  const rules = new IgnoreRules(workspace);
  const leftOut: { path: string; reason: LeftOutReason }[] = [];
  const candidates: WalkedFile[] = [];
  const folders: string[] = [];
  walkFiles(
    workspace,
    (file) => {
      if (file.path === "reseal.yaml" || excludes(file.path)) return;
      if (earlierOutputs.has(file.path) && !options.alwaysTaken.has(file.path))
        leftOut.push({ path: file.path, reason: "earlier_output" });
      else candidates.push(file);
    },
    {
      entering: (folder, names) => {
        rules.enter(folder, names);
        if (folder !== "") folders.push(folder);
      },
      ignores: (path) => !options.alwaysTaken.has(path) && rules.ignores(path),
      skipped: (entry) => {
        if (entry.path.endsWith("/")) folders.push(entry.path.slice(0, -1));
        if (!excludes(entry.path)) leftOut.push(entry);
      },
    },
  );
  candidates.sort((a, b) => compareUtf8(a.path, b.path));

  const names = capturedNameProblems(
    "code",
    candidates.map(({ path }) => path),
  );
  const files: CodeFile[] = [];
  let bytesLeft = codeTreeBytesMax;
  // Files that turn out not to be text do not count, so a wave is what fits if all of it is text.
  let wave: WalkedFile[] = [];
  let waveBytes = 0;
  const take = async (): Promise<void> => {
    const results = await captureWave(wave, options);
    for (const [index, { path }] of wave.entries()) {
      const result = results[index] ?? "unreadable";
      if (typeof result === "string") leftOut.push({ path, reason: result });
      else {
        files.push(result);
        bytesLeft -= result.size;
      }
    }
    wave = [];
    waveBytes = 0;
  };
  for (const candidate of candidates) {
    const { path, stats } = candidate;
    const reason = reasonAgainst(candidate, names, options);
    if (reason === undefined && waveBytes + stats.size > bytesLeft) await take();
    if (reason !== undefined) leftOut.push({ path, reason });
    else if (stats.size > bytesLeft) leftOut.push({ path, reason: "over_budget" });
    else {
      wave.push(candidate);
      waveBytes += stats.size;
    }
  }
  await take();
  leftOut.sort((a, b) => compareUtf8(a.path, b.path));
  return { files, folders: folders.sort(compareUtf8), leftOut };
}

function reasonAgainst(
  { path, stats }: WalkedFile,
  names: NameProblems,
  { alwaysTaken }: CodeTreeOptions,
): LeftOutReason | undefined {
  if (names.has(path)) return "not_portable";
  if (stats.size > codeFileBytesMax && !alwaysTaken.has(path)) return "large";
  return undefined;
}

async function captureWave(
  wave: readonly WalkedFile[],
  { workspace, ...options }: CodeTreeOptions,
): Promise<(CodeFile | LeftOutReason)[]> {
  const results = await captureCached(
    wave.map(({ path, stats }) => ({
      full: join(workspace, path),
      path,
      root: "code" as const,
      size: stats.size,
      isExecutable: (stats.mode & 0o100) !== 0,
      stats,
    })),
    options,
  );
  return wave.map(({ changedMs }, index) => {
    const result = results[index] ?? "unreadable";
    if (typeof result === "string") return result;
    return "digest" in result ? { ...result, changedMs } : "unreadable";
  });
}
