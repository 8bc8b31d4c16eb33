import { canonicalJson, type Digest, formatTree, parseDigest, utf8Comparison } from "@reseal/hash";
import {
  assertValid,
  type Content,
  type FileEntry,
  type Manifest,
  type TreeRef,
} from "@reseal/schema";
import type { BlobBatch, OperationOptions, Stores } from "@reseal/store";
import { watchDeletions } from "./deletion-watch.ts";
import { buildDocuments } from "./documents.ts";
import type { BundleDraft, DraftFile } from "./draft.ts";
import { bundleErrors } from "./errors.ts";
import { envKeyOf, type Keys, keysOf } from "./identity.ts";
import { mediaTypeOf } from "./media-type.ts";
import { bundlePaths, bundleTrees } from "./paths.ts";
import { manifestBytesMax } from "./reader.ts";
import { sealRecordOf } from "./seal-record.ts";

/** A bundle that is in the store for good. */
export interface SealedBundle {
  readonly manifest: Manifest;
  readonly seal: Digest;
  readonly keys: Keys;
}

/** Options of {@link sealBundle}. */
export interface SealOptions extends OperationOptions {
  /** Longest manifest, in bytes; what readers take unless said. */
  readonly bytesMax?: number | undefined;
}

/**
 * Seal a bundle: derive trees, keys and documents, write the manifest, make all of it durable, and
 * only then tell the journal and the catalog.
 *
 * `batch` holds the staged files of the draft and is committed here. When this resolves, the seal
 * survives a power cut.
 * @throws `SCHEMA_INVALID` when the draft does not make a valid manifest, `BUNDLE_TOO_LARGE` when
 *   nobody would read it.
 */
export async function sealBundle(
  stores: Stores,
  batch: BlobBatch,
  draft: BundleDraft,
  { signal, bytesMax = manifestBytesMax }: SealOptions = {},
): Promise<SealedBundle> {
  batch.settle?.(); // The disk works while the manifest is made.
  const createdAt = new Date(stores.clock.now()).toISOString();
  const files = [...draft.files];
  const stage = async (path: string, role: DraftFile["role"], text: string): Promise<Digest> => {
    const { digest, size } = await batch.put(Buffer.from(text, "utf8"), { signal });
    files.push({ path, role, digest, size });
    return digest;
  };

  const trees = await stageTrees(draft.files, stage);
  const config =
    draft.config && (await stage(bundlePaths.config, "config", canonicalJson(draft.config)));
  const content: Content = {
    content_version: 1,
    type: draft.type,
    inputs: { ...draft.inputs, ...trees.inputs, ...(config && { config }) },
    results: { ...draft.results, ...trees.results },
  };
  const keys = keysOf(content);
  const envKey = draft.environment ? envKeyOf(draft.environment) : null;
  for (const document of buildDocuments({
    draft,
    content,
    keys,
    createdAt,
    files,
    tenant: stores.tenant,
  }))
    await stage(document.path, document.role, document.text);

  const manifest: Manifest = {
    content,
    context: {
      ...draft.context,
      schema_version: "reseal.manifest/v1",
      artifact_id: keys.artifactId,
      input_key: keys.inputKey,
      result_key: keys.resultKey,
      env_key: envKey,
      created_at: createdAt,
      tenant: stores.tenant,
      files: fileIndex(files),
    },
  };
  await assertValid("manifest", manifest);
  const bytes = Buffer.from(canonicalJson(manifest), "utf8");
  if (bytes.byteLength > bytesMax)
    throw bundleErrors.TOO_LARGE(
      `The manifest would have ${bytes.byteLength} bytes, for ${files.length} files; ` +
        `${bytesMax} are read.`,
      { details: { bytes: bytes.byteLength, bytes_max: bytesMax, files: files.length } },
    );
  const { digest: seal } = await batch.put(bytes, { signal });
  await publishSeal(stores, batch, { manifest, seal, size: bytes.byteLength, signal });
  return { manifest, seal, keys };
}

/** A manifest whose blobs are all in a batch. */
export interface StagedSeal extends OperationOptions {
  readonly manifest: Manifest;
  readonly seal: Digest;
  /** Of the manifest, in bytes. */
  readonly size: number;
}

/**
 * Make the blobs of a seal durable, then tell the journal, then the catalog.
 * @throws `STORE_BLOB_NOT_FOUND` when a blob was deleted meanwhile; nothing is sealed then.
 */
export async function publishSeal(
  stores: Stores,
  batch: BlobBatch,
  { manifest, seal, size, signal }: StagedSeal,
): Promise<void> {
  const watch = await watchDeletions(stores);
  await batch.commit({ signal });
  const { artifact_id, run_id, created_at, files } = manifest.context;
  const { tenant } = stores;
  const line = { seal, tenant, run_id, artifact_id, created_at };
  const guard = (): Promise<void> =>
    watch.assertThere([seal, ...files.map(({ digest }) => parseDigest(digest))]);
  const applied = await stores.journal.append("seals", [line], { guard });
  await stores.catalog.addSeals([sealRecordOf(manifest, { seal, size, tenant })], { applied });
}

type Trees = {
  readonly inputs: Record<string, TreeRef>;
  readonly results: Record<string, TreeRef>;
};

async function stageTrees(
  files: readonly DraftFile[],
  stage: (path: string, role: "tree", text: string) => Promise<Digest>,
): Promise<Trees> {
  const trees: Trees = { inputs: {}, results: {} };
  for (const { folder, file, half, key } of bundleTrees) {
    const prefix = `${folder}/`;
    const members = files.filter((member) => member.path.startsWith(prefix));
    if (members.length === 0) continue;
    const entries = members.map(({ path, digest }) => ({
      path: path.slice(prefix.length),
      digest,
    }));
    trees[half][key] = {
      tree: await stage(file, "tree", formatTree(entries)),
      files: members.length,
      bytes: members.reduce((sum, member) => sum + member.size, 0),
    };
  }
  return trees;
}

function fileIndex(files: readonly DraftFile[]): FileEntry[] {
  const compare = utf8Comparison(files.map(({ path }) => path));
  return files.map(fileEntry).sort((a, b) => compare(a.path, b.path));
}

/** With its keys in the order of canonical JSON, so that it need not be copied for that. */
function fileEntry(file: DraftFile): FileEntry {
  const { path, role, size, origin } = file;
  const digest = parseDigest(file.digest);
  const media_type = file.mediaType ?? mediaTypeOf(path);
  if (file.isExecutable !== true && origin === undefined)
    return { digest, media_type, path, role, size };
  return {
    digest,
    media_type,
    ...(file.isExecutable === true && { mode: "executable" as const }),
    ...(origin && { origin }),
    path,
    role,
    size,
  };
}
