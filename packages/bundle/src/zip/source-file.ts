import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { createDigester, type Digest } from "@reseal/hash";
import type { ByteSource } from "@reseal/store";
import { bundleErrors } from "../errors.ts";
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
 * The bytes of a large file, checked against its digest. A piece is good until the next is asked
 * for: one buffer serves for all of them, as new ones cost more than the reading.
 * @throws `BUNDLE_SOURCE_CHANGED`, or what `open` says is wrong.
 */
export async function* readSource(file: SourceFile): ByteSource {
  const { local, size } = file;
  if (local === undefined) {
    yield* await file.open();
    return;
  }
  await using handle = await openLocal(file, local.path);
  if (handle === undefined) {
    yield* await file.open();
    return;
  }
  const digester = createDigester();
  const buffer = Buffer.allocUnsafeSlow(pieceBytes);
  while (digester.size <= size) {
    const { bytesRead } = await handle.read(buffer, 0, pieceBytes);
    if (bytesRead === 0) break;
    const piece = buffer.subarray(0, bytesRead);
    digester.update(piece);
    yield piece;
  }
  if (digester.size !== size || digester.digest() !== local.digest) await explain([file]);
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
