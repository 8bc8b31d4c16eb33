import { digestBytes, parseStrictJson, parseTree } from "@reseal/hash";
import { validate } from "@reseal/schema";
import { compactedPath } from "./compacted-file.ts";
import type { ExportedFiles } from "./exported-files.ts";
import { bundlePaths, exportOnlyPaths } from "./paths.ts";
import { type BundleReader, manifestBytesMax } from "./reader.ts";
import type { AddFinding } from "./verify.ts";

/**
 * What only an exported bundle has, in a folder or an archive: extra files, checksums and citations
 * beside the manifest.
 */
export async function verifyExported(
  reader: BundleReader,
  files: ExportedFiles,
  add: AddFinding,
): Promise<void> {
  const listed = new Set(reader.manifest.context.files.map((entry) => entry.path));
  const paths = new Set(files.list());
  const compacted = new Set([...listed].filter((path) => !paths.has(path)).map(compactedPath));
  for (const path of paths)
    if (!listed.has(path) && !exportOnlyPaths.has(path) && !compacted.has(path))
      add("extra_file", path, "The manifest does not list it.");
  await verifyChecksums(files, listed, add);
  await verifyCitation(reader, files, add);
}

async function verifyChecksums(
  files: ExportedFiles,
  listed: ReadonlySet<string>,
  add: AddFinding,
): Promise<void> {
  const source = files.open(bundlePaths.checksums);
  if (source === undefined) {
    add("missing_file", bundlePaths.checksums, "An exported bundle has checksums.");
    return;
  }
  let entries: ReturnType<typeof parseTree>;
  try {
    entries = parseTree(await collectAtMost(source, manifestBytesMax));
  } catch (error) {
    add("schema", bundlePaths.checksums, (error as Error).message);
    return;
  }
  const covered = new Set(entries.map((entry) => entry.path));
  for (const required of [bundlePaths.manifest, ...listed])
    if (!covered.has(required)) add("missing_file", required, "checksums.sha256 does not list it.");
  for (const { path, digest } of entries) {
    if (listed.has(path)) continue; // Read and checked already.
    const other = exportOnlyPaths.has(path) ? files.open(path) : undefined;
    if (other === undefined) add("missing_file", path, "checksums.sha256 lists it.");
    else await compareDigest(path, other, digest, add);
  }
}

/** Room for a citation with thousands of authors. */
const citationBytesMax = 16 * 1024 * 1024;

async function compareDigest(
  path: string,
  source: AsyncIterable<Uint8Array>,
  digest: string,
  add: AddFinding,
): Promise<void> {
  try {
    const actual = digestBytes(await collectAtMost(source, citationBytesMax));
    if (actual !== digest)
      add("digest_mismatch", path, `checksums.sha256 says ${digest}, it is ${actual}.`);
  } catch (error) {
    add("unreadable", path, (error as Error).message);
  }
}

async function verifyCitation(
  { seal, manifest }: BundleReader,
  files: ExportedFiles,
  add: AddFinding,
): Promise<void> {
  const source = files.open(bundlePaths.citationJson);
  if (source === undefined) return;
  try {
    const bytes = await collectAtMost(source, citationBytesMax);
    const citation = parseStrictJson(bytes) as Record<string, unknown>;
    for (const { pointer, message } of await validate("citation", citation))
      add("schema", bundlePaths.citationJson, `${pointer || "/"} ${message}`);
    const { artifact_id } = manifest.context;
    if (citation.artifact_id !== artifact_id || citation.seal !== seal)
      add("pointer", bundlePaths.citationJson, "It cites another artifact or seal.");
  } catch (error) {
    add("schema", bundlePaths.citationJson, (error as Error).message);
  }
}

async function collectAtMost(
  source: AsyncIterable<Uint8Array>,
  bytesMax: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let byteCount = 0;
  for await (const chunk of source) {
    byteCount += chunk.byteLength;
    if (byteCount > bytesMax) throw new RangeError(`It has more than ${bytesMax} bytes.`);
    chunks.push(new Uint8Array(chunk)); // The source may use its buffer again.
  }
  return Buffer.concat(chunks);
}
