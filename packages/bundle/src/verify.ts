import { isResealError } from "@reseal/errors";
import {
  canonicalDigest,
  compareUtf8,
  createDigester,
  type Digest,
  digestBytes,
  formatTree,
  parseDigest,
  type parseTree,
  type TreeEntry,
} from "@reseal/hash";
import type { FileEntry, Manifest, TreeRef } from "@reseal/schema";
import type { BlobInfo, BlobProblem, OperationOptions } from "@reseal/store";
import { keysOf } from "./identity.ts";
import { bundlePaths, bundleTrees, exportOnlyPaths } from "./paths.ts";
import { type BundleReader, collect, entryOf } from "./reader.ts";
import { isDocument, isTreeFile, verifyDocument } from "./verify-documents.ts";
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
   * Blobs that an earlier call found in order in the same store: their sizes by digest. They are
   * not read again, and what this call finds in order is added.
   */
  readonly verified?: Map<string, number> | undefined;
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
  { signal, onProgress, verified = new Map() }: VerifyOptions = {},
): Promise<VerifyReport> {
  const { manifest } = reader;
  const ofBlobs: Finding[] = [];
  const ofRest: Finding[] = [];
  const addTo =
    (findings: Finding[]): AddFinding =>
    (code, path, message) => {
      findings.push({ code, path, message });
    };
  // Other threads read the blobs while this one looks at the documents.
  const blobs = verifyBlobs(reader, addTo(ofBlobs), { signal, onProgress, verified });
  const rest = verifyRest(reader, addTo(ofRest), { signal, onProgress });
  for (const result of await Promise.allSettled([blobs, rest]))
    if (result.status === "rejected") throw result.reason;
  return {
    location: reader.location,
    run_id: manifest.context.run_id,
    artifact_id: manifest.context.artifact_id,
    seal: reader.seal,
    files: manifest.context.files.length,
    bytes: manifest.context.files.reduce((sum, { size }) => sum + size, 0),
    findings: [...ofBlobs, ...ofRest],
  };
}

async function verifyRest(
  reader: BundleReader,
  add: AddFinding,
  { signal, onProgress }: Pick<VerifyOptions, "signal" | "onProgress">,
): Promise<void> {
  const { manifest } = reader;
  verifyManifest(reader, add);
  const trees = derivedTrees(manifest);
  const isRead = (entry: FileEntry): boolean => isDocument(entry) && !trees.has(entry.path);
  const documents = new Map<string, unknown>();
  let byteCount = 0;
  for (const entry of manifest.context.files) {
    signal?.throwIfAborted();
    byteCount += entry.size;
    if (reader.blobs !== undefined && !isRead(entry)) continue;
    const isAlsoBlob = reader.blobs !== undefined && isTreeFile(entry.path);
    const addOnce = isAlsoBlob ? () => undefined : add; // What is wrong with its bytes is said there.
    const bytes = await verifyFile(reader, entry, isRead(entry), addOnce, { signal });
    onProgress?.({ path: entry.path, bytes: byteCount });
    if (bytes !== undefined) await verifyDocument(entry.path, bytes, documents, add);
  }
  verifyTrees(manifest, trees, documents, add);
  verifyPointers(manifest, documents, add);
  if (reader.exported !== undefined) await verifyExported(reader, reader.exported, add);
}

/**
 * The files of trees that are, by their digest, just what the file index makes of them. Nobody
 * needs to read what is in them.
 */
function derivedTrees(manifest: Manifest): ReadonlySet<string> {
  const derived = new Set<string>();
  for (const { folder, file } of bundleTrees) {
    const entry = entryOf(manifest, file);
    if (entry === undefined) continue;
    try {
      const text = Buffer.from(formatTree(membersOf(manifest, folder)));
      if (text.byteLength === entry.size && digestBytes(text) === entry.digest) derived.add(file);
    } catch (error) {
      // Names that no tree can have: what is wrong with it is found when it is read.
      if (!isResealError(error)) throw error;
    }
  }
  return derived;
}

function membersOf({ context }: Manifest, folder: string): TreeEntry[] {
  const prefix = `${folder}/`;
  return context.files
    .filter(({ path }) => path.startsWith(prefix))
    .map(({ path, digest }) => ({ path: path.slice(prefix.length), digest: digest as Digest }));
}

/** Take down a finding. */
export type AddFinding = (code: FindingCode, path: string, message: string) => void;

function verifyManifest(
  { manifest, seal, isKnownCanonical = false }: BundleReader,
  add: AddFinding,
): void {
  if (!isKnownCanonical && canonicalDigest(manifest) !== seal)
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

/** Check all files of a store that are not read here, many at once and each content once. */
async function verifyBlobs(
  { blobs, manifest }: BundleReader,
  add: AddFinding,
  { signal, onProgress, verified }: VerifyOptions & { readonly verified: Map<string, number> },
): Promise<void> {
  if (blobs === undefined) return;
  // Trees as well: that nobody needs to look into them is found out while others read the blobs.
  const isBlob = (entry: FileEntry): boolean => !isDocument(entry) || isTreeFile(entry.path);
  const entries = manifest.context.files.filter(isBlob);
  const wanted = new Map<string, BlobInfo>();
  // One digest with two sizes is checked with both: one of them must be wrong.
  const odd: BlobInfo[] = [];
  for (const { digest, size } of entries) {
    const known = wanted.get(digest)?.size ?? verified.get(digest);
    if (known === size) continue;
    const blob = { digest: parseDigest(digest), size };
    if (wanted.has(digest)) odd.push(blob);
    else wanted.set(digest, blob);
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
      if (problem === undefined) verified.set(blob.digest, blob.size);
      else problems.set(keyOf(blob), problem);
    }
  }
  if (problems.size === 0) return;
  for (const entry of entries) {
    const problem = problems.get(keyOf(entry));
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
  isRead: boolean,
  add: AddFinding,
  options: OperationOptions,
): Promise<Uint8Array | undefined> {
  try {
    const source = await reader.open(entry, options);
    if (isRead) {
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
  derived: ReadonlySet<string>,
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
    if (derived.has(file)) continue;
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
