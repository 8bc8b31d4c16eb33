import { mkdirSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { type DraftFile, type SealedBundle, sealBundle } from "@reseal/bundle";
import { compareUtf8, utf8Comparison } from "@reseal/hash";
import { type Redactor, secretsFromEnvironment } from "@reseal/redact";
import type { Context } from "@reseal/schema";
import type { BulkOptions, Stores } from "@reseal/store";
import picomatch from "picomatch";
import { type CacheableFile, type CacheOptions, captureCached } from "./capture-cached.ts";
import { capturedNameProblems, type NameProblems, nameWarnings } from "./captured-names.ts";
import { recordErrors } from "./errors.ts";
import { FileGuard } from "./file-guard.ts";
import { storeFilter, withheldWarnings } from "./finish-run.ts";
import { timeNow } from "./fs-tick.ts";
import { capturedOrReason } from "./outputs.ts";
import type { Description } from "./plan.ts";
import { redactName } from "./redact-name.ts";
import { refuseInvalid } from "./refuse-invalid.ts";
import { type FileScans, openScans } from "./scan-inspector.ts";
import { readKey, scanKey } from "./scan-key.ts";
import { StatCache, statFacts } from "./stat-cache.ts";
import { walkFiles } from "./walk.ts";
import { userName, workspaceId } from "./workspace.ts";

/** A folder of results that becomes an artifact as it is. */
export interface SealFolderRequest {
  readonly folder: string;
  readonly toolVersion: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Artifact type; `run` unless said otherwise. */
  readonly type?: string | undefined;
  readonly description?: Description | undefined;
  readonly allowSecrets?: readonly string[] | undefined;
  readonly isStrict?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told how many files and bytes were read. */
  readonly onProgress?: BulkOptions["onProgress"];
}

/**
 * Seal an existing folder: every file in it is an output; nothing is run.
 * @throws `RECORD_FOLDER_NOT_FOUND`, `RECORD_DESCRIPTION_INVALID`, `RECORD_SECRET_FOUND` in strict
 *   mode
 */
export async function sealFolder(
  stores: Stores,
  request: SealFolderRequest,
): Promise<SealedBundle> {
  const { folder, description = {}, signal } = request;
  if (stores.readOnly)
    throw recordErrors.STORE_READ_ONLY(`The store ${stores.location} cannot be written.`);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw recordErrors.FOLDER_NOT_FOUND(`${folder} is not a folder.`);
  const redactor = openScans(secretsFromEnvironment(request.env));
  const { tags = [], authors = [], parents = [], ...described } = redactor.json(description).value;
  const plan = {
    run_id: stores.ids.runId(),
    type: request.type ?? "run",
    started_at: new Date(stores.clock.now()).toISOString(),
    inputs: {},
    context: {
      ...described,
      tags: [...new Set(tags)].sort(),
      authors,
      parents,
      user: userName(),
      host: hostname(),
      tool: { name: "reseal" as const, version: request.toolVersion },
      warnings: [],
      not_captured: {},
      withheld: [],
    },
  };
  await refuseInvalid(plan);
  const allows = picomatch([...(request.allowSecrets ?? [])], { dot: true });
  const guard = new FileGuard(redactor, allows, readKey(stores));
  await using batch = await stores.blobs.openBatch({ signal });
  const left: { path: string; reason: string }[] = [];
  const { cache, tickMs } = openCache(stores, folder, redactor);
  const options = { guard, batch, cache, tickMs };
  const { files, refusedNames } = await captureFiles(stores, request, options, left);
  const [withheld] = guard.withheld;
  if (request.isStrict === true && withheld !== undefined)
    throw recordErrors.SECRET_FOUND(
      `${withheld.path} holds what looks like a secret. Nothing was sealed.`,
    );
  if (files.length === 0)
    throw recordErrors.FOLDER_NOT_FOUND(`${folder} holds no file that can be sealed.`);
  const { withheld: _, ...context } = plan.context;
  const shown = (path: string): string => redactName(redactor, path).text;
  const sealed = await sealBundle(
    stores,
    batch,
    {
      type: plan.type,
      inputs: {},
      results: {},
      files,
      context: {
        ...context,
        run_id: plan.run_id,
        status: "finished",
        provision: { hardware: {}, software: {} },
        context_metrics: {},
        redaction: { counts: {}, withheld: [...guard.withheld] },
        not_captured: notCaptured(left, redactor),
        warnings: [...nameWarnings(refusedNames, shown), ...withheldWarnings(guard)],
      },
    },
    { signal },
  );
  cache.save(); // Not before: it must not name what is not stored.
  return sealed;
}

async function captureFiles(
  stores: Stores,
  { folder, signal, onProgress }: SealFolderRequest,
  options: CacheOptions,
  left: { path: string; reason: string }[],
): Promise<{ files: DraftFile[]; refusedNames: NameProblems }> {
  const files: DraftFile[] = [];
  const listed = listFiles(stores, folder, left);
  const refusedNames = capturedNameProblems(
    "outputs",
    listed.map(({ path }) => path),
  );
  for (const path of refusedNames.keys()) left.push({ path, reason: "not_portable" });
  const found = listed.filter(({ path }) => !refusedNames.has(path));
  const results = await captureCached(found, { ...options, signal, onProgress });
  for (const [index, { path }] of found.entries()) {
    const file = capturedOrReason(results[index]);
    if (typeof file === "string") left.push({ path, reason: file });
    else if (file !== undefined) files.push({ ...file, path: `outputs/${path}`, role: "output" });
  }
  return { files, refusedNames };
}

/** What earlier seals of the folder know, and a time before which its files must have changed. */
function openCache(
  stores: Stores,
  folder: string,
  { secrets }: FileScans,
): Pick<CacheOptions, "cache" | "tickMs"> {
  const cacheFolder = join(stores.local, "cache");
  mkdirSync(cacheFolder, { recursive: true });
  const file = join(cacheFolder, `stat-seal-${workspaceId(folder)}.json`);
  const cache = StatCache.open(file, scanKey(stores, secrets));
  const isSameFileSystem = statSync(folder).dev === statSync(cacheFolder).dev;
  const now = timeNow(cacheFolder, `seal-${process.pid}`);
  // Another file system may have a clock of its own; only files that are older are remembered.
  return { cache, tickMs: isSameFileSystem ? now : now - 10 * 60_000 };
}

/** How many paths a manifest lists of those that were not taken. */
const listedPathsMax = 1000;

function notCaptured(
  left: readonly { path: string; reason: string }[],
  redactor: Redactor,
): Context["not_captured"] {
  if (left.length === 0) return {};
  const paths = [...left]
    .sort((a, b) => compareUtf8(a.path, b.path))
    .slice(0, listedPathsMax)
    .map(({ path, reason }) => ({
      path: redactName(redactor, path).text,
      reason: reason.replaceAll(/[^a-z]+/g, "_"),
    }));
  const more = left.length - paths.length;
  return { outputs: { paths, ...(more > 0 && { more }) } };
}

function listFiles(
  stores: Stores,
  folder: string,
  left: { path: string; reason: string }[],
): CacheableFile[] {
  const isStore = storeFilter(stores, folder);
  const files: CacheableFile[] = [];
  walkFiles(
    folder,
    ({ path, stats }) => {
      if (isStore(path)) return;
      const isExecutable = (stats.mode & 0o100) !== 0;
      const full = `${folder}/${path}`; // Not `join`, which costs more than the name.
      const facts = statFacts(stats);
      files.push({ full, path, root: "outputs", size: stats.size, isExecutable, stats: facts });
    },
    { skipped: ({ path, reason }) => left.push({ path, reason }) },
  );
  const compare = utf8Comparison(files.map(({ path }) => path));
  return files.sort((a, b) => compare(a.path, b.path));
}
