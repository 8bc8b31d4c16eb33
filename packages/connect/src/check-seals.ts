import { manifestBytesMax, openStoredBundle, sealRecordOf } from "@reseal/bundle";
import type { FileCatalog } from "@reseal/catalog";
import { isResealError } from "@reseal/errors";
import { canonicalJson, type Digest, digestHex, isDigest, parseDigest } from "@reseal/hash";
import type {
  BlobInfo,
  BlobStore,
  Catalog,
  Journal,
  OperationOptions,
  RunRow,
  SealRecord,
  SealRemoval,
} from "@reseal/store";
import { finding, type StoreFinding } from "./store-finding.ts";

/** A seal that the journal names. */
export interface JournalSeal {
  readonly seal: Digest;
  readonly tenant: string;
  /** Where the line after it starts. */
  readonly next: number;
}

/** What a check of the seals works with. */
export interface SealCheckParts {
  readonly location: string;
  readonly blobs: BlobStore;
  readonly journal: Journal;
  /** What the journal named before the blobs were looked at. */
  readonly named: NamedSeals;
  /** Absent when it cannot be opened. */
  readonly catalog?: FileCatalog | undefined;
  /** How much of the journal was in the catalog before the journal was read. */
  readonly indexed: number;
  /** The blobs that are there. */
  readonly present: ReadonlyMap<Digest, BlobInfo>;
  /** Seals that were deleted on purpose: their manifests are missing by right. */
  readonly removed: ReadonlyMap<Digest, SealRemoval>;
}

/** What a journal names, as far as it can be read. */
export interface NamedSeals {
  /** By tenant and digest, each once. */
  readonly seals: ReadonlyMap<string, JournalSeal>;
  /** Ids of the runs. */
  readonly runs: ReadonlySet<string>;
  /** Why the rest cannot be read. */
  readonly damage?: Error | undefined;
}

/** What the check of the seals came to. */
export interface SealCheck {
  /** Every blob that a manifest names, and the manifests. */
  readonly referenced: ReadonlySet<Digest>;
  readonly findings: readonly StoreFinding[];
}

/**
 * Check that every seal of the journal has its manifest, that every blob of a manifest is there
 * with its size, and that the catalog says what the manifests say.
 *
 * Runs that are sealed meanwhile are no findings: the journal was read before the blobs and the
 * rows, and what the catalog has beyond that is looked up in the journal again.
 */
export async function checkSeals(
  parts: SealCheckParts,
  { signal }: OperationOptions = {},
): Promise<SealCheck> {
  const findings: StoreFinding[] = [];
  const { seals, damage } = parts.named;
  const referenced = new Set<Digest>();
  const missing = new Set<Digest>();
  let behind = 0;
  for (const entry of seals.values()) {
    signal?.throwIfAborted();
    referenced.add(entry.seal);
    const record = await checkManifest(parts, entry, { referenced, missing, findings });
    if (record === undefined || parts.catalog === undefined) continue;
    const difference = await compareRow(parts.catalog, record);
    if (difference === "missing" && entry.next > parts.indexed) behind += 1;
    else if (difference !== undefined) findings.push(rowFinding(entry.seal, difference));
  }
  if (behind > 0)
    findings.push(
      finding("catalog_behind", "store.db", `${behind} seals wait for the next command.`),
    );
  if (parts.catalog !== undefined && damage === undefined)
    findings.push(...(await findExtraRows(parts.catalog, parts.journal, seals)));
  findings.push(...(await findUnlisted(parts, referenced)));
  return { referenced, findings };
}

/** The seals that a journal names, up to the first line that is damaged. */
export async function readSeals(journal: Journal): Promise<NamedSeals> {
  const seals = new Map<string, JournalSeal>();
  const runs = new Set<string>();
  try {
    for await (const { record, next } of journal.read("seals")) {
      const { seal, tenant, run_id } = record;
      if (!isDigest(seal) || typeof tenant !== "string") continue;
      if (typeof run_id === "string") runs.add(run_id);
      const key = sealKey(tenant, seal);
      if (!seals.has(key)) seals.set(key, { seal, tenant, next });
    }
    return { seals, runs };
  } catch (error) {
    if (!isResealError(error) || error.code !== "STORE_JOURNAL_INVALID") throw error;
    return { seals, runs, damage: error };
  }
}

/** Where a blob lies, relative to the store. */
export function blobPathOf(digest: Digest): string {
  const hex = digestHex(digest);
  return `artifacts/${hex.slice(0, 2)}/${hex}`;
}

/** What names one seal of one tenant. */
export function sealKey(tenant: string, seal: Digest): string {
  return `${seal} ${tenant}`;
}

