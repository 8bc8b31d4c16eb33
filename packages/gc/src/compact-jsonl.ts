import { existsSync } from "node:fs";
import { join } from "node:path";
import { createDigester, type Digest } from "@reseal/hash";
import {
  type ByteSource,
  type DictionaryPlan,
  decodeDictionary,
  encodeDictionary,
  planDictionary,
} from "@reseal/store";
import type { CompactionTarget } from "./compact-one.ts";
import { type CompactionResult, ratioOf, resultOf } from "./compaction-report.ts";
import { gcErrors } from "./errors.ts";
import { compactPathOf } from "./plan-compaction.ts";
import { isDictionaryFile, transientBytes } from "./pool-file.ts";
import type { PoolWriter } from "./pool-writer.ts";

/**
 * Write a JSONL file in the dictionary form beside the original, or with no writer only find out
 * what it would come to. The original stays where it is. What was written is read again, and must
 * give back the original's bytes.
 * @throws `GC_FILE_CHANGED` when it is not the file that was planned any more.
 */
export async function compactJsonl(
  folder: string,
  planned: CompactionTarget,
  threshold: number,
  writer: PoolWriter | undefined,
): Promise<CompactionResult> {
  const path = join(folder, planned.file.path);
  const plan = await planDictionary(transientBytes(path), { threshold });
  if (plan.original.digest !== planned.file.digest) throw changed(planned);
  const compactPath = compactPathOf(planned.file.path);
  const facts = {
    compacted_path: compactPath,
    lines_processed: plan.lines,
    dict_fields: plan.dictionaries.map(({ name }) => Buffer.from(name, "latin1").toString()),
    preserved_schema: true,
  };
  if (plan.dictionaries.length === 0)
    return { ...resultOf(planned, "not_smaller"), ...facts, reason: tooUnique(threshold) };
  const target = join(folder, compactPath);
  if (existsSync(target)) return await takeOver(planned, facts, target);
  const encoded = await encode(path, plan, writer);
  const sizes = {
    compacted_size: encoded.size,
    compression_ratio: ratioOf(plan.original.size, encoded.size),
  };
  if (encoded.size >= plan.original.size) {
    writer?.discard();
    const reason = "the dictionary takes more than it saves";
    return { ...resultOf(planned, "not_smaller"), ...facts, ...sizes, reason };
  }
  if (writer !== undefined) {
    await assertRestores(writer.path, planned.file.digest);
    writer.publish(target, path);
  }
  const compacted_digest = encoded.digest;
  return { ...resultOf(planned, "compacted"), ...facts, ...sizes, compacted_digest };
}

/** A compacted file that an interrupted compaction left beside its original. */
async function takeOver(
  planned: CompactionTarget,
  facts: Partial<CompactionResult>,
  target: string,
): Promise<CompactionResult> {
  const problem = await problemOf(target, planned.file.digest);
  if (problem !== undefined)
    return {
      ...resultOf(planned, "failed"),
      ...facts,
      reason: `${facts.compacted_path} is there and ${problem}`,
    };
  const { size, digest } = await measure(transientBytes(target));
  return {
    ...resultOf(planned, "compacted"),
    ...facts,
    compacted_size: size,
    compacted_digest: digest,
    compression_ratio: ratioOf(planned.file.size, size),
  };
}

async function problemOf(target: string, original: Digest): Promise<string | undefined> {
  if (!isDictionaryFile(target)) return "is not ours";
  try {
    const { digest } = await measure(
      decodeDictionary(transientBytes(target), { isTransient: true }),
    );
    return digest === original ? undefined : "holds something else";
  } catch {
    return "cannot be read";
  }
}

async function encode(
  path: string,
  plan: DictionaryPlan,
  writer: PoolWriter | undefined,
): Promise<{ readonly size: number; readonly digest: Digest }> {
  const source = encodeDictionary(transientBytes(path), plan);
  return writer === undefined ? await measure(source) : await writer.write(source);
}

async function assertRestores(path: string, original: Digest): Promise<void> {
  const { digest } = await measure(decodeDictionary(transientBytes(path), { isTransient: true }));
  if (digest === original) return;
  throw gcErrors.COMPACTION_WRONG("What was written does not restore the original.", {
    details: { original, restored: digest },
  });
}

async function measure(
  source: ByteSource,
): Promise<{ readonly size: number; readonly digest: Digest }> {
  const digester = createDigester();
  for await (const chunk of source) digester.update(chunk);
  return { size: digester.size, digest: digester.digest() };
}

function tooUnique(threshold: number): string {
  return `no value stands ${threshold} times (dict_threshold) and is long enough to pay`;
}

/** A file that is not what was planned. */
export function changed({ file }: CompactionTarget): Error {
  return gcErrors.FILE_CHANGED(`${file.path} changed since the scan (checksum mismatch).`, {
    details: { path: file.path },
  });
}
