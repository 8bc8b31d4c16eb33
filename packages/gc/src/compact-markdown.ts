import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { digestBytes } from "@reseal/hash";
import type { MarkdownCompaction } from "./artifacts-config.ts";
import { cleanMarkdown } from "./clean-markdown.ts";
import { changed } from "./compact-jsonl.ts";
import type { CompactionTarget } from "./compact-one.ts";
import { type CompactionResult, ratioOf, resultOf } from "./compaction-report.ts";
import type { PoolWriter } from "./pool-writer.ts";

/** Markdown is cleaned up in memory; what is longer is no text that anybody reads. */
const bytesMax = 64 * 1024 * 1024;

/**
 * Clean a Markdown file up into a writer's file, which the caller puts in the place of the
 * original once that is in the trash; with no writer only find out what it would come to.
 * @throws `GC_FILE_CHANGED` when it is not the file that was planned any more.
 */
export async function compactMarkdown(
  folder: string,
  planned: CompactionTarget,
  config: MarkdownCompaction,
  writer: PoolWriter | undefined,
): Promise<CompactionResult> {
  if (planned.file.size > bytesMax)
    return { ...resultOf(planned, "left"), reason: "it is longer than 64 MiB" };
  const bytes = readFileSync(join(folder, planned.file.path));
  if (digestBytes(bytes) !== planned.file.digest) throw changed(planned);
  if (!isUtf8(bytes)) return { ...resultOf(planned, "left"), reason: "it is not UTF-8 text" };
  const cleaned = Buffer.from(cleanMarkdown(bytes.toString(), config));
  if (cleaned.byteLength >= bytes.byteLength)
    return { ...resultOf(planned, "not_smaller"), reason: "there is nothing to clean up" };
  await writer?.write(once(cleaned));
  return {
    ...resultOf(planned, "compacted"),
    compacted_path: planned.file.path,
    compacted_size: cleaned.byteLength,
    compacted_digest: digestBytes(cleaned),
    compression_ratio: ratioOf(bytes.byteLength, cleaned.byteLength),
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
