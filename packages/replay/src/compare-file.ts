import { type BundleReader, collect } from "@reseal/bundle";
import { isResealError } from "@reseal/errors";
import { parseStrictJson } from "@reseal/hash";
import type { FileDifference, FileEntry } from "@reseal/schema";
import type { OperationOptions } from "@reseal/store";
import { compareBytes } from "./compare-bytes.ts";
import { compareCsv } from "./compare-csv.ts";
import { compareJson } from "./compare-json.ts";
import { compareJsonLines, compareText } from "./compare-text.ts";
import { metricValue } from "./metric-value.ts";
import type { PayloadComparison } from "./payload-comparison.ts";
import type { NumberTolerance } from "./tolerance.ts";

/** A bundle and one of its files. */
export interface OpenableFile {
  readonly reader: BundleReader;
  readonly entry: FileEntry;
}

/** What {@link compareFile} takes besides the two files. */
export interface CompareFileOptions extends OperationOptions {
  readonly tolerance: NumberTolerance;
  /** Files with more bytes are compared as bytes, in a stream. */
  readonly wholeBytesMax: number;
}

/**
 * Compare one file of two bundles, by what it holds: JSON, JSON lines, tables, text or bytes.
 *
 * Equal digests are never opened. A file of which a side is missing in the store or damaged there
 * is `different`, without a place.
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
  if (original === undefined || candidate === undefined)
    return { path, status: original === undefined ? "added" : "missing", ...digests };
  if (original.entry.digest === candidate.entry.digest)
    return { path, status: "equal", ...digests };
  const result = await comparePayloads(original, candidate, options);
  const { firstDifference, maxAbsoluteError, maxRelativeError } = result;
  return {
    path,
    // Other bytes with the same meaning, such as keys in another order, are not equal files.
    status: result.status === "different" ? "different" : "within_tolerance",
    ...digests,
    ...(firstDifference && { first_difference: firstDifference }),
    ...(maxAbsoluteError !== undefined && { max_absolute_error: metricValue(maxAbsoluteError) }),
    ...(maxRelativeError !== undefined && { max_relative_error: metricValue(maxRelativeError) }),
  };
}

async function comparePayloads(
  original: OpenableFile,
  candidate: OpenableFile,
  options: CompareFileOptions,
): Promise<PayloadComparison> {
  try {
    if (Math.max(original.entry.size, candidate.entry.size) > options.wholeBytesMax)
      return await compareBytes(await open(original, options), await open(candidate, options));
    const a = await collect(await open(original, options));
    const b = await collect(await open(candidate, options));
    return compareWhole(original.entry, a, b, options.tolerance) ?? (await compareBuffers(a, b));
  } catch (error) {
    if (isUnreadable(error)) return { status: "different" };
    throw error;
  }
}

function open({ reader, entry }: OpenableFile, { signal }: OperationOptions) {
  return reader.open(entry, { signal });
}

/** Compare by meaning; `undefined` when one of the two is not text. */
function compareWhole(
  { path, media_type }: FileEntry,
  original: Uint8Array,
  candidate: Uint8Array,
  tolerance: NumberTolerance,
): PayloadComparison | undefined {
  const a = textOf(original);
  const b = textOf(candidate);
  if (a === undefined || b === undefined) return undefined;
  const kind = kindOf(path, media_type);
  if (kind === "table") return compareCsv(a, b, tolerance);
  if (kind === "text") return compareText(a, b);
  try {
    return kind === "json"
      ? compareJson(parseStrictJson(a), parseStrictJson(b), tolerance)
      : compareJsonLines(a, b, tolerance);
  } catch (error) {
    // Not JSON, whatever its name says; its lines can be compared all the same.
    if (isResealError(error) && error.code === "HASH_JSON_INVALID") return compareText(a, b);
    throw error;
  }
}

type Kind = "json" | "json_lines" | "table" | "text";

function kindOf(path: string, mediaType: string): Kind {
  const extension = /\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase() ?? "";
  if (["jsonl", "ndjson"].includes(extension)) return "json_lines";
  if (["csv", "tsv", "tab"].includes(extension)) return "table";
  if (["json", "geojson", "ipynb"].includes(extension)) return "json";
  if (/^text\/(csv|tab-separated-values)\b/.test(mediaType)) return "table";
  return /^application\/([\w.-]+\+)?json\b/.test(mediaType) ? "json" : "text";
}

function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

async function compareBuffers(a: Uint8Array, b: Uint8Array): Promise<PayloadComparison> {
  return await compareBytes(chunk(a), chunk(b));
}

async function* chunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
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
