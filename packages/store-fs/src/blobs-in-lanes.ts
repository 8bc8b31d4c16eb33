import {
  type BlobInfo,
  type BlobProblem,
  type BulkOptions,
  type LocalCopy,
  storeErrors,
} from "@reseal/store";
import type { FlatProblem } from "./lane-work.ts";
import type { Lanes } from "./lanes.ts";

const sizeOf = ({ size }: BlobInfo): number => size;

/** Read blobs whole and give those that are not in order, in the order asked for. */
export async function checkInLanes(
  lanes: Lanes,
  root: string,
  blobs: readonly BlobInfo[],
  options?: BulkOptions,
): Promise<readonly BlobProblem[]> {
  const problems = new Map<string, BlobProblem>();
  await lanes.spread(
    blobs,
    {
      sizeOf,
      taskOf: (part) => ({
        kind: "check",
        root,
        blobs: part.map(({ digest, size }) => ({ digest, size })),
      }),
      take: ({ problems: found }) => {
        for (const problem of found) problems.set(problem.digest, raise(problem));
      },
    },
    options,
  );
  return blobs.flatMap(({ digest }) => {
    const problem = problems.get(digest);
    problems.delete(digest);
    return problem ?? [];
  });
}

/** Write blobs as local files. */
export async function copyInLanes(
  lanes: Lanes,
  root: string,
  copies: readonly LocalCopy[],
  options?: BulkOptions,
): Promise<void> {
  await lanes.spread(
    copies,
    {
      sizeOf,
      taskOf: (part) => ({
        kind: "copy",
        root,
        copies: part.map(({ digest, size, path, mode }) => ({ digest, size, path, mode })),
      }),
      take: () => undefined,
    },
    options,
  );
}

/** The error of a blob again, as it was before it went from thread to thread. */
export function raise({ digest, code, message, details }: FlatProblem): BlobProblem {
  const known = [storeErrors.BLOB_NOT_FOUND, storeErrors.BLOB_CORRUPT, storeErrors.UNAVAILABLE];
  const make = known.find((one) => one.code === code) ?? storeErrors.READ_FAILED;
  return { digest, error: make(message, { details }) };
}
