import { basename, dirname, join } from "node:path";
import { type Digest, digestHex, treeDigest } from "@reseal/hash";
import type { EntryFile, PassFail, ScannedEntry } from "./entry.ts";
import { fullEntryId, shortIds } from "./entry-id.ts";
import type { Family } from "./families.ts";
import { newestFirst } from "./family-members.ts";
import type { FileStamp } from "./file-task.ts";
import {
  poolContent,
  type RunRecord,
  readRunRecord,
  statusOfContent,
  statusOfNames,
} from "./pass-fail.ts";
import type { Pin } from "./pins.ts";
import { logicalPath, type RunKey, runKeys } from "./run-key.ts";

/** A file of a family, as a scan has read it, with its stat record. */
export interface FoundFile extends FileStamp {
  readonly path: string;
  readonly family: string;
  readonly digest: Digest;
}

/** What entries follow from besides the files. */
export interface BuildOptions {
  /** Absolute, of the pool: run records and contents are read there. */
  readonly folder: string;
  readonly families: readonly Family[];
  /** Folders with a `run.json`. */
  readonly records: Iterable<string>;
  /** The pin of a run of a family. */
  readonly pinOf: (family: string, runId: string) => Pin | undefined;
  readonly scannedAt: string;
}

/** The entries of some files, newest first. The order of the files does not matter. */
export async function buildEntries(
  files: readonly FoundFile[],
  options: BuildOptions,
): Promise<ScannedEntry[]> {
  const groups = new Map<string, Group>();
  /** The one group whose files a folder holds; `null` when there are several. */
  const owners = new Map<string, Group | null>();
  const keyOf = runKeys();
  for (const file of files) {
    const key = keyOf(file.path);
    const name = `${file.family}\n${key.rule}\n${key.value}`;
    let group = groups.get(name);
    if (group === undefined) {
      group = { id: fullEntryId(file.family, key), family: file.family, key, files: [] };
      groups.set(name, group);
    }
    group.files.push(file);
    const folder = dirname(file.path);
    own(owners, folder, group);
    if (key.folder !== folder) own(owners, key.folder, group);
  }
  const ids = shortIds([...groups.values()].map(({ id }) => id));
  const recordsOf = new Map<Group, string[]>();
  for (const folder of [...options.records].sort()) {
    const owner = owners.get(folder);
    if (owner) recordsOf.set(owner, [...(recordsOf.get(owner) ?? []), folder]);
  }
  const entries: ScannedEntry[] = [];
  for (const group of groups.values())
    entries.push(
      await entryOf(ids.get(group.id) ?? group.id, group, recordsOf.get(group) ?? [], options),
    );
  return markLast(entries.sort(newestFirst));
}

function own(owners: Map<string, Group | null>, folder: string, group: Group): void {
  const known = owners.get(folder);
  if (known === undefined) owners.set(folder, group);
  else if (known !== group) owners.set(folder, null);
}

interface Group {
  /** The whole digest behind the entry's id. */
  readonly id: string;
  readonly family: string;
  readonly key: RunKey;
  readonly files: FoundFile[];
}

async function entryOf(
  id: string,
  { family, key, files: found }: Group,
  recordFolders: readonly string[],
  { folder, families, pinOf, scannedAt }: BuildOptions,
): Promise<ScannedEntry> {
  const sorted = found.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const originals = new Set(sorted.map(({ path }) => path));
  const isSibling = ({ path }: FoundFile): boolean =>
    logicalPath(path) !== path && originals.has(logicalPath(path));
  const counted = sorted.filter((file) => !isSibling(file));
  const times = counted.map(({ mtimeMs }) => mtimeMs);
  const modified = times.reduce((a, b) => Math.max(a, b), 0);
  const files = counted.map(toEntryFile);
  const paths = files.map(({ path }) => path);
  const record = recordFolders
    .map((place) => readRunRecord(join(folder, place, "run.json")))
    .find((one) => one !== undefined);
  const pin = pinOf(family, key.value);
  return {
    id,
    run_id: key.value,
    family,
    timestamp: key.timestamp ?? isoTime(modified),
    created_at: isoTime(times.reduce((a, b) => Math.min(a, b), modified)),
    modified_at: isoTime(modified),
    scanned_at: scannedAt,
    pass_fail: await passFailOf(
      folder,
      paths,
      record,
      families.find(({ name }) => name === family),
    ),
    is_last_pass: false,
    is_last_run: false,
    is_pinned: pin !== undefined,
    paths,
    total_bytes: files.reduce((sum, { size }) => sum + size, 0),
    checksum_sha256: checksumOf(files),
    ...(record?.tags && { tags: [...record.tags] }),
    ...(record?.description !== undefined && { description: record.description }),
    ...(record?.version !== undefined && { version: record.version }),
    ...(pin?.purpose && { protections: [pin.purpose] }),
    files,
    siblings: sorted.filter(isSibling).map(toEntryFile),
  };
}

/** The record's word, else the family's rule over the content, else the names, else unknown. */
async function passFailOf(
  folder: string,
  paths: readonly string[],
  record: RunRecord | undefined,
  family: Family | undefined,
): Promise<PassFail> {
  if (record?.pass_fail !== undefined) return record.pass_fail;
  const rule = family?.status;
  const ruled =
    rule === undefined ? undefined : await statusOfContent(paths, rule, poolContent(folder));
  return ruled ?? statusOfNames(paths);
}

function toEntryFile(file: FoundFile): EntryFile {
  const { path, size, digest } = file;
  return { path, size, digest, stamp: file };
}

/** Of the list of the files, where every name can stand in one; else of the digests alone. */
function checksumOf(files: readonly EntryFile[]): string {
  try {
    return digestHex(treeDigest(files));
  } catch {
    const renamed = files.map(({ path, digest }, index) => ({
      path: `${index}-${Buffer.from(basename(path)).toString("hex").slice(0, 200)}`,
      digest,
    }));
    return digestHex(treeDigest(renamed));
  }
}

/** Mark the newest entry and the newest pass of each family. */
export function markLast(entries: readonly ScannedEntry[]): ScannedEntry[] {
  const runs = new Set<string>();
  const passes = new Set<string>();
  return entries.map((entry) => {
    const { family, pass_fail } = entry;
    const isLastRun = !runs.has(family);
    const isLastPass = pass_fail === "pass" && !passes.has(family);
    runs.add(family);
    if (isLastPass) passes.add(family);
    return { ...entry, is_last_run: isLastRun, is_last_pass: isLastPass };
  });
}

function isoTime(milliseconds: number): string {
  return new Date(Math.floor(milliseconds)).toISOString();
}