async function checkManifest(
  { blobs, location, present, removed }: SealCheckParts,
  { seal, tenant }: JournalSeal,
  found: { referenced: Set<Digest>; missing: Set<Digest>; findings: StoreFinding[] },
): Promise<SealRecord | undefined> {
  if (removed.has(seal)) return undefined; // In the trash, on its way there, or purged.
  const path = blobPathOf(seal);
  try {
    const { manifest, manifestBytes } = await openStoredBundle({ blobs, location }, seal);
    for (const entry of manifest.context.files) {
      const digest = parseDigest(entry.digest);
      found.referenced.add(digest);
      const size = present.get(digest)?.size;
      if (size === entry.size || found.missing.has(digest)) continue;
      found.missing.add(digest);
      const about = { digest, size: entry.size };
      const where = blobPathOf(digest);
      const run = `run ${manifest.context.run_id} names it as ${entry.path}`;
      found.findings.push(
        size === undefined
          ? finding("blob_missing", where, `It is not there; ${run}.`, about)
          : finding(
              "blob_corrupt",
              where,
              `It has ${size} bytes, not ${entry.size}; ${run}.`,
              about,
            ),
      );
    }
    return sealRecordOf(manifest, { seal, size: manifestBytes.byteLength, tenant });
  } catch (error) {
    if (!isResealError(error)) throw error;
    const about = { digest: seal };
    if (error.code === "STORE_BLOB_NOT_FOUND")
      found.findings.push(finding("manifest_missing", path, "The journal names it.", about));
    else if (error.code === "BUNDLE_MANIFEST_INVALID")
      found.findings.push(finding("manifest_invalid", path, error.message, about));
    else found.findings.push(finding("manifest_corrupt", path, error.message, about));
    return undefined;
  }
}

type RowDifference = "missing" | "differs";

async function compareRow(
  catalog: FileCatalog,
  { workspace, output_paths, metrics, manifest_size: _, ...run }: SealRecord,
): Promise<RowDifference | undefined> {
  const { seal, tenant } = run;
  const row = (await catalog.resolve(seal, { tenant })).find((found) => found.seal === seal);
  if (row === undefined) return "missing";
  if (canonicalRow(row) !== canonicalRow(run)) return "differs";
  const stored = await catalog.metrics(seal, { tenant });
  if (canonicalMetrics(stored) !== canonicalMetrics(metrics)) return "differs";
  for (const filter of [
    ...run.tags.map((value) => ({ field: "tag", operator: "=" as const, value })),
    ...run.parents.map(({ artifact_id }) => ({
      field: "parent",
      operator: "=" as const,
      value: artifact_id,
    })),
  ]) {
    const filters = [filter, { field: "seal", operator: "=" as const, value: seal }];
    if ((await catalog.listRuns({ tenant, filters })).items.length === 0) return "differs";
  }
  if (workspace === null || output_paths.length === 0) return undefined;
  const outputs = await catalog.outputPaths(workspace);
  return output_paths.every((path) => outputs.has(path)) ? undefined : "differs";
}

function canonicalRow(row: RunRow): string {
  return canonicalJson({
    ...row,
    tags: [...row.tags],
    parents: row.parents.map((p) => ({ ...p })),
  });
}

function canonicalMetrics(metrics: SealRecord["metrics"]): string {
  return metrics
    .map((metric) => canonicalJson({ ...metric }))
    .sort()
    .join("\n");
}

function rowFinding(seal: Digest, difference: RowDifference): StoreFinding {
  const about = { digest: seal };
  return difference === "missing"
    ? finding("catalog_missing", "store.db", `It lacks the seal ${seal}.`, about)
    : finding("catalog_differs", "store.db", `Its row of ${seal} is not what was sealed.`, about);
}

/** Every manifest is canonical JSON and begins so. */
const manifestStart = '{"content":{"content_version":';

/** Manifests that no line of the journal names, of runs that no line names either. */
async function findUnlisted(
  { blobs, location, present, named }: SealCheckParts,
  referenced: ReadonlySet<Digest>,
): Promise<StoreFinding[]> {
  const findings: StoreFinding[] = [];
  for (const { digest, size } of present.values()) {
    if (referenced.has(digest) || size > manifestBytesMax) continue;
    if (!(await beginsLikeManifest(blobs, digest))) continue;
    try {
      const { manifest } = await openStoredBundle({ blobs, location }, digest);
      const { run_id } = manifest.context;
      if (named.runs.has(run_id)) continue; // A crash came between; the run was sealed again.
      const message = `It is the manifest of run ${run_id}, which the journal does not name.`;
      findings.push(finding("seal_unlisted", blobPathOf(digest), message, { digest }));
    } catch (error) {
      if (!isResealError(error)) throw error; // Not a manifest after all, or a damaged one.
    }
  }
  return findings;
}

async function beginsLikeManifest(blobs: BlobStore, digest: Digest): Promise<boolean> {
  try {
    for await (const chunk of await blobs.get(digest))
      return Buffer.from(chunk).toString("latin1", 0, manifestStart.length) === manifestStart;
  } catch (error) {
    if (!isResealError(error)) throw error;
  }
  return false;
}

/** Rows that no line of the journal stands for: a rebuild would lose them. */
async function findExtraRows(
  catalog: FileCatalog,
  journal: Journal,
  seals: ReadonlyMap<string, JournalSeal>,
): Promise<StoreFinding[]> {
  const extra = new Map<string, RunRow>();
  for (const tenant of await catalog.tenants()) {
    for await (const row of allRows(catalog, tenant)) {
      const key = sealKey(tenant, row.seal);
      if (!seals.has(key)) extra.set(key, row);
    }
  }
  if (extra.size === 0) return [];
  const { seals: now } = await readSeals(journal); // With those that were sealed since.
  return [...extra]
    .filter(([key]) => !now.has(key))
    .map(([, { seal }]) =>
      finding("catalog_extra", "store.db", `The journal does not name ${seal}.`, { digest: seal }),
    );
}

/** Every row of a tenant. */
export async function* allRows(catalog: Catalog, tenant: string): AsyncGenerator<RunRow> {
  let after: string | undefined;
  do {
    const page = await catalog.listRuns({ tenant, limit: 10_000, after });
    yield* page.items;
    after = page.next ?? undefined;
  } while (after !== undefined);
}
