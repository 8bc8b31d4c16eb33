import { existsSync } from "node:fs";
import { type FileCatalog, openSqliteCatalog } from "@reseal/catalog";
import { isResealError, type ResealError } from "@reseal/errors";
import { type Digest, digestHex } from "@reseal/hash";
import {
  type BlobInfo,
  type BlobStore,
  createMemoryJournal,
  type Journal,
  type JournalStream,
  type OperationOptions,
  readRemovedSeals,
  type SealRemoval,
} from "@reseal/store";
import { openFsBlobStore, openFsJournal } from "@reseal/store-fs";
import { checkLayout } from "./check-layout.ts";
import { blobPathOf, checkSeals, type NamedSeals, readSeals } from "./check-seals.ts";
import { finding, type StoreFinding } from "./store-finding.ts";
import { existingStoreFolder, type StoreFolder } from "./store-folder.ts";

/** How far a check has come. */
export interface StoreProgress {
  readonly phase: "layout" | "seals" | "data" | "copy";
  /** Blobs and bytes that were read. */
  readonly blobs: number;
  readonly bytes: number;
}

/** Options of {@link checkStore}. */
export interface CheckOptions extends OperationOptions {
  /**
   * The part of the blobs whose every byte is read: 0 none (but manifests), 1 all. Which blobs are
   * in a part depends on their digests alone, so the same part is the same blobs.
   */
  readonly readPart?: number | undefined;
  readonly onProgress?: ((progress: StoreProgress) => void) | undefined;
}

/** What a check of a store came to. */
export interface StoreReport {
  readonly location: string;
  readonly seals: number;
  readonly blobs: number;
  readonly bytes: number;
  /** Blobs that no seal names: what a crash left, or what will be named soon. No finding. */
  readonly unreferenced: { readonly blobs: number; readonly bytes: number };
  /** Blobs whose every byte was read. */
  readonly read: { readonly blobs: number; readonly bytes: number };
  readonly findings: readonly StoreFinding[];
}

/** The streams of a journal. */
export const journalStreams: readonly JournalStream[] = [
  "seals",
  "pins",
  "tags",
  "notes",
  "audit",
  "trash",
];

/**
 * Check a store without changing it: layout, names, modes, left-overs, journal, manifests, the
 * blobs they name, the catalog; with `readPart` also that blobs are what their digests say.
 *
 * Others may work on the store meanwhile.
 * @throws `CONNECT_STORE_NOT_FOUND`, `CONNECT_FORMAT_TOO_NEW`
 */
export async function checkStore(
  location: string,
  options: CheckOptions = {},
): Promise<StoreReport> {
  const { signal, onProgress, readPart = 0 } = options;
  const folder = existingStoreFolder(location);
  onProgress?.({ phase: "layout", blobs: 0, bytes: 0 });
  const findings: StoreFinding[] = [];
  await using blobs = await openFsBlobStore(folder.artifacts, { readOnly: true });
  await using journal = await openJournal(folder);
  await using opened = await openCatalog(folder, findings);
  const { catalog } = opened;
  // In this order: what was in the catalog is in the journal, and what that names is there.
  const indexed = (await catalog?.journalOffset()) ?? 0;
  const named = await readSeals(journal);
  findings.push(...(await checkStreams(journal, named)));
  const layout = await checkLayout(folder, { signal });
  onProgress?.({ phase: "seals", blobs: layout.blobs.size, bytes: layout.bytes });
  const removed = await readRemoved(journal);
  const parts = { location: folder.root, blobs, journal, named, removed, catalog, indexed };
  const sealed = await checkSeals({ ...parts, present: layout.blobs }, { signal });
  findings.push(...layout.findings, ...sealed.findings);
  const chosen = [...layout.blobs.values()].filter(({ digest }) => isChosen(digest, readPart));
  const known = new Set(findings.filter(isDamage).map(({ digest }) => digest));
  const read = await readBlobs(blobs, chosen, options);
  findings.push(...read.findings.filter(({ digest }) => !known.has(digest)));
  return {
    location: folder.root,
    seals: named.seals.size,
    blobs: layout.blobs.size,
    bytes: layout.bytes,
    unreferenced: sumOf([...layout.blobs.values()].filter((b) => !sealed.referenced.has(b.digest))),
    read: sumOf(chosen),
    findings,
  };
}

