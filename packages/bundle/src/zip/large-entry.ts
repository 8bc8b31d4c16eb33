import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, crc32 } from "node:zlib";
import type { ByteSource, OperationOptions } from "@reseal/store";
import { createSample, isCompressedKind, worthwhile } from "./compressible.ts";
import { defaultLimits } from "./limits.ts";
import { openZip } from "./open-zip.ts";
import type { DeflateLevel } from "./pack-batch.ts";
import { changed, readSource, type SourceFile, sampleSource } from "./source-file.ts";
import { openZipSource } from "./zip-source.ts";
import type { ZipWriter } from "./zip-writer.ts";

/** How large files are written. */
export interface LargeOptions extends OperationOptions {
  readonly level: DeflateLevel;
  /** A folder for the deflated form, which is smaller than the file. */
  readonly scratch: string | undefined;
}

/**
 * Add a file that is streamed. It is read twice: to know its CRC-32 and whether deflating it pays,
 * and to write it, because both stand before the data in the archive. Once is enough for what is
 * stored, where a header can be written after its data.
 */
export async function addLarge(
  writer: ZipWriter,
  file: SourceFile,
  { level, scratch = tmpdir(), signal }: LargeOptions,
): Promise<void> {
  if (writer.canGoBack) {
    const mayShrink = level > 0 ? await sampleSource(file) : false;
    if (mayShrink === false) return await writer.addStored(file, readSource(file));
  }
  const { crc, isCompressible } = await survey(file, level > 0);
  if (isCompressible) {
    const temporary = join(scratch, `.reseal-${randomUUID()}.tmp`);
    try {
      if (await addDeflated(writer, file, temporary, level, signal)) return;
    } finally {
      await rm(temporary, { force: true });
    }
  }
  const data = { method: "stored", crc, compressedSize: file.size } as const;
  await writer.addData(file, data, readSource(file));
}

async function survey(
  file: SourceFile,
  mayDeflate: boolean,
): Promise<{ readonly crc: number; readonly isCompressible: boolean }> {
  const sample = mayDeflate ? createSample() : undefined;
  let crc = 0;
  for await (const chunk of readSource(file)) {
    crc = crc32(chunk, crc);
    sample?.push(chunk);
  }
  const isCompressed = isCompressedKind(file.path, file.mediaType);
  return { crc, isCompressible: sample?.looksCompressible(isCompressed) === true };
}

/** @returns `false` when the deflated form is not worth it after all. */
async function addDeflated(
  writer: ZipWriter,
  file: SourceFile,
  temporary: string,
  level: DeflateLevel,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  for (const strategy of [constants.Z_DEFAULT_STRATEGY, constants.Z_HUFFMAN_ONLY]) {
    if (!(await writeArchive(file, temporary, { level, strategy }, signal))) return false;
    await using archive = await openZip(temporary, { ratioMax: Number.MAX_SAFE_INTEGER });
    const [entry] = archive.entries;
    if (entry === undefined || entry.size !== file.size) throw changed(file);
    const { compressedSize, crc32: crc } = entry;
    // What shrinks too well looks like a bomb. Without repetitions it shrinks to an eighth at best.
    const isTooSmall = compressedSize * defaultLimits.ratioMax < file.size;
    if (isTooSmall && strategy === constants.Z_DEFAULT_STRATEGY) {
      await rm(temporary);
      continue;
    }
    const data = { method: "deflated", crc, compressedSize } as const;
    await writer.addData(file, data, readRange(temporary, entry.dataOffset, compressedSize));
    return true;
  }
  return false;
}

/** Let archiver write an archive with this file alone. @returns `false` when it grows too large. */
async function writeArchive(
  file: SourceFile,
  temporary: string,
  zlib: { readonly level: DeflateLevel; readonly strategy: number },
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const { ZipArchive } = await import("archiver");
  const archive = new ZipArchive({ zlib });
  const bytesMax = file.size * worthwhile;
  let failure: unknown;
  let byteCount = 0;
  async function* content(): ByteSource {
    try {
      for await (const chunk of readSource(file)) yield Buffer.from(chunk); // It is queued.
    } catch (error) {
      // archiver would write a complete-looking archive with what it has.
      failure = error;
      archive.destroy(error as Error);
    }
  }
  async function* bounded(chunks: AsyncIterable<Uint8Array>): ByteSource {
    for await (const chunk of chunks) {
      byteCount += chunk.byteLength;
      if (byteCount > bytesMax) return;
      yield chunk;
    }
  }
  archive.append(Readable.from(content(), { objectMode: false }), { name: "entry" });
  archive.finalize().catch(() => undefined);
  const target = createWriteStream(temporary, { flags: "wx", mode: 0o600 });
  try {
    await pipeline(archive, bounded, target, { signal });
  } catch (error) {
    throw failure ?? error;
  }
  if (failure !== undefined) throw failure;
  return byteCount <= bytesMax;
}

const pieceBytes = 1024 * 1024;

async function* readRange(path: string, offset: number, length: number): ByteSource {
  using source = openZipSource(path);
  for (let at = 0; at < length; at += pieceBytes) {
    yield source.read(offset + at, Math.min(pieceBytes, length - at));
  }
}
