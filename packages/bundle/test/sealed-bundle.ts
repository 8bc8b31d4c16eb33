import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { canonicalJson, digestBytes, formatTree, parseDigest } from "@reseal/hash";
import type { Environment, FileRole, Manifest } from "@reseal/schema";
import { createMemoryStores, type MemoryStores, type Stores } from "@reseal/store";
import { onTestFinished } from "vitest";
import type { BundleDraft, DraftFile } from "../src/draft.ts";
import { exportBundle } from "../src/export.ts";
import { keysOf } from "../src/identity.ts";
import { openStoredBundle } from "../src/reader.ts";
import { type SealedBundle, sealBundle } from "../src/seal.ts";

export function makeFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "reseal-bundle-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Stores of a test; every run has an id that no other has. */
export function makeStores(changes: Parameters<typeof createMemoryStores>[0] = {}): MemoryStores {
  return createMemoryStores({ ids: { runId: () => randomUUID() }, ...changes });
}

/** Files of a small but complete run, by their paths in the bundle. */
export const files: Readonly<Record<string, string>> = {
  "code/train.py": "print(1)\n",
  "code/deep/é.py": "",
  "inputs/data.csv": "a,b\n1,2\n",
  "outputs/result.csv": "x\n1\n",
  "outputs/deep/figure.svg": "<svg/>\n",
  "metrics/loss.csv": "step,value\n0,1\n1,0.5\n",
  "logs/stdout.log": "started\n",
  "logs/stderr.log": "",
  "events.jsonl": "",
};

const roles: Readonly<Record<string, FileRole>> = {
  code: "code",
  inputs: "input",
  outputs: "output",
  metrics: "metrics",
  logs: "log",
  "events.jsonl": "events",
};

export const environment: Environment = {
  schema_version: "reseal.environment/v1",
  comparable: {
    runtime: { name: "python", version: "3.12.1" },
    packages: { numpy: "2.0.0" },
    os: { name: "linux", version: "6.1", arch: "x64" },
    cpu: { model: "test" },
  },
} as unknown as Environment;

export function draftOf(
  staged: readonly DraftFile[],
  changes: Partial<BundleDraft> = {},
): BundleDraft {
  return {
    type: "run",
    inputs: { command: ["python3", "train.py"], seed: 7 },
    results: { exit: { code: 0 }, metrics: { loss: 0.5 } },
    files: staged,
    config: {
      schema_version: "reseal.config-snapshot/v1",
      format: "json",
      path: "c.json",
      values: { rate: 0.5 },
    },
    environment,
    context: {
      run_id: randomUUID(),
      status: "finished",
      started_at: "2026-05-04T09:59:00.000Z",
      ended_at: "2026-05-04T09:59:30.000Z",
      duration_ms: 30_000,
      tags: [],
      authors: [{ name: "Lovelace, Ada" }],
      parents: [],
      user: "ada",
      host: "engine",
      tool: { name: "reseal", version: "0.0.0" },
      provision: { hardware: {}, software: {} },
      context_metrics: { elapsed: 30 },
      redaction: { counts: {}, withheld: [] },
      not_captured: {},
      warnings: [],
    },
    ...changes,
  };
}

/** Seal the files into stores, as a recorder does. */
export async function sealFiles(
  stores: Stores,
  contents: Readonly<Record<string, string | Uint8Array>> = files,
  changes: Partial<BundleDraft> = {},
): Promise<SealedBundle> {
  await using batch = await stores.blobs.openBatch();
  const staged: DraftFile[] = [];
  for (const [path, content] of Object.entries(contents)) {
    const { digest, size } = await batch.put(Buffer.from(content));
    const role = roles[path] ?? roles[path.split("/")[0] ?? ""] ?? "other";
    const metric = path.startsWith("metrics/") ? path.slice(8, -4) : undefined;
    staged.push({ path, role, digest, size, metric, isExecutable: path.endsWith(".py") });
  }
  return await sealBundle(stores, batch, draftOf(staged, changes));
}

/** An exported bundle in a folder of its own. */
export async function exportedBundle(
  contents: Readonly<Record<string, string>> = files,
  changes: Partial<BundleDraft> = {},
): Promise<string> {
  const stores = makeStores();
  const { seal } = await sealFiles(stores, contents, changes);
  const folder = join(makeFolder(), "bundle");
  await exportBundle(await openStoredBundle(stores, seal), folder);
  return folder;
}

type Mutable<Value> = { -readonly [Key in keyof Value]: Mutable<Value[Key]> };

/** What a forger may change: the manifest, and the bytes of files. */
export interface Forgery {
  readonly manifest: Mutable<Manifest>;
  /** Put other bytes under a path, with the digest and size that go with them. */
  replace(path: string, content: string): void;
}

/**
 * Change an exported bundle as somebody would who knows the format: digests, keys, checksums and
 * the canonical form are right again afterwards.
 */
export function forge(
  folder: string,
  change: (forgery: Forgery) => void,
  write: (manifest: Manifest) => string = canonicalJson,
): void {
  const file = join(folder, "manifest.json");
  const manifest = JSON.parse(readFileSync(file, "utf8")) as Mutable<Manifest>;
  const keys = (): object => {
    const { artifactId, inputKey, resultKey } = keysOf(manifest.content as Manifest["content"]);
    return { artifact_id: artifactId, input_key: inputKey, result_key: resultKey };
  };
  const before = keys();
  change({
    manifest,
    replace(path, content) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
      const entry = manifest.context.files.find((one) => one.path === path);
      if (entry === undefined) throw new Error(`${path} is not in the bundle`);
      entry.digest = digestBytes(content);
      entry.size = Buffer.byteLength(content);
    },
  });
  // Keys follow the content, unless the forgery is about them.
  if (JSON.stringify(before) !== JSON.stringify(keys())) Object.assign(manifest.context, keys());
  const text = write(manifest as Manifest);
  writeFileSync(file, text);
  for (const name of ["CITATION.bib", "citation.json", "citation.md"])
    rmSync(join(folder, name), { force: true });
  const sums = new Map(
    manifest.context.files.map(({ path, digest }) => [path, parseDigest(digest)] as const),
  );
  sums.set("manifest.json", digestBytes(text));
  writeFileSync(
    join(folder, "checksums.sha256"),
    formatTree([...sums].map(([path, digest]) => ({ path, digest }))),
  );
}
