import { collect, openZip } from "@reseal/bundle";
import { isResealError } from "@reseal/errors";
import { parseStrictJson } from "@reseal/hash";
import type { FileDifference } from "@reseal/schema";
import type { ByteSource } from "@reseal/store";
import { compareBytes } from "./compare-bytes.ts";
import { compareCsv } from "./compare-csv.ts";
import { compareJson } from "./compare-json.ts";
import { compareSeries } from "./compare-series.ts";
import { compareJsonLines, compareText } from "./compare-text.ts";
import type { PayloadComparison } from "./payload-comparison.ts";
import type { PayloadTolerance } from "./tolerance.ts";

/** How two files were read. */
export type ReadAs = NonNullable<FileDifference["compared_as"]>;

/** A file, wherever it lies. */
export interface Payload {
  /** Its name and media type say what it holds. */
  readonly path: string;
  readonly mediaType: string;
  readonly size: number;
  /** May be called more than once. */
  open(): Promise<ByteSource>;
  /**
   * Where it lies as a local file, after all of it was checked; `undefined` when it does not.
   * Archives that are too large for memory are read there.
   */
  checkedFile?(): Promise<string | undefined>;
}

/** What {@link comparePayloads} takes besides the two files. */
export interface ComparePayloadsOptions {
  readonly tolerance: PayloadTolerance;
  /** Files with more bytes are compared as bytes, in a stream; NumPy arrays always by element. */
  readonly wholeBytesMax: number;
}

/** How two files relate, and how they were read to find out. */
export interface ReadComparison {
  readonly readAs: ReadAs;
  readonly result: PayloadComparison;
}

/**
 * Compare two files by what the name and media type of the original say. What turns out to be
 * something else is compared as text when it is text, else as bytes. Readers are loaded when they
 * are needed.
 */
export async function comparePayloads(
  original: Payload,
  candidate: Payload,
  { tolerance, wholeBytesMax }: ComparePayloadsOptions,
): Promise<ReadComparison> {
  const kind = kindOf(original);
  if (kind === "array") {
    const result = await unlessInvalid(() => compareArrays(original, candidate, tolerance));
    if (result !== undefined) return { readAs: kind, result };
  }
  const isLarge = Math.max(original.size, candidate.size) > wholeBytesMax;
  if (kind === "arrays" && isLarge) {
    const result = await compareLargeArchives(original, candidate, tolerance);
    if (result !== undefined) return { readAs: kind, result };
  }
  if (kind === "array" || isLarge)
    return {
      readAs: "bytes",
      result: await compareBytes(await original.open(), await candidate.open()),
    };
  const a = await collect(await original.open());
  const b = await collect(await candidate.open());
  const whole =
    kind === "arrays" || kind === "image"
      ? await compareBinary(kind, a, b, tolerance)
      : compareTexts(kind, a, b, tolerance);
  return whole ?? { readAs: "bytes", result: await compareBytes(chunk(a), chunk(b)) };
}

async function compareArrays(
  original: Payload,
  candidate: Payload,
  tolerance: PayloadTolerance,
): Promise<PayloadComparison> {
  const { compareNpy } = await import("./compare-npy.ts");
  const sizes = { originalSize: original.size, candidateSize: candidate.size };
  return await compareNpy(await original.open(), await candidate.open(), tolerance, sizes);
}

async function compareBinary(
  kind: "arrays" | "image",
  a: Uint8Array,
  b: Uint8Array,
  tolerance: PayloadTolerance,
): Promise<ReadComparison | undefined> {
  const result = await unlessInvalid(async () => {
    if (kind === "arrays") return await compareArchives(a, b, tolerance);
    const { comparePng } = await import("./compare-png.ts");
    return await comparePng(a, b, tolerance);
  });
  return result && { readAs: kind, result };
}

/** Arrays are streamed out of the archive, so that its size in memory is no concern here. */
const zipLimits = { ratioMax: 1032, bytesMax: 64 * 1024 ** 3, entriesMax: 100_000 };