/** A damaged stream is a finding of its own. */
async function readRemoved(journal: Journal): Promise<ReadonlyMap<Digest, SealRemoval>> {
  try {
    return await readRemovedSeals(journal);
  } catch (error) {
    if (!isResealError(error) || error.code !== "STORE_JOURNAL_INVALID") throw error;
    return new Map();
  }
}

async function openJournal(folder: StoreFolder): Promise<Journal> {
  // A missing folder is a finding of the layout.
  if (!existsSync(folder.journal)) return createMemoryJournal();
  return await openFsJournal(folder.journal, { readOnly: true });
}

interface OpenedCatalog extends AsyncDisposable {
  readonly catalog?: FileCatalog | undefined;
}

/** The catalog, or findings that say why there is none. */
async function openCatalog(folder: StoreFolder, findings: StoreFinding[]): Promise<OpenedCatalog> {
  const name = "store.db";
  const nothing = { [Symbol.asyncDispose]: async () => undefined };
  if (!existsSync(folder.catalog)) {
    findings.push(finding("catalog_behind", name, "It is not there; the next command makes it."));
    return nothing;
  }
  try {
    const catalog = await openSqliteCatalog(folder.catalog, { readOnly: true });
    // On a network the catalog of this process is empty, and there is nothing to compare.
    const isShared = catalog.storage !== "memory";
    const problems = isShared ? await catalog.problems() : [];
    for (const problem of problems) findings.push(finding("catalog_damaged", name, problem));
    const isUsable = isShared && problems.length === 0;
    return {
      catalog: isUsable ? catalog : undefined,
      [Symbol.asyncDispose]: () => catalog[Symbol.asyncDispose](),
    };
  } catch (error) {
    if (!isResealError(error)) throw error;
    if (isUnborn(error)) findings.push(finding("catalog_behind", name, error.message));
    else if (error.code === "CATALOG_CORRUPT" || error.code === "CATALOG_NOT_FOUND")
      findings.push(finding("catalog_damaged", name, error.message));
    else throw error;
    return nothing;
  }
}

/** Somebody died while the file was made, or an older version made it. The next command goes on. */
function isUnborn({ code, details }: ResealError): boolean {
  return (
    code === "CATALOG_FORMAT_TOO_OLD" || (code === "CATALOG_NOT_FOUND" && details?.format === 0)
  );
}

/** Read every line of every stream. */
async function checkStreams(journal: Journal, named: NamedSeals): Promise<StoreFinding[]> {
  const findings: StoreFinding[] = [];
  const add = (stream: JournalStream, error: Error): void => {
    findings.push(finding("journal_damaged", `journal/${stream}.jsonl`, error.message));
  };
  if (named.damage !== undefined) add("seals", named.damage);
  for (const stream of journalStreams.slice(1)) {
    try {
      for await (const _ of journal.read(stream));
    } catch (error) {
      if (!isResealError(error) || error.code !== "STORE_JOURNAL_INVALID") throw error;
      add(stream, error);
    }
  }
  return findings;
}

/** Whether a blob is in a part; the digest is as good as a random number. */
function isChosen(digest: Digest, part: number): boolean {
  return Number.parseInt(digestHex(digest).slice(0, 12), 16) < part * 2 ** 48;
}

async function readBlobs(
  store: BlobStore,
  blobs: readonly BlobInfo[],
  { signal, onProgress }: CheckOptions,
): Promise<{ readonly findings: readonly StoreFinding[] }> {
  const problems = await store.check(blobs, {
    signal,
    onProgress: ({ items, bytes }) => onProgress?.({ phase: "data", blobs: items, bytes }),
  });
  const findings: StoreFinding[] = [];
  for (const { digest, error } of problems) {
    if (error.code === "STORE_BLOB_NOT_FOUND") continue; // Collected meanwhile.
    findings.push(finding("blob_corrupt", blobPathOf(digest), error.message, { digest }));
  }
  return { findings };
}

function isDamage({ level }: StoreFinding): boolean {
  return level === "damage";
}

function sumOf(blobs: readonly BlobInfo[]): { readonly blobs: number; readonly bytes: number } {
  return { blobs: blobs.length, bytes: blobs.reduce((sum, { size }) => sum + size, 0) };
}
