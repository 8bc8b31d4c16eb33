import { createReadStream, existsSync } from "node:fs";
import { join } from "node:path";
import type { FileEntry } from "@reseal/schema";
import { type ByteSource, decodeDictionary, type OperationOptions } from "@reseal/store";

/** The name that JSON Lines have when somebody compacted them; `undefined` for other files. */
export function compactedPath(path: string): string | undefined {
  return path.endsWith(".jsonl") && !path.endsWith(".compact.jsonl")
    ? path.replace(/\.jsonl$/, ".compact.jsonl")
    : undefined;
}

/** Whether a folder holds a file only in its compacted form. Reseal itself never compacts a bundle. */
export function isOnlyCompacted(folder: string, path: string): boolean {
  const compacted = compactedPath(path);
  if (compacted === undefined || existsSync(join(folder, path))) return false;
  return existsSync(join(folder, compacted));
}

/**
 * The original bytes of a compacted file, no more than its entry says.
 * @param path Of the compacted file, absolute.
 */
export function compactedBytes(
  path: string,
  { size }: Pick<FileEntry, "size">,
  { signal }: OperationOptions,
): ByteSource {
  return decodeDictionary(createReadStream(path, { signal }), { bytesMax: size });
}
