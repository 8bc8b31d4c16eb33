import { digestBytes, digestHex } from "@reseal/hash";
import type { RunKey } from "./run-key.ts";

const shortLength = 8;

/** The whole digest behind an entry's id: of its family and run alone, so it is the same in every scan. */
export function fullEntryId(
  family: string,
  { rule, value }: Pick<RunKey, "rule" | "value">,
): string {
  return digestHex(digestBytes(`${family}\n${rule}\n${value}`));
}

/**
 * The ids that are shown: the first 8 hex digits, and more of those digests that share them.
 * @param digests Each once.
 */
export function shortIds(digests: readonly string[]): Map<string, string> {
  const sorted = [...digests].sort();
  return new Map(
    sorted.map((digest, index) => {
      const shared = Math.max(
        sharedLength(digest, sorted[index - 1] ?? ""),
        sharedLength(digest, sorted[index + 1] ?? ""),
      );
      return [digest, digest.slice(0, Math.max(shortLength, shared + 1))];
    }),
  );
}

function sharedLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}
