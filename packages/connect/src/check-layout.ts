import { lstatSync, readdirSync, readlinkSync, type Stats } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type Digest, digestFromHex } from "@reseal/hash";
import type { BlobInfo, OperationOptions } from "@reseal/store";
import { isProcessGone } from "@reseal/store";
import { formOfBlob, temporaryFolderOwner } from "@reseal/store-fs";
import { finding, type StoreFinding } from "./store-finding.ts";
import type { StoreFolder } from "./store-folder.ts";

/** The blobs of a store as its folders show them, and what else lies there. */
export interface StoreLayout {
  /** By digest, sorted. */
  readonly blobs: ReadonlyMap<Digest, BlobInfo>;
  readonly bytes: number;
  readonly findings: readonly StoreFinding[];
}

const rootNames =
  /^(\.gitignore|format\.json|redaction\.key|artifacts|journal|tmp|trash|cache|store\.db.*|backup\.json|blobs\.sha256)$/;
const blobModeMax = 0o555;
const foldersPerTurn = 8;
const hexLength = 64;

/** Look at every name of a store without opening a file. Nothing is changed. */
export async function checkLayout(
  folder: StoreFolder,
  { signal }: OperationOptions = {},
): Promise<StoreLayout> {
  const findings: StoreFinding[] = [];
  for (const path of [folder.journal, folder.tmp, folder.trash])
    if (statsOf(path)?.isDirectory() !== true)
      findings.push(finding("layout_missing", relative(folder, path), "The folder is not there."));
  for (const name of readdirSync(folder.root))
    if (!rootNames.test(name))
      findings.push(finding("foreign_file", name, "It is not part of a store."));
  findings.push(...checkTemporary(folder), ...checkLocks(folder));
  const blobs = new Map<Digest, BlobInfo>();
  let byteCount = 0;
  for (const [index, prefix] of readdirSync(folder.artifacts).sort().entries()) {
    signal?.throwIfAborted();
    if (index % foldersPerTurn === 0) await nextTurn();
    byteCount += checkBlobFolder(folder, prefix, blobs, findings);
  }
  return { blobs, bytes: byteCount, findings };
}

function checkBlobFolder(
  folder: StoreFolder,
  prefix: string,
  blobs: Map<Digest, BlobInfo>,
  findings: StoreFinding[],
): number {
  const full = join(folder.artifacts, prefix);
  const path = relative(folder, full);
  if (!/^[0-9a-f]{2}$/.test(prefix) || !lstatSync(full).isDirectory()) {
    findings.push(finding("stray", path, "It is not a folder of blobs."));
    return 0;
  }
  let byteCount = 0;
  let last: Digest | undefined;
  for (const name of readdirSync(full).sort()) {
    const stats = statsOf(join(full, name));
    if (stats === undefined) continue; // Gone meanwhile.
    const where = `${path}/${name}`;
    const problem = strayProblem(prefix, name, stats);
    if (problem !== undefined) {
      findings.push(finding("stray", where, problem));
      continue;
    }
    const hex = name.slice(0, hexLength);
    const digest = digestFromHex(hex);
    if ((stats.mode & 0o777 & ~blobModeMax) !== 0 && process.platform !== "win32")
      findings.push(finding("blob_mode", where, "It can be written.", { digest }));
    if (digest === last) {
      findings.push(finding("left_over", where, "The blob is there uncompressed as well."));
      continue;
    }
    last = digest;
    const form = formOfBlob({ hex, file: join(full, hex) });
    if (form === undefined) continue; // Gone meanwhile.
    blobs.set(digest, { digest, size: form.size });
    byteCount += form.size;
  }
  return byteCount;
}

function strayProblem(prefix: string, name: string, stats: Stats): string | undefined {
  if (!/^[0-9a-f]{64}(\.zst)?$/.test(name)) return "It does not have the name of a blob.";
  if (!stats.isFile()) return "It is not a regular file.";
  return name.startsWith(prefix) ? undefined : "It lies in the wrong folder: nobody finds it here.";
}

function checkTemporary(folder: StoreFolder): StoreFinding[] {
  const found: StoreFinding[] = [];
  for (const name of namesIn(folder.tmp)) {
    const owner = temporaryFolderOwner(name);
    if (owner !== undefined && isProcessGone(owner) === true)
      found.push(
        finding("left_over", `tmp/${name}`, "Its process is dead; the next command removes it."),
      );
  }
  return found;
}

function checkLocks(folder: StoreFolder): StoreFinding[] {
  const found: StoreFinding[] = [];
  for (const { path, owner } of locksIn(folder))
    if (isProcessGone(owner) === true)
      found.push(finding("lock_dead", path, "Its process is dead, so it holds nobody up."));
  return found;
}

/** The locks of the journal and of work on the whole store: links that name their owner. */
export function locksIn(folder: StoreFolder): { readonly path: string; readonly owner: string }[] {
  const found: { path: string; owner: string }[] = [];
  for (const place of [folder.journal, folder.tmp])
    for (const name of namesIn(place)) {
      if (!/\.lock(\.[0-9a-f]+)?$/.test(name)) continue;
      const owner = linkTarget(join(place, name));
      if (owner !== undefined) found.push({ path: relative(folder, join(place, name)), owner });
    }
  return found;
}

/** Names in a folder, sorted; none where it is not there. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw error;
  }
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // Released meanwhile, or no lock of ours.
  }
}

function statsOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function relative(folder: StoreFolder, path: string): string {
  return path.slice(folder.root.length + 1);
}
