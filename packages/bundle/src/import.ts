import { type Digest, importNameProblems, parseDigest } from "@reseal/hash";
import type { FileEntry } from "@reseal/schema";
import type { BlobBatch, OperationOptions, Stores } from "@reseal/store";
import { isOnlyCompacted } from "./compacted-file.ts";
import { bundleErrors } from "./errors.ts";
import { stagingReader } from "./import-staging.ts";
import { type BundleReader, resolveInside } from "./reader.ts";
import { publishSeal } from "./seal.ts";
import { isIntegrityFinding, type VerifyOptions, verifyBundle } from "./verify.ts";

/** What an import did. */
export interface ImportReport {
  readonly seal: Digest;
  /** `false` when the store had this seal already and nothing was written. */
  readonly isNew: boolean;
  readonly files: number;
  readonly bytes: number;
}

/** From so many on, the store is told beforehand. */
const manyFiles = 1000;

/**
 * Take a bundle into a store: verify everything, stage it, publish it at once.
 *
 * Nothing is visible, and nothing stays behind, unless the whole bundle is in order. Importing a
 * bundle twice changes nothing.
 * @throws `BUNDLE_CORRUPT`, `BUNDLE_UNSAFE_NAME`
 */
export async function importBundle(
  stores: Stores,
  reader: BundleReader,
  options: VerifyOptions = {},
): Promise<ImportReport> {
  if (reader.manifest.context.files.length >= manyFiles) stores.blobs.prepare?.();
  refuseUnsafeNames(reader);
  const { signal } = options;
  const known = await stores.catalog.resolve(reader.seal, { tenant: stores.tenant });
  const isKnown = known.some((run) => run.seal === reader.seal);
  await using batch = isKnown ? undefined : await stores.blobs.openBatch({ signal });
  // What lies in an archive is read once, and staged as it is verified.
  const staging = batch && reader.archive && stagingReader(reader, reader.archive, batch);
  const report = await verifyBundle(staging ?? reader, options);
  staging?.throwFailure();
  const [first] = report.findings;
  if (first !== undefined)
    throw bundleErrors.CORRUPT(
      `${reader.location} does not verify (${report.findings.length} ${report.findings.length === 1 ? "finding" : "findings"}): ` +
        `${first.path}: ${first.message}`,
      {
        details: {
          findings: report.findings.slice(0, 20),
          integrity: report.findings.some(isIntegrityFinding),
        },
      },
    );
  const result = { seal: reader.seal, files: report.files, bytes: report.bytes };
  if (batch === undefined) return { ...result, isNew: false };
  if (staging === undefined) await stage(batch, reader, options);
  batch.settle?.();
  await batch.put(reader.manifestBytes, { expected: reader.seal, signal });
  await publishSeal(stores, batch, {
    manifest: reader.manifest,
    seal: reader.seal,
    size: reader.manifestBytes.byteLength,
    signal,
  });
  return { ...result, isNew: true };
}

function refuseUnsafeNames({ manifest, location, archive }: BundleReader): void {
  // The names of an archive were checked when it was opened; what it does not hold is a finding.
  const isChecked = (path: string): boolean => archive?.find(path) !== undefined;
  const paths = manifest.context.files.map((entry) => entry.path);
  const problems = importNameProblems(paths.filter((path) => !isChecked(path)));
  const [first] = problems;
  if (first === undefined) return;
  throw bundleErrors.UNSAFE_NAME(
    `${location} holds ${JSON.stringify(first.path)}: ${first.problem}.`,
    { details: { problems: problems.slice(0, 20) } },
  );
}

async function stage(
  batch: BlobBatch,
  reader: BundleReader,
  { signal }: OperationOptions,
): Promise<void> {
  const entries = new Map<string, FileEntry>();
  for (const entry of reader.manifest.context.files) entries.set(entry.digest, entry);
  const { folder } = reader;
  if (folder === undefined) {
    for (const entry of entries.values()) {
      const expected = parseDigest(entry.digest);
      await batch.put(await reader.open(entry, { signal }), { expected, signal });
    }
    return;
  }
  const all = [...entries.values()];
  const isPlain = ({ path }: FileEntry): boolean => !isOnlyCompacted(folder, path);
  await stageFiles(batch, folder, all.filter(isPlain), { signal });
  for (const entry of all.filter((one) => !isPlain(one))) {
    const expected = parseDigest(entry.digest);
    await batch.put(await reader.open(entry, { signal }), { expected, signal });
  }
}

/** Local files are read again by the batch itself, many at once. */
async function stageFiles(
  batch: BlobBatch,
  folder: string,
  entries: readonly FileEntry[],
  options: OperationOptions,
): Promise<void> {
  const results = await batch.putFiles(
    entries.map((entry) => ({
      path: resolveInside(folder, entry.path),
      size: entry.size,
      expected: parseDigest(entry.digest),
    })),
    options,
  );
  for (const result of results) if (result.status === "failed") throw result.error;
}
