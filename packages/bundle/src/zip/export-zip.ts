import type { Writable } from "node:stream";
import { compareUtf8, type Digest, parseDigest } from "@reseal/hash";
import type { ByteSource, OperationOptions } from "@reseal/store";
import { exportOnlyFiles } from "../export-only.ts";
import { mediaTypeOf } from "../media-type.ts";
import { bundlePaths } from "../paths.ts";
import type { BundleReader } from "../reader.ts";
import { openDeflatePool } from "./deflate-pool.ts";
import { addLarge } from "./large-entry.ts";
import { defaultLimits, smallBytesMax } from "./limits.ts";
import { checkNames } from "./names.ts";
import type { DeflateLevel } from "./pack-batch.ts";
import { SmallFiles } from "./small-files.ts";
import type { SourceFile } from "./source-file.ts";
import { openFileSink, streamSink } from "./zip-sink.ts";
import { ZipWriter } from "./zip-writer.ts";

/** Options of {@link exportZip}. */
export interface ZipExportOptions extends OperationOptions {
  /** How hard to deflate, 5 unless given. 0 stores everything, with the same bytes everywhere. */
  readonly level?: DeflateLevel | undefined;
  /** A folder for temporary files; beside the archive, or the system's, unless given. */
  readonly scratch?: string | undefined;
}

/** What an export to an archive wrote. */
export interface ZipExportReport {
  readonly seal: Digest;
  readonly files: number;
  /** Bytes of the files. */
  readonly bytes: number;
  /** Bytes of the archive. */
  readonly archiveBytes: number;
}

/** Node's zlib makes of JSON and text with 5 what `zip -6` makes of it, and takes less time than 6. */
const defaultLevel = 5;

/** From this many bytes on, threads save more time than they take to start. */
const threadsBytesMin = 4 * 1024 * 1024;

/**
 * Write a bundle as a ZIP archive: `manifest.json` first, then all other files in the order of
 * their names' UTF-8 bytes, with the times and rights of nobody, so that the same bundle gives the
 * same bytes (with the same zlib, that is the same Node; stored files, everywhere).
 *
 * A file is deflated when that saves 2 % or more. Every byte is checked against its digest on the
 * way; a file that is missing or damaged ends the export. A path appears whole or not at all; a
 * stream is left open, and what was written to it before an error has no end record.
 * @param target A path, or a stream that is already open, such as standard output.
 * @throws `BUNDLE_TARGET_EXISTS`, `BUNDLE_ZIP_UNSAFE` for names that no import would take,
 * `BUNDLE_SOURCE_CHANGED`, and what the reader throws.
 */
export async function exportZip(
  reader: BundleReader,
  target: string | Writable,
  { level = defaultLevel, scratch, signal }: ZipExportOptions = {},
): Promise<ZipExportReport> {
  const listedBytes = reader.manifest.context.files.reduce((sum, { size }) => sum + size, 0);
  // First, as threads take their time to start.
  await using pool = openDeflatePool(listedBytes > threadsBytesMin);
  const files = filesOf(reader, signal);
  checkNames(files, defaultLimits);
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  await using sink =
    typeof target === "string"
      ? await openFileSink(target, reader.seal.slice(-12))
      : streamSink(target);
  const writer = new ZipWriter(sink);
  const small = new SmallFiles(writer, pool, level);
  for (const file of files) {
    signal?.throwIfAborted();
    if (file.size <= smallBytesMax) {
      await small.add(file);
    } else {
      await small.flush();
      await addLarge(writer, file, { level, scratch: scratch ?? sink.scratch, signal });
    }
  }
  await small.flush();
  await writer.finish();
  return { seal: reader.seal, files: files.length, bytes, archiveBytes: writer.size };
}

function filesOf(reader: BundleReader, signal: AbortSignal | undefined): SourceFile[] {
  const listed = reader.manifest.context.files.map((entry) => {
    const digest = parseDigest(entry.digest);
    const path = reader.blobs?.localFile?.(digest);
    return {
      path: entry.path,
      size: entry.size,
      isExecutable: entry.mode === "executable",
      mediaType: entry.media_type,
      local: path === undefined ? undefined : { path, digest },
      open: () => reader.open(entry, { signal }),
    };
  });
  const others = exportOnlyFiles(reader).map(({ path, bytes }) => ({
    path,
    size: bytes.byteLength,
    isExecutable: false,
    mediaType: mediaTypeOf(path),
    open: () => Promise.resolve(once(bytes)),
  }));
  const rank = ({ path }: SourceFile): number => (path === bundlePaths.manifest ? 0 : 1);
  return [...listed, ...others].sort((a, b) => rank(a) - rank(b) || compareUtf8(a.path, b.path));
}

async function* once(bytes: Uint8Array): ByteSource {
  yield bytes;
}
