import { strict as assert } from "node:assert";
import { chmodSync, mkdirSync, statSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { type Digest, digestHex } from "@reseal/hash";
import { storeErrors, writeFailure } from "@reseal/store";
import { fsyncFolder, type Report } from "./fs-sync.ts";

/** Where a blob lies: a folder of the first two digits, and in it a file of all 64. */
export interface BlobPath {
  readonly hex: string;
  /** Name of the folder. */
  readonly prefix: string;
  readonly file: string;
}

/**
 * The path of a blob.
 * @throws `HASH_DIGEST_INVALID`: nothing but a digest ever becomes a path.
 */
export function blobPath(root: string, digest: Digest): BlobPath {
  const hex = digestHex(digest);
  const prefix = hex.slice(0, 2);
  return { hex, prefix, file: `${root}/${prefix}/${hex}` };
}

/** Make a folder and its parents, all durable, whatever the umask. */
export async function makeFolder(path: string, mode: number, report: Report): Promise<void> {
  assert(isAbsolute(path), `${path} is not absolute.`);
  try {
    const first = mkdirSync(path, { recursive: true, mode });
    if (first === undefined) return;
    chmodSync(path, mode);
    // Each new folder is an entry of its parent, up to the parent that was there.
    let folder = path;
    do {
      folder = dirname(folder);
      await fsyncFolder(folder, report);
    } while (folder !== dirname(first));
  } catch (error) {
    throw writeFailure(error, path);
  }
}

/** Make one folder; `false` when it is there. */
export function makeOneFolder(path: string, mode: number): boolean {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw writeFailure(error, path);
  }
  chmodSync(path, mode);
  return true;
}

/** "Not there" may be said of a thing only while the folder that would hold it is there. */
export function assertFolder(path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory()) return;
  throw storeErrors.UNAVAILABLE(`The folder ${path} is not there.`, { details: { path } });
}

/** Files can be renamed from one folder to the other only within a file system. */
export function assertSameFileSystem(root: string, temporary: string): void {
  if (statSync(root).dev === statSync(temporary).dev) return;
  throw storeErrors.WRITE_FAILED(`${temporary} is not on the file system of ${root}.`, {
    details: { root, temporary },
    hint: "Keep the store's folders on one file system; replace links that lead out of it.",
  });
}

/** Where temporary files go when nobody says otherwise: beside the blobs. */
export function temporaryBeside(root: string): string {
  return join(dirname(root), "tmp");
}
