import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { type BundleDraft, exportBundle, openStoredBundle, sealBundle } from "@reseal/bundle";
import { openSqliteCatalog } from "@reseal/catalog";
import { canonicalJson, type Digest, digestBytes, digestHex } from "@reseal/hash";
import type { RunRow, Stores } from "@reseal/store";
import { afterAll } from "vitest";
import { openStores } from "../src/index.ts";

/** A folder that goes away with its test. */
export class TestFolder implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), "reseal-connect-"));

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export interface RunParts {
  readonly parents?: BundleDraft["context"]["parents"];
  readonly tags?: readonly string[];
  readonly metrics?: Readonly<Record<string, number | "NaN">>;
}

/** Seal a run with these output files. */
export async function sealRun(
  stores: Stores,
  outputs: Readonly<Record<string, string>>,
  { parents = [], tags = [], metrics = {} }: RunParts = {},
): Promise<{ readonly seal: Digest; readonly artifact_id: Digest; readonly run_id: string }> {
  await using batch = await stores.blobs.openBatch();
  const files: BundleDraft["files"][number][] = [];
  for (const [path, text] of Object.entries(outputs)) {
    const { digest, size } = await batch.put(Buffer.from(text));
    files.push({ path: `outputs/${path}`, role: "output", digest, size, origin: "workspace" });
  }
  const run_id = stores.ids.runId();
  const { seal, keys } = await sealBundle(stores, batch, {
    type: "run",
    inputs: { command: ["make"], seed: 7 },
    results: { exit: { code: 0 }, ...(Object.keys(metrics).length > 0 && { metrics }) },
    files,
    context: {
      run_id,
      status: "finished",
      workspace: { id: "0123456789abcdef" },
      tags: [...tags],
      authors: [],
      parents: [...parents],
      provision: { hardware: {}, software: {} },
      tool: { name: "reseal", version: "0.0.0" },
      context_metrics: { elapsed: 1.5 },
      redaction: { counts: {}, withheld: [] },
      not_captured: {},
      warnings: [],
    },
  });
  return { seal, artifact_id: keys.artifactId, run_id };
}

/** A store with three runs, the third a child of the first. */
export async function storeWithRuns(folder: string): Promise<readonly Digest[]> {
  await using stores = await openStores(folder, { create: true });
  const first = await sealRun(stores, { "a.txt": "a", "shared.txt": "shared" }, { tags: ["x"] });
  const second = await sealRun(
    stores,
    { "b.txt": "b", "shared.txt": "shared" },
    { metrics: { loss: 0.25, odd: "NaN" } },
  );
  const third = await sealRun(
    stores,
    { "c.txt": "c".repeat(100_000) },
    {
      parents: [{ artifact_id: first.artifact_id, seal: first.seal, relationship: "derived_from" }],
      tags: ["x", "paper"],
    },
  );
  return [first.seal, second.seal, third.seal];
}

/** Where a blob lies. */
export function blobFile(folder: string, digestOrText: Digest | string): string {
  const digest = digestOrText.startsWith("sha256:")
    ? (digestOrText as Digest)
    : digestBytes(digestOrText);
  const hex = digestHex(digest);
  return join(folder, "artifacts", hex.slice(0, 2), hex);
}

/** The name of what a process of an earlier boot of this host would leave. */
export function deadName(prefix: string): string {
  const boot = "00000000-0000-0000-0000-000000000000";
  return `${prefix}${Buffer.from(hostname()).toString("hex")}.${boot}.1.1.0123456789abcdef`;
}

/** A store with three runs, made once for the tests of a file, which change copies of it. */
export interface PreparedStore {
  readonly original: string;
  readonly seals: readonly Digest[];
  /** What its catalog says, as {@link catalogText} has it. */
  readonly wholeCatalog: string;
  /** @returns the copy, in a folder of a test. */
  copyTo(folder: TestFolder): string;
}

/** Prepare one; it goes away after the file's tests. */
export async function prepareStore(): Promise<PreparedStore> {
  const prototype = new TestFolder();
  afterAll(() => prototype[Symbol.dispose]());
  const original = join(prototype.path, "store");
  const seals = await storeWithRuns(original);
  return {
    original,
    seals,
    wholeCatalog: await catalogText(original),
    copyTo(folder) {
      const store = join(folder.path, "store");
      cpSync(original, store, { recursive: true });
      return store;
    },
  };
}

/** All that a catalog says, in an order of its own: equal texts, equal catalogs. */
export async function catalogText(folder: string): Promise<string> {
  await using catalog = await openSqliteCatalog(join(folder, "store.db"), { readOnly: true });
  const lines: string[] = [];
  for (const tenant of await catalog.tenants()) {
    const { items } = await catalog.listRuns({ tenant, limit: 10_000, sort: "seal" });
    for (const row of items) {
      lines.push(json(row));
      for (const metric of await catalog.metrics(row.seal, { tenant }))
        lines.push(`${row.seal} metric ${json(metric)}`);
      for (const child of await catalog.children(row.artifact_id, { tenant }))
        lines.push(`${row.seal} child ${child.seal}`);
      for (const tag of row.tags) {
        const filters = [{ field: "tag", operator: "=" as const, value: tag }];
        const tagged = await catalog.listRuns({ tenant, filters, limit: 10_000, sort: "seal" });
        lines.push(`tag ${tag} ${tagged.items.map((run: RunRow) => run.seal).join(" ")}`);
      }
    }
  }
  const paths = await catalog.outputPaths("0123456789abcdef");
  return [...new Set(lines), ...[...paths].sort()].join("\n");
}

/** Write a run of a store as a folder. */
export async function exportRun(folder: string, seal: Digest, to: string): Promise<void> {
  await using stores = await openStores(folder);
  await exportBundle(await openStoredBundle(stores, seal), to);
}

function json(value: object): string {
  return canonicalJson({ ...value });
}
