import {
  canonicalJson,
  compareUtf8,
  createDigester,
  type Digest,
  parseDigest,
  type parseTree,
} from "@reseal/hash";
import type { FileEntry, Manifest, TreeRef } from "@reseal/schema";
import type { BlobInfo, BlobProblem, BlobStore, OperationOptions } from "@reseal/store";
import { keysOf } from "./identity.ts";
import { bundlePaths, bundleTrees, exportOnlyPaths } from "./paths.ts";
import { type BundleReader, collect, entryOf } from "./reader.ts";
import { isDocument, verifyDocument } from "./verify-documents.ts";
import { verifyExported } from "./verify-exported.ts";
import { verifyPointers } from "./verify-pointers.ts";

/** What kind of thing is wrong with a bundle. */
export type FindingCode =
  | "digest_mismatch"
  | "key_mismatch"
  | "missing_file"
  | "extra_file"
  | "not_canonical"
  | "pointer"
  | "schema"
  | "tree_mismatch"
  | "unreadable";

/** One thing that is wrong. */
export interface Finding {
  readonly code: FindingCode;
  /** A path in the bundle, or a JSON pointer into the manifest. */
  readonly path: string;
  readonly message: string;
}

/** What a verification found; no findings means intact. */
export interface VerifyReport {
  readonly location: string;
  readonly run_id: string;
  readonly artifact_id: string;
  readonly seal: Digest;
  readonly files: number;
  readonly bytes: number;
  readonly findings: readonly Finding[];
}

/** Told after every file that was read. */
export interface VerifyProgress {
  readonly path: string;
  readonly bytes: number;
}

/** Options of {@link verifyBundle}. */
export interface VerifyOptions extends OperationOptions {
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined;
  /**
   * Digests that an earlier call found in order in the same store. They are not read again, and
   * what this call finds in order is added.
   */
  readonly verified?: Set<string> | undefined;
}

/** Whether a finding means that bytes are not what they were sealed as. */
export function isIntegrityFinding({ code }: Finding): boolean {
  return code !== "extra_file" && code !== "schema" && code !== "pointer";
}

/**
 * Read every byte of a bundle again and check all it claims: digests, sizes, canonical form, keys,
 * trees, documents against their schemas, pointers, missing and extra files, checksums.
 *
 * Finding something wrong is not an error: the report says what. Only a manifest that cannot be
 * read at all throws.
 */
export async function verifyBundle(
  reader: BundleReader,
  { signal, onProgress, verified = new Set() }: VerifyOptions = {},
): Promise<VerifyReport> {
  const { manifest } = reader;
  const findings: Finding[] = [];
  const add = (code: FindingCode, path: string, message: string): void => {
    findings.push({ code, path, message });
  };
  verifyManifest(reader, add);
  const documents = new Map<string, unknown>();
  let byteCount = 0;
  if (reader.blobs !== undefined)
    await verifyBlobs(reader.blobs, manifest, add, { signal, onProgress, verified });
  for (const entry of manifest.context.files) {
    signal?.throwIfAborted();
    byteCount += entry.size;
    if (reader.blobs !== undefined && !isDocument(entry)) continue;
    const bytes = await verifyFile(reader, entry, add, { signal });
    onProgress?.({ path: entry.path, bytes: byteCount });
    if (bytes !== undefined) await verifyDocument(entry.path, bytes, documents, add);
  }
  verifyTrees(manifest, documents, add);
  verifyPointers(manifest, documents, add);
  if (reader.exported !== undefined) await verifyExported(reader, reader.exported, add);
  return {
    location: reader.location,
    run_id: manifest.context.run_id,
    artifact_id: manifest.context.artifact_id,
    seal: reader.seal,
    files: manifest.context.files.length,
    bytes: byteCount,
    findings,
  };
}

/** Take down a finding. */
export type AddFinding = (code: FindingCode, path: string, message: string) => void;

function verifyManifest({ manifest, manifestBytes }: BundleReader, add: AddFinding): void {
  const text = Buffer.from(manifestBytes).toString("utf8");
  if (canonicalJson(manifest) !== text)
    add("not_canonical", bundlePaths.manifest, "The manifest is not canonical JSON (RFC 8785).");
  const { context } = manifest;
  const keys = keysOf(manifest.content);
  const claims = [
    ["artifact_id", context.artifact_id, keys.artifactId],
    ["input_key", context.input_key, keys.inputKey],
    ["result_key", context.result_key, keys.resultKey],
  ] as const;
  for (const [name, claimed, actual] of claims)
    if (claimed !== actual)
      add("key_mismatch", `/context/${name}`, `It says ${claimed}, the content gives ${actual}.`);
  context.files.forEach(({ path }, index) => {
    const before = context.files[index - 1]?.path;
    const order = before === undefined ? -1 : compareUtf8(before, path);
    if (order === 0) add("schema", path, "The file index lists it twice.");
    if (order > 0) add("schema", path, "The file index is not sorted by path.");
    if (exportOnlyPaths.has(path))
      add("schema", path, "An export writes a file of this name itself.");
  });
}

