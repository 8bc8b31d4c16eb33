import { type Digest, importNameProblems, parseDigest } from "@reseal/hash";
import type { OperationOptions, Stores } from "@reseal/store";
import { bundleErrors } from "./errors.ts";
import type { BundleReader } from "./reader.ts";
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
  refuseUnsafeNames(reader);
  const report = await verifyBundle(reader, options);
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
  const known = await stores.catalog.resolve(reader.seal, { tenant: stores.tenant });
  if (known.some((run) => run.seal === reader.seal)) return { ...result, isNew: false };
  await stage(stores, reader, options);
  await publishSeal(stores, reader.manifest, reader.seal);
  return { ...result, isNew: true };
}

function refuseUnsafeNames({ manifest, location }: BundleReader): void {
  const problems = importNameProblems(manifest.context.files.map((entry) => entry.path));
  const [first] = problems;
  if (first === undefined) return;
  throw bundleErrors.UNSAFE_NAME(
    `${location} holds ${JSON.stringify(first.path)}: ${first.problem}.`,
    { details: { problems: problems.slice(0, 20) } },
  );
}

async function stage(
  stores: Stores,
  reader: BundleReader,
  { signal }: OperationOptions,
): Promise<void> {
  await using batch = await stores.blobs.openBatch({ signal });
  const staged = new Set<string>();
  for (const entry of reader.manifest.context.files) {
    if (staged.has(entry.digest)) continue;
    staged.add(entry.digest);
    const expected = parseDigest(entry.digest);
    await batch.put(await reader.open(entry, { signal }), { expected, signal });
  }
  await batch.put(reader.manifestBytes, { expected: reader.seal, signal });
  await batch.commit({ signal });
}
