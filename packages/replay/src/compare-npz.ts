import { isResealError } from "@reseal/errors";
import { compareUtf8 } from "@reseal/hash";
import type { ByteSource } from "@reseal/store";
import { compareBytes } from "./compare-bytes.ts";
import { compareNpy } from "./compare-npy.ts";
import { replayErrors } from "./errors.ts";
import type { ArrayComparison, PayloadComparison } from "./payload-comparison.ts";
import { exact, type NumberTolerance } from "./tolerance.ts";

/** An archive of arrays, opened by whatever reads it; the ZIP must have been checked strictly. */
export interface NpzArchive {
  readonly entries: readonly NpzEntry[];
}

/** A file of an archive. */
export interface NpzEntry {
  readonly path: string;
  readonly size?: number;
  /** May be called more than once. */
  open(): ByteSource;
}

/**
 * Compare two archives of NumPy arrays, array by array; see {@link compareNpy}.
 *
 * An array is named by its file without `.npy`. What is not an array that can be read, such as a
 * pickle, is compared as bytes and never loaded. The first difference is in the first array by
 * name. How the archives are packed is no difference.
 * @throws `REPLAY_NPZ_INVALID` when an archive has two files of one name.
 */
export async function compareNpz(
  original: NpzArchive,
  candidate: NpzArchive,
  tolerance: NumberTolerance = exact,
): Promise<PayloadComparison> {
  const [a, b] = [byName(original), byName(candidate)];
  const arrays: ArrayComparison[] = [];
  for (const name of [...new Set([...a.keys(), ...b.keys()])].sort(compareUtf8)) {
    const array = await compareEntries(name, a.get(name), b.get(name), tolerance);
    if (array.status !== "equal") arrays.push(array);
  }
  return summary(arrays);
}

function byName({ entries }: NpzArchive): ReadonlyMap<string, NpzEntry> {
  const map = new Map(entries.map((entry) => [entry.path.replace(/\.npy$/, ""), entry]));
  if (map.size < entries.length)
    throw replayErrors.NPZ_INVALID("The archive has two arrays of one name.");
  return map;
}

async function compareEntries(
  name: string,
  original: NpzEntry | undefined,
  candidate: NpzEntry | undefined,
  tolerance: NumberTolerance,
): Promise<ArrayComparison> {
  if (original === undefined || candidate === undefined)
    return { name, status: original === undefined ? "added" : "missing" };
  const isArray = [original, candidate].every(({ path }) => path.endsWith(".npy"));
  if (!isArray) return { name, ...(await compareBytes(original.open(), candidate.open())) };
  try {
    const sizes = { originalSize: original.size, candidateSize: candidate.size };
    return {
      name,
      ...(await compareNpy(original.open(), candidate.open(), tolerance, sizes)),
    };
  } catch (error) {
    if (!isResealError(error) || error.code !== replayErrors.NPY_INVALID.code) throw error;
    return { name, ...(await compareBytes(original.open(), candidate.open())) };
  }
}

/** What the archives as a whole have in common: the worst of their arrays. */
function summary(arrays: readonly ArrayComparison[]): PayloadComparison {
  if (arrays.length === 0) return { status: "equal" };
  const first = arrays.find(({ status }) => status !== "within_tolerance");
  const worst = (key: "maxAbsoluteError" | "maxRelativeError" | "maxUlpError") => {
    const values = arrays.flatMap((array) => array[key] ?? []);
    return values.length === 0 ? {} : { [key]: Math.max(...values) };
  };
  const counts = arrays.flatMap(({ differingCount }) => differingCount ?? []);
  return {
    status: first === undefined ? "within_tolerance" : "different",
    ...(first && { firstDifference: { array: first.name, ...first.firstDifference } }),
    ...worst("maxAbsoluteError"),
    ...worst("maxRelativeError"),
    ...worst("maxUlpError"),
    ...(counts.length > 0 && { differingCount: counts.reduce((sum, count) => sum + count, 0) }),
    arrays,
  };
}
