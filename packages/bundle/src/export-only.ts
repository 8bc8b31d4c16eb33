import { generateCitation } from "@reseal/cite";
import { digestBytes, formatTree, parseDigest } from "@reseal/hash";
import { bundlePaths } from "./paths.ts";
import type { BundleReader } from "./reader.ts";

/** A file of an exported bundle that its manifest does not list. */
export interface ExportOnlyFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** The manifest, the citations, and last the checksums of all files. */
export function exportOnlyFiles(reader: BundleReader): ExportOnlyFile[] {
  const { manifest, manifestBytes, seal } = reader;
  const files: ExportOnlyFile[] = [
    { path: bundlePaths.manifest, bytes: manifestBytes },
    {
      path: bundlePaths.citationBibtex,
      bytes: Buffer.from(generateCitation(manifest, seal, "bibtex")),
    },
    {
      path: bundlePaths.citationJson,
      bytes: Buffer.from(generateCitation(manifest, seal, "json")),
    },
    {
      path: bundlePaths.citationMarkdown,
      bytes: Buffer.from(generateCitation(manifest, seal, "markdown")),
    },
  ];
  const sums = [
    ...manifest.context.files.map(({ path, digest }) => ({ path, digest: parseDigest(digest) })),
    ...files.map(({ path, bytes }) => ({ path, digest: digestBytes(bytes) })),
  ];
  return [...files, { path: bundlePaths.checksums, bytes: Buffer.from(formatTree(sums)) }];
}
