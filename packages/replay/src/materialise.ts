import { createReadStream, lstatSync, rmSync, statSync } from "node:fs";
import { constants, copyFile, mkdir, open, symlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { BundleReader } from "@reseal/bundle";
import { type Digest, digestSource, parseDigest } from "@reseal/hash";
import type { ExternalInput, FileEntry } from "@reseal/schema";
import type { BlobBatch, ByteSource, OperationOptions, Stores } from "@reseal/store";
import { filesBelow } from "./check-original.ts";
import { isUnreadable } from "./compare-file.ts";
import type { ReplayLog } from "./replay-log.ts";
import type { Scratch } from "./scratch.ts";

/** What {@link materialise} works with. */
export interface MaterialiseOptions extends OperationOptions {
  readonly log: ReplayLog;
  /** Local files for external inputs, by their logical names. */
  readonly references: Readonly<Record<string, string>>;
  /** Folders in which external inputs are looked for under their logical names. */
  readonly referenceFolders: readonly string[];
  /** Folders to link into the workspace, by their paths there. */
  readonly environmentFolders: Readonly<Record<string, string>>;
}

/**
 * Lay code and inputs out as the workspace was, every byte checked against its digest, and stage
 * what the store does not hold yet.
 *
 * What is missing or damaged becomes a check with an obstacle; nothing is thrown for it.
 */
export async function materialise(
  stores: Pick<Stores, "blobs">,
  batch: BlobBatch,
  original: BundleReader,
  scratch: Scratch,
  options: MaterialiseOptions,
): Promise<void> {
  const { content, context } = original.manifest;
  const place = (entry: FileEntry, target: string): Promise<void> =>
    refuseProblem(
      entry.path,
      options.log,
      async () => {
        await writeFile(target, await original.open(entry, options), entry);
        const digest = parseDigest(entry.digest);
        if ((await stores.blobs.stat(digest, options)) === undefined)
          await batch.putFile(target, { expected: digest, signal: options.signal });
      },
      entry.digest,
    );
  for (const { path, entry } of filesBelow(context.files, "code"))
    await place(entry, join(scratch.workspace, path));
  for (const { path, entry } of filesBelow(context.files, "inputs")) {
    const inside = join(scratch.workspace, path);
    const target = isFree(inside) ? inside : join(scratch.shadowedInputs, path);
    await place(entry, target);
    await linkInput(scratch, path, target);
  }
  for (const input of content.inputs.external ?? [])
    await refuseProblem(input.name, options.log, () =>
      placeExternal(stores, input, join(scratch.workspace, input.name), options),
    );
  for (const [path, target] of Object.entries(options.environmentFolders))
    await linkEnvironment(join(scratch.workspace, path), resolve(target));
  const folder = content.inputs.working_directory;
  if (folder !== undefined)
    await refuseProblem(folder, options.log, async () => {
      await mkdir(join(scratch.workspace, folder), { recursive: true });
    });
}

/** Do a step of the layout; what it says about the original becomes an obstacle. */
async function refuseProblem(
  name: string,
  log: ReplayLog,
  step: () => Promise<void>,
  expected?: string,
): Promise<void> {
  try {
    await step();
  } catch (error) {
    const status = placeProblem(error);
    if (status === undefined) throw error;
    log.check(
      { name, status, ...(expected !== undefined && { expected }) },
      `${name} of the original ${status === "missing" ? "is missing" : "is damaged"}.`,
    );
  }
}

async function linkEnvironment(link: string, target: string): Promise<void> {
  await mkdir(dirname(link), { recursive: true });
  if (isFree(link)) await symlink(target, link, "junction");
}

async function linkInput({ spool }: Scratch, path: string, target: string): Promise<void> {
  const link = spool.path("in", path);
  await mkdir(dirname(link), { recursive: true });
  await symlink(target, link);
}

function isFree(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) === undefined;
}

async function writeFile(
  target: string,
  source: ByteSource,
  entry: Pick<FileEntry, "size" | "mode">,
): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  await using file = await open(target, "wx", entry.mode === "executable" ? 0o755 : 0o644);
  let byteCount = 0;
  for await (const chunk of source) {
    byteCount += chunk.byteLength;
    if (byteCount > entry.size) throw new LayoutError();
    await file.writeFile(chunk);
  }
  if (byteCount !== entry.size) throw new LayoutError();
}

/** The bundle contradicts itself: two sizes of one file, two files of one path. */
class LayoutError extends Error {}

const layoutCodes: ReadonlySet<unknown> = new Set(["EEXIST", "ENOTDIR", "EISDIR"]);

/** What a failure says about a file of the original; `undefined` when it says nothing. */
function placeProblem(error: unknown): "missing" | "different" | undefined {
  const code = (error as { code?: unknown }).code;
  if (error instanceof LayoutError || layoutCodes.has(code)) return "different";
  if (!isUnreadable(error)) return undefined;
  return String(code).endsWith("_NOT_FOUND") ? "missing" : "different";
}

/** External inputs from this many bytes on are linked, not copied. */
const linkedBytesMin = 1024 * 1024 * 1024;

async function placeExternal(
  stores: Pick<Stores, "blobs">,
  { name, digest: text, size }: ExternalInput,
  target: string,
  options: MaterialiseOptions,
): Promise<void> {
  const { log, references, referenceFolders, signal } = options;
  const digest = parseDigest(text);
  const named = Object.hasOwn(references, name) ? references[name] : undefined;
  const candidates =
    named === undefined ? referenceFolders.map((folder) => join(folder, name)) : [named];
  await mkdir(dirname(target), { recursive: true });
  if (!isFree(target)) throw new LayoutError();
  let differing: Digest | undefined;
  for (const candidate of candidates.map((path) => resolve(path))) {
    if (!isWorthReading(candidate, size, named !== undefined)) continue;
    const isLinked = size >= linkedBytesMin;
    // A copy is checked itself, so nobody can change it between the check and the run.
    if (!isLinked) await copyFile(candidate, target, constants.COPYFILE_FICLONE);
    const found = await digestOf(isLinked ? candidate : target, signal);
    if (found === digest) {
      if (isLinked) await symlink(candidate, target);
      log.check({ name, status: "ok", expected: digest });
      return;
    }
    differing = found;
    rmSync(target, { force: true });
  }
  if ((await stores.blobs.stat(digest, { signal })) !== undefined) {
    try {
      await writeFile(target, await stores.blobs.get(digest, { signal }), { size });
      log.check({ name, status: "ok", expected: digest });
      return;
    } catch (error) {
      if (placeProblem(error) === undefined) throw error;
    }
  }
  log.check(
    {
      name,
      status: differing ? "different" : "missing",
      expected: digest,
      ...(differing && { actual: differing }),
    },
    differing === undefined
      ? `The external input ${name} was not found; its bytes are not in the bundle.`
      : `The external input ${name} was found, but with other bytes than the original's.`,
  );
}

/** A file that was named is worth reading for its digest; one that was guessed must fit. */
function isWorthReading(path: string, size: number, isNamed: boolean): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats?.isFile() === true && (isNamed || stats.size === size);
}

async function digestOf(path: string, signal: AbortSignal | undefined): Promise<Digest> {
  const stream = createReadStream(path, { highWaterMark: 1024 * 1024, signal });
  return (await digestSource(stream)).digest;
}
