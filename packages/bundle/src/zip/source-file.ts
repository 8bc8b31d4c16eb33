import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { createDigester, type Digest } from "@reseal/hash";
import type { ByteSource } from "@reseal/store";
import { bundleErrors } from "../errors.ts";
import { createSample, isCompressedKind, sliceBytes, sliceEvery } from "./compressible.ts";
import type { FileFacts } from "./zip-writer.ts";

/** A file to be written; it can be read again and again. */
export interface SourceFile extends FileFacts {
  readonly mediaType: string;
  /** Where its bytes lie, to be read and checked here or by another thread. */
  readonly local?: { readonly path: string; readonly digest: Digest } | undefined;
  /** Its bytes, checked on the way. */
  readonly open: () => Promise<ByteSource>;
}

const pieceBytes = 1024 * 1024;
const readFlags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);

/**
 * The bytes of a large file, checked against its digest.
 *
 * A piece is read while the one before is at work, and hashed while it is written: it is good until
 * the next but one is asked for. Three buffers serve for all of them, as new ones cost more than the
 * reading.
 * @throws `BUNDLE_SOURCE_CHANGED`, or what `open` says is wrong.
 */
export async function* readSource(file: SourceFile): ByteSource {
  const { local, size } = file;
  await using handle = local && (await openLocal(file, local.path));
  if (handle === undefined) {
    for await (const chunk of await file.open()) yield Buffer.from(chunk); // Its buffer may be used again.
    return;
  }
  const digester = createDigester();
  const buffers = Array.from({ length: 3 }, () => Buffer.allocUnsafeSlow(pieceBytes));
  const readNext = async (): Promise<Buffer> => {
    const [buffer = Buffer.alloc(0)] = buffers;
    buffers.push(...buffers.splice(0, 1));
    const { bytesRead } = await handle.read(buffer, 0, pieceBytes);
    return buffer.subarray(0, bytesRead);
  };
  const begin = (): Promise<Buffer> => {
    const reading = readNext();
    reading.catch(() => undefined); // It is thrown where it is waited for.
    return reading;
  };
  let reading = begin();
  try {
    while (digester.size <= size) {
      const piece = await reading;
      if (piece.byteLength === 0) break;
      reading = begin();
      yield piece;
      digester.update(piece);
    }
  } finally {
    await reading.catch(() => undefined); // The handle must not close under it.
  }
  if (digester.size !== size || digester.digest() !== local?.digest) await explain([file]);
}

/**
 * Ask slices of a file whether it pays to deflate it, as a reading of all of it would tell.
 * @returns `undefined` when it does not lie somewhere by itself.
 */
export async function sampleSource(file: SourceFile): Promise<boolean | undefined> {
  const { local, size, path, mediaType } = file;
  await using handle = local && (await openLocal(file, local.path));
  if (handle === undefined) return undefined;
  const sample = createSample();
  const buffer = Buffer.allocUnsafeSlow(sliceBytes);
  for (let at = 0; at < size; at += sliceEvery) {
    const wanted = Math.min(sliceBytes, size - at);
    const { bytesRead } = await handle.read(buffer, 0, wanted, at);
    if (bytesRead !== wanted) return await explain([file]);
    sample.push(buffer.subarray(0, wanted));
    sample.skip(sliceEvery - wanted);
  }
  return sample.looksCompressible(isCompressedKind(path, mediaType));
}

/** `undefined` when there is no such file: the store keeps the bytes in another form. */
async function openLocal(file: SourceFile, path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, readFlags);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    return await explain([file], error);
  }
}

/**
 * Read files that could not be read on the short way as everybody reads them, which says what is
 * wrong.
 */
export async function explain(files: readonly SourceFile[], error?: unknown): Promise<never> {
  for (const file of files) for await (const _ of await file.open());
  const [first] = files;
  throw error ?? changed(first ?? { path: "A file", size: 0, isExecutable: false });
}

/** A file that does not have the size or the bytes that its bundle says. */
export function changed({ path, size }: FileFacts): Error {
  return bundleErrors.SOURCE_CHANGED(`${path} does not have its ${size} bytes any more.`, {
    details: { path, size },
  });
}