async function compareLargeArchives(
  original: Payload,
  candidate: Payload,
  tolerance: PayloadTolerance,
): Promise<PayloadComparison | undefined> {
  const [a, b] = [await original.checkedFile?.(), await candidate.checkedFile?.()];
  if (a === undefined || b === undefined) return undefined;
  return await unlessInvalid(() => compareArchives(a, b, tolerance));
}

async function compareArchives(
  a: Uint8Array | string,
  b: Uint8Array | string,
  tolerance: PayloadTolerance,
): Promise<PayloadComparison> {
  const { compareNpz } = await import("./compare-npz.ts");
  await using original = await openZip(a, zipLimits);
  await using candidate = await openZip(b, zipLimits);
  const [left, right] = [original, candidate].map((archive) => ({
    entries: archive.entries.map((entry) => ({
      path: entry.path,
      size: entry.size,
      open: () => archive.open(entry),
    })),
  }));
  if (left === undefined || right === undefined) return { status: "different" };
  return await compareNpz(left, right, tolerance);
}

/** `undefined` when a file is not what its name says. */
async function unlessInvalid(
  compare: () => Promise<PayloadComparison>,
): Promise<PayloadComparison | undefined> {
  try {
    return await compare();
  } catch (error) {
    if (isResealError(error) && /^(REPLAY_(NPY|NPZ|PNG)_INVALID|BUNDLE_ZIP_)/.test(error.code))
      return undefined;
    throw error;
  }
}

/** Compare by meaning; `undefined` when one of the two is not text. */
function compareTexts(
  kind: TextKind,
  original: Uint8Array,
  candidate: Uint8Array,
  tolerance: PayloadTolerance,
): ReadComparison | undefined {
  const a = textOf(original);
  const b = textOf(candidate);
  if (a === undefined || b === undefined) return undefined;
  const asText = (): ReadComparison => ({ readAs: "text", result: compareText(a, b) });
  if (kind === "series") return { readAs: kind, result: compareSeries(a, b, tolerance) };
  if (kind === "table") return { readAs: kind, result: compareCsv(a, b, tolerance) };
  if (kind === "text") return asText();
  try {
    const result =
      kind === "json"
        ? compareJson(parseStrictJson(a), parseStrictJson(b), tolerance)
        : compareJsonLines(a, b, tolerance);
    return { readAs: kind, result };
  } catch (error) {
    // Not JSON, whatever its name says; its lines can be compared all the same.
    if (isResealError(error) && error.code === "HASH_JSON_INVALID") return asText();
    throw error;
  }
}

type TextKind = "json" | "json_lines" | "table" | "series" | "text";

const kindOfExtension: Readonly<Record<string, ReadAs>> = {
  csv: "table",
  geojson: "json",
  ipynb: "json",
  json: "json",
  jsonl: "json_lines",
  ndjson: "json_lines",
  npy: "array",
  npz: "arrays",
  png: "image",
  tab: "table",
  tsv: "table",
};

const kindOfMediaType: readonly (readonly [RegExp, ReadAs])[] = [
  [/^text\/(csv|tab-separated-values)\b/, "table"],
  [/^application\/x-npy\b/, "array"],
  [/^application\/x-npz\b/, "arrays"],
  [/^image\/png\b/, "image"],
  [/^application\/(jsonl|x-ndjson)\b/, "json_lines"],
  [/^application\/([\w.-]+\+)?json\b/, "json"],
];

type Kind = TextKind | "array" | "arrays" | "image";

function kindOf({ path, mediaType }: Payload): Kind {
  if (/^metrics\/.+\.csv$/.test(path)) return "series";
  const extension = /\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase() ?? "";
  const byName = Object.hasOwn(kindOfExtension, extension) ? kindOfExtension[extension] : undefined;
  const kind = byName ?? kindOfMediaType.find(([pattern]) => pattern.test(mediaType))?.[1];
  return kind === undefined || kind === "bytes" ? "text" : kind;
}

function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

async function* chunk(bytes: Uint8Array): ByteSource {
  yield bytes;
}
