import { createDigester, digestBytes } from "@reseal/hash";
import type { FileEntry } from "@reseal/schema";
import type { ByteSource, OperationOptions } from "@reseal/store";
import { bundleErrors } from "./errors.ts";
import { bundlePaths } from "./paths.ts";
import { type BundleReader, collect, manifestBytesMax, parseManifest } from "./reader.ts";
import type { ZipLimits } from "./zip/limits.ts";
import { openZip, type ZipArchive } from "./zip/open-zip.ts";

/** A bundle in an archive, which stays open until it is disposed of. */
export interface BundleZip extends BundleReader, AsyncDisposable {
  readonly archive: ZipArchive;
}

/**
 * Open a bundle that lies in a ZIP archive, in a file or in memory. The structure of the archive is
 * checked as a whole before anything of it is read; see `openZip`.
 * @throws `BUNDLE_NOT_A_BUNDLE`, `BUNDLE_MANIFEST_INVALID`, and what `openZip` throws.
 */
export async function openBundleZip(
  source: string | Uint8Array,
  limits?: ZipLimits,
): Promise<BundleZip> {
  const archive = await openZip(source, limits);
  try {
    return await readerOf(archive);
  } catch (error) {
    await archive[Symbol.asyncDispose]();
    throw error;
  }
}

async function readerOf(archive: ZipArchive): Promise<BundleZip> {
  const { location } = archive;
  const found = archive.find(bundlePaths.manifest);
  if (found === undefined) throw notABundle(archive);
  if (found.size > manifestBytesMax)
    throw bundleErrors.MANIFEST_INVALID(
      `The manifest of ${location} has more than ${manifestBytesMax} bytes.`,
    );
  const manifestBytes = await collect(archive.open(found));
  return {
    location,
    archive,
    seal: digestBytes(manifestBytes),
    ...(await parseManifest(manifestBytes, `of ${location}`)),
    manifestBytes,
    exported: {
      list: () => archive.entries.map(({ path }) => path).sort(),
      open(path) {
        const entry = archive.find(path);
        return entry === undefined ? undefined : archive.open(entry);
      },
    },
    open: (entry, options) => Promise.resolve(readVerified(archive, entry, options)),
    [Symbol.asyncDispose]: () => archive[Symbol.asyncDispose](),
  };
}

function notABundle({ location, entries }: ZipArchive): Error {
  const nested = entries.find(({ path }) => path.endsWith(`/${bundlePaths.manifest}`));
  const message = `${location} holds no ${bundlePaths.manifest}.`;
  if (nested === undefined) return bundleErrors.NOT_A_BUNDLE(message);
  return bundleErrors.NOT_A_BUNDLE(`${message} It holds ${nested.path}.`, {
    hint: "Archive what is in the folder, not the folder: (cd FOLDER && zip -r ../bundle.zip .)",
  });
}

async function* readVerified(
  archive: ZipArchive,
  { path, digest, size }: FileEntry,
  options: OperationOptions = {},
): ByteSource {
  const found = archive.find(path);
  if (found === undefined)
    throw bundleErrors.FILE_NOT_FOUND(`${path} is missing from ${archive.location}.`);
  const mismatch = (): Error =>
    bundleErrors.CORRUPT(`${path} in ${archive.location} does not match its digest.`, {
      details: { path, expected: digest },
    });
  // Before the first byte: a bomb is not inflated to see that it is too large.
  if (found.size !== size) throw mismatch();
  const digester = createDigester();
  for await (const chunk of archive.open(found, options)) {
    digester.update(chunk);
    yield chunk;
  }
  if (digester.digest() !== digest) throw mismatch();
}
