import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type BundleReader, openStoredBundle } from "@reseal/bundle";
import { openSqliteCatalog } from "@reseal/catalog";
import { type RecordedRun, type RunRequest, recordRun } from "@reseal/record";
import { type ReplayOutcome, type ReplayRequest, replayRun } from "@reseal/replay";
import type { Stores } from "@reseal/store";
import { openFsBlobStore, openFsJournal } from "@reseal/store-fs";

/** A folder to work in and a store on disk, both gone at the end. */
export interface Laboratory extends AsyncDisposable {
  readonly stores: Stores;
  readonly workspace: string;
  write(path: string, text: string | Uint8Array): string;
  record(argv: readonly string[], options?: Partial<RunRequest>): Promise<RecordedRun>;
  replay(
    run: { seal: RecordedRun["seal"] },
    request?: Partial<ReplayRequest>,
  ): Promise<ReplayOutcome>;
  open(run: { seal: RecordedRun["seal"] }): Promise<BundleReader>;
}

export async function openLaboratory(): Promise<Laboratory> {
  const folder = mkdtempSync(join(tmpdir(), "reseal-replay-"));
  const workspace = join(folder, "work");
  mkdirSync(workspace);
  const stores = await openStoresIn(join(folder, "store"));
  const env = { PATH: process.env.PATH };
  const laboratory: Laboratory = {
    stores,
    workspace,
    write(path, text) {
      const full = join(workspace, path);
      mkdirSync(dirname(full), { recursive: true });
      writeFileSync(full, text);
      return full;
    },
    record: (argv, options = {}) =>
      recordRun(stores, {
        argv,
        places: { workspace, cwd: workspace },
        env,
        toolVersion: "0.0.0",
        ...options,
      }),
    open: ({ seal }) => openStoredBundle(stores, seal),
    replay: async (run, request = {}) =>
      replayRun(stores, await laboratory.open(run), { env, toolVersion: "0.0.0", ...request }),
    async [Symbol.asyncDispose]() {
      await stores[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return laboratory;
}

/** Open the store in a folder, made when it is not there. */
export async function openStoresIn(folder: string): Promise<Stores> {
  for (const name of ["tmp", "journal", "artifacts"])
    mkdirSync(join(folder, name), { recursive: true });
  const blobs = await openFsBlobStore(join(folder, "artifacts"), {
    temporary: join(folder, "tmp"),
  });
  const journal = await openFsJournal(join(folder, "journal"));
  const catalog = await openSqliteCatalog(join(folder, "store.db"));
  return {
    location: folder,
    tenant: "local",
    readOnly: false,
    blobs,
    journal,
    catalog,
    local: folder,
    clock: { now: () => Date.now() },
    ids: { runId: () => randomUUID() },
    async [Symbol.asyncDispose]() {
      await catalog[Symbol.asyncDispose]();
      await journal[Symbol.asyncDispose]();
      await blobs[Symbol.asyncDispose]();
    },
  };
}
