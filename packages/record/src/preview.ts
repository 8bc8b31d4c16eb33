import { randomBytes } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestBytes, digestSource } from "@reseal/hash";
import { secretsFromEnvironment } from "@reseal/redact";
import { type BlobBatch, type ByteSource, putOneByOne } from "@reseal/store";
import { captureCode } from "./code-tree.ts";
import { expandCommand } from "./command.ts";
import { findLockFiles } from "./environment/lock-files.ts";
import { FileGuard } from "./file-guard.ts";
import { allowanceOf } from "./prepare-run.ts";
import { RunRedactor } from "./run-redactor.ts";
import type { RunRequest } from "./run-request.ts";
import { openScans } from "./scan-inspector.ts";
import { outputMatcher, selectFiles } from "./select-files.ts";
import { StatCache } from "./stat-cache.ts";

/** What a run would capture, for people and for `--dry-run --json`. */
export interface RunPreview {
  readonly command: readonly string[];
  readonly workspace: string;
  readonly code: readonly { readonly path: string; readonly size: number }[];
  readonly inputs: readonly { readonly path: string; readonly size: number }[];
  readonly external: readonly { readonly name: string; readonly size: number }[];
  readonly left_out: readonly { readonly path: string; readonly reason: string }[];
  readonly output_patterns: readonly string[];
}

/**
 * Find out what a run would capture. Nothing is started and nothing is written.
 *
 * `earlierOutputs` are the paths that earlier runs wrote, as the store's catalog knows them.
 */
export async function previewRun(
  request: RunRequest,
  earlierOutputs: ReadonlySet<string> = new Set(),
): Promise<RunPreview> {
  const { places } = request;
  const seed = request.seed === undefined ? undefined : String(request.seed);
  expandCommand(request.argv, { out: "{out}", in: "{in}", seed }); // Refuses what cannot start.
  const redactor = openScans(secretsFromEnvironment(request.env));
  const guard = new FileGuard(redactor, allowanceOf(request), randomBytes(32));
  const inputs = selectFiles(request.inputs ?? [], places);
  const external = selectFiles(request.inputRefs ?? [], places);
  const inputPaths = new Set([...inputs, ...external].map((file) => file.full));
  const isOutput = outputMatcher(request.outputs ?? [], places);
  const code = await captureCode({
    workspace: places.workspace,
    excludes: (path) => isOutput(path) || inputPaths.has(join(places.workspace, path)),
    earlierOutputs,
    alwaysTaken: new Set(findLockFiles(places.workspace)),
    guard,
    cache: StatCache.open(join(tmpdir(), "no-such-cache"), ""),
    batch: digestOnly,
    tickMs: Number.NEGATIVE_INFINITY,
  });
  return {
    command: new RunRedactor(request.env).argv(request.argv),
    workspace: places.workspace,
    code: code.files.map(({ path, size }) => ({ path, size })),
    inputs: inputs.map(({ full, path }) => ({ path, size: statSync(full).size })),
    external: external.map(({ full, path }) => ({ name: path, size: statSync(full).size })),
    left_out: code.leftOut,
    output_patterns: request.outputs ?? [],
  };
}

/** A batch that names bytes and keeps none. */
const digestOnly: BlobBatch = {
  async put(source) {
    if (source instanceof Uint8Array)
      return { digest: digestBytes(source), size: source.byteLength };
    return await digestSource(source satisfies ByteSource);
  },
  putFile: (path) => digestSource(createReadStream(path)),
  putFiles: (files, options) => putOneByOne(digestOnly, files, options),
  keep: () => Promise.resolve([]),
  commit: () => Promise.resolve(),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};
