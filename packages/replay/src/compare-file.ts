import { statSync } from "node:fs";
import type { BundleReader } from "@reseal/bundle";
import { isResealError } from "@reseal/errors";
import { parseDigest } from "@reseal/hash";
import type { ArrayDifference, FileDifference, FileEntry } from "@reseal/schema";
import type { BlobInfo, ByteSource, OperationOptions } from "@reseal/store";
import { comparePayloads, type ReadAs } from "./compare-payloads.ts";
import { countValue, metricValue } from "./metric-value.ts";
import type { ArrayComparison, PayloadComparison } from "./payload-comparison.ts";
import { readAhead } from "./read-ahead.ts";
import type { ToleranceRules } from "./tolerance-rules.ts";

/** A bundle and one of its files. */
export interface OpenableFile {
  readonly reader: BundleReader;
  readonly entry: FileEntry;
}

/** What {@link compareFile} takes besides the two files. */
export interface CompareFileOptions extends OperationOptions {
  readonly rules: ToleranceRules;
  /** Files with more bytes are compared as bytes, in a stream; NumPy arrays by element. */
  readonly wholeBytesMax: number;
}

/** Most arrays of an archive that a report lists. */
const arraysMax = 1000;

/**
 * Compare one file of two bundles, by what it holds: JSON, JSON lines, tables, the course of a
 * metric, arrays, images, text or bytes.
 *
 * Equal digests are never opened, so they are equal whatever the tolerance says. A file of which a
 * side is missing in the store or damaged there is `different`, without a place. An ignored file
 * is not opened either.
 */
export async function compareFile(
  path: string,
  original: OpenableFile | undefined,
  candidate: OpenableFile | undefined,
  options: CompareFileOptions,
): Promise<FileDifference> {
  const digests = {
    ...(original && { original_digest: original.entry.digest }),
    ...(candidate && { candidate_digest: candidate.entry.digest }),
  };
  const ignored = options.rules.ignoresFile(path) && { ignored: true as const };
  if (original === undefined || candidate === undefined)
    return { path, status: original === undefined ? "added" : "missing", ...digests, ...ignored };
  if (original.entry.digest === candidate.entry.digest)
    return equalFile(path, original.entry.digest);
  if (ignored) return { path, status: "different", ...digests, ...ignored };
  const { readAs, result } = await readBoth(path, original, candidate, options);
  return {
    path,
    // Other bytes with the same meaning, such as keys in another order, are not equal files.
    status: result.status === "different" ? "different" : "within_tolerance",
    ...digests,
    ...(readAs && { compared_as: readAs }),
    ...measures(result),
    ...(result.arrays?.length && { arrays: result.arrays.slice(0, arraysMax).map(arrayOf) }),
  };
}

/** A file that both bundles have, with the same bytes. */
export function equalFile(path: string, digest: FileEntry["digest"]): FileDifference {
  return { path, status: "equal", original_digest: digest, candidate_digest: digest };
}

/** Whether a difference counts against a verdict. */
export function isDecisive({ status, ignored }: FileDifference): boolean {
  return status !== "equal" && status !== "within_tolerance" && ignored !== true;
}

async function readBoth(
  path: string,
  original: OpenableFile,
  candidate: OpenableFile,
  { rules, wholeBytesMax, signal }: CompareFileOptions,
): Promise<{ readonly readAs?: ReadAs; readonly result: PayloadComparison }> {
  const payload = ({ reader, entry }: OpenableFile) => ({
    path: entry.path,
    mediaType: entry.media_type,
    size: entry.size,
    open: () => openFast(reader, entry, signal),
    checkedFile: () => checkedFile(reader, entry, signal),
  });
  try {
    return await comparePayloads(payload(original), payload(candidate), {
      tolerance: rules.forFile(path),
      wholeBytesMax,
    });
  } catch (error) {
    if (isUnreadable(error)) return { result: { status: "different" } };
    throw error;
  }
}

/** Files of more bytes are read in a thread of their own where that is possible. */
const ownThreadBytes = 32 * 1024 * 1024;

async function openFast(
  reader: BundleReader,
  entry: FileEntry,
  signal: AbortSignal | undefined,
): Promise<ByteSource> {
  const path = entry.size > ownThreadBytes ? localPath(reader, entry) : undefined;
  return path === undefined
    ? await reader.open(entry, { signal })
    : readAhead(path, blobOf(entry), signal);
}

async function checkedFile(
  reader: BundleReader,
  entry: FileEntry,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const path = localPath(reader, entry);
  if (path === undefined) return undefined;
  for await (const _ of readAhead(path, blobOf(entry), signal)); // Throws when it is another file.
  return path;
}

/** Where a file lies by itself; of anything odd the reader of the bundle knows what is wrong. */
function localPath(reader: BundleReader, entry: FileEntry): string | undefined {
  const path = reader.localFile?.(entry);
  const stats = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false });
  return stats?.isFile() === true && stats.size === entry.size ? path : undefined;
}

function blobOf({ digest, size }: FileEntry): BlobInfo {
  return { digest: parseDigest(digest), size };
}

type Measures = Pick<
  ArrayDifference,
  | "first_difference"
  | "max_absolute_error"
  | "max_relative_error"
  | "max_ulp_error"
  | "differing_count"
>;

function measures(result: Omit<PayloadComparison, "status">): Measures {
  const { firstDifference, maxAbsoluteError, maxRelativeError, maxUlpError, differingCount } =
    result;
  return {
    ...(firstDifference && { first_difference: firstDifference }),
    ...(maxAbsoluteError !== undefined && { max_absolute_error: metricValue(maxAbsoluteError) }),
    ...(maxRelativeError !== undefined && { max_relative_error: metricValue(maxRelativeError) }),
    ...(maxUlpError !== undefined && { max_ulp_error: countValue(maxUlpError) }),
    ...(differingCount !== undefined && { differing_count: differingCount }),
  };
}

function arrayOf({ name, status, ...result }: ArrayComparison): ArrayDifference {
  return {
    name,
    // Only arrays that differ are listed.
    status: status === "equal" ? "within_tolerance" : status,
    ...measures(result),
  };
}

const unreadableCodes: ReadonlySet<string> = new Set([
  "STORE_BLOB_NOT_FOUND",
  "STORE_BLOB_CORRUPT",
  "BUNDLE_FILE_NOT_FOUND",
  "BUNDLE_CORRUPT",
]);

/** Whether an error says that a file is gone or damaged, not that looking for it failed. */
export function isUnreadable(error: unknown): boolean {
  return isResealError(error) && unreadableCodes.has(error.code);
}