/** Check all files that are no documents, many at once and each content once. */
async function verifyBlobs(
  blobs: Pick<BlobStore, "check">,
  { context }: Manifest,
  add: AddFinding,
  { signal, onProgress, verified }: VerifyOptions & { readonly verified: Set<string> },
): Promise<void> {
  const wanted = new Map<Digest, BlobInfo>();
  // One digest with two sizes is checked with both: one of them must be wrong.
  const odd: BlobInfo[] = [];
  for (const entry of context.files) {
    if (isDocument(entry)) continue;
    const blob = { digest: parseDigest(entry.digest), size: entry.size };
    const other = wanted.get(blob.digest);
    if (other !== undefined && other.size !== blob.size) odd.push(blob);
    if (!verified.has(keyOf(blob))) wanted.set(blob.digest, other ?? blob);
  }
  const problems = new Map<string, BlobProblem>();
  for (const part of [[...wanted.values()], odd]) {
    const found = await blobs.check(part, {
      signal,
      onProgress: ({ items, bytes }) => onProgress?.({ path: `${items} files`, bytes }),
    });
    const bad = new Map(found.map((problem) => [problem.digest, problem]));
    for (const blob of part) {
      const problem = bad.get(blob.digest);
      if (problem === undefined) verified.add(keyOf(blob));
      else problems.set(keyOf(blob), problem);
    }
  }
  for (const entry of context.files) {
    const problem = isDocument(entry) ? undefined : problems.get(keyOf(entry));
    if (problem !== undefined) addProblem(entry, problem.error, add);
  }
}

function keyOf({ digest, size }: { readonly digest: string; readonly size: number }): string {
  return `${digest} ${size}`;
}

function addProblem(
  { path, digest }: FileEntry,
  { code = "", message }: { readonly code?: string; readonly message: string },
  add: AddFinding,
): void {
  if (code.endsWith("_NOT_FOUND")) add("missing_file", path, "The file is missing.");
  else if (code.endsWith("_CORRUPT"))
    add("digest_mismatch", path, `Its bytes are not those of ${digest}.`);
  else add("unreadable", path, message);
}

async function verifyFile(
  reader: BundleReader,
  entry: FileEntry,
  add: AddFinding,
  options: OperationOptions,
): Promise<Uint8Array | undefined> {
  try {
    const source = await reader.open(entry, options);
    if (isDocument(entry)) {
      const bytes = await collect(source);
      if (bytes.byteLength === entry.size) return bytes;
      add("digest_mismatch", entry.path, `It has ${bytes.byteLength} bytes, not ${entry.size}.`);
      return undefined;
    }
    const digester = createDigester();
    for await (const chunk of source) digester.update(chunk);
    if (digester.size !== entry.size)
      add("digest_mismatch", entry.path, `It has ${digester.size} bytes, not ${entry.size}.`);
  } catch (error) {
    options.signal?.throwIfAborted();
    addProblem(entry, error as Error & { code?: string }, add);
  }
  return undefined;
}

function verifyTrees(
  manifest: Manifest,
  documents: ReadonlyMap<string, unknown>,
  add: AddFinding,
): void {
  for (const { folder, file, half, key } of bundleTrees) {
    const claimed = (manifest.content[half] as Readonly<Record<string, TreeRef>>)[key];
    const members = manifest.context.files.filter((entry) => entry.path.startsWith(`${folder}/`));
    if (claimed === undefined) {
      if (members.length > 0)
        add("tree_mismatch", `${folder}/`, `${members.length} files belong to no tree.`);
      continue;
    }
    if (entryOf(manifest, file)?.digest !== claimed.tree)
      add("tree_mismatch", file, `The content names tree ${claimed.tree}.`);
    const bytes = members.reduce((sum, member) => sum + member.size, 0);
    if (members.length !== claimed.files || bytes !== claimed.bytes)
      add(
        "tree_mismatch",
        file,
        `The content says ${claimed.files} files, ${claimed.bytes} bytes.`,
      );
    const entries = documents.get(file) as ReturnType<typeof parseTree> | undefined;
    if (entries === undefined) {
      add("tree_mismatch", file, "It cannot be read as a tree.");
      continue;
    }
    const listed = new Map(entries.map(({ path, digest }) => [`${folder}/${path}`, digest]));
    for (const member of members)
      if (listed.get(member.path) !== member.digest)
        add("tree_mismatch", member.path, `${file} does not list it with this digest.`);
    if (listed.size > members.length)
      add("tree_mismatch", file, `${listed.size - members.length} listed files are not there.`);
  }
}
