import { statSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { type DraftFile, type SealedBundle, sealBundle } from "@reseal/bundle";
import { portablePathProblem } from "@reseal/hash";
import { createRedactor, secretsFromEnvironment } from "@reseal/redact";
import type { Stores } from "@reseal/store";
import picomatch from "picomatch";
import { recordErrors } from "./errors.ts";
import { FileGuard } from "./file-guard.ts";
import { storeFilter } from "./finish-run.ts";
import type { Description } from "./plan.ts";
import { readKey } from "./prepare-run.ts";
import { walkFiles } from "./walk.ts";

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
}

/**
 * Seal an existing folder: every file in it is an output; nothing is run.
 * @throws `RECORD_FOLDER_NOT_FOUND`, `RECORD_SECRET_FOUND` in strict mode
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
  const redactor = createRedactor({ secrets: secretsFromEnvironment(request.env) });
  const allows = picomatch([...(request.allowSecrets ?? [])], { dot: true });
  const guard = new FileGuard(redactor, allows, readKey(stores));
  await using batch = await stores.blobs.openBatch({ signal });
  const files: DraftFile[] = [];
  const left: { path: string; reason: string }[] = [];
  for (const path of listFiles(stores, folder, left)) {
    const full = join(folder, path);
    const file = await guard.capture(batch, { full, path, root: "outputs" }, { signal });
    if (file !== undefined) files.push({ ...file, path: `outputs/${path}`, role: "output" });
  }
  const [withheld] = guard.withheld;
  if (request.isStrict === true && withheld !== undefined)
    throw recordErrors.SECRET_FOUND(
      `${withheld.path} holds what looks like a secret. Nothing was sealed.`,
    );
  if (files.length === 0)
    throw recordErrors.FOLDER_NOT_FOUND(`${folder} holds no file that can be sealed.`);
  const { tags = [], authors = [], parents = [], ...described } = description;
  return await sealBundle(stores, batch, {
    type: request.type ?? "run",
    inputs: {},
    results: {},
    files,
    context: {
      ...described,
      run_id: stores.ids.runId(),
      status: "finished",
      tags: [...new Set(tags)].sort(),
      authors,
      parents,
      user: userInfo().username,
      host: hostname(),
      provision: { hardware: {}, software: {} },
      tool: { name: "reseal", version: request.toolVersion },
      context_metrics: {},
      redaction: { counts: {}, withheld: [...guard.withheld] },
      not_captured: left.length > 0 ? { outputs: { paths: left } } : {},
      warnings: [],
    },
  });
}

function listFiles(
  stores: Stores,
  folder: string,
  left: { path: string; reason: string }[],
): string[] {
  const isStore = storeFilter(stores, folder);
  const paths: string[] = [];
  walkFiles(
    folder,
    ({ path }) => {
      if (isStore(path)) return;
      if (portablePathProblem(path) === undefined) paths.push(path);
      else left.push({ path, reason: "not_portable" });
    },
    { skipped: ({ path, reason }) => left.push({ path, reason }) },
  );
  return paths.sort();
}
