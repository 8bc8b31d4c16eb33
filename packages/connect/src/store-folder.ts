import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fsyncFolder, makeTemporaryFolder, removeTemporaryFolder } from "@reseal/store-fs";
import { connectErrors } from "./errors.ts";

/** The newest version of the folder layout that this package knows: blobs may be compressed. */
export const storeFormat = 2;
/** The version of a new store. It becomes one of the newest when its first blob is compressed. */
export const plainFormat = 1;

/** The paths of a store in a folder; ARCHITECTURE.md, "Store on disk". */
export interface StoreFolder {
  readonly root: string;
  /** Blobs. */
  readonly artifacts: string;
  readonly journal: string;
  /** Temporary files, on the blobs' file system. */
  readonly tmp: string;
  readonly trash: string;
  readonly catalog: string;
}

/**
 * The paths of a store; nothing needs to be there.
 * @throws `CONNECT_LOCATION_INVALID`
 */
export function storeFolderAt(location: string): StoreFolder {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(location))
    throw connectErrors.LOCATION_INVALID(`${location} is not a folder path.`);
  const root = resolve(location);
  return {
    root,
    artifacts: join(root, "artifacts"),
    journal: join(root, "journal"),
    tmp: join(root, "tmp"),
    trash: join(root, "trash"),
    catalog: join(root, "store.db"),
  };
}

/**
 * The paths of a store that is there, in a format that this version knows.
 * @throws `CONNECT_STORE_NOT_FOUND`, `CONNECT_FORMAT_TOO_NEW`, `CONNECT_LOCATION_INVALID`
 */
export function existingStoreFolder(location: string): StoreFolder {
  const folder = storeFolderAt(location);
  if (!existsSync(folder.artifacts))
    throw connectErrors.STORE_NOT_FOUND(`There is no store at ${folder.root}.`);
  refuseNewerFormat(folder.root);
  return folder;
}

/** @throws `CONNECT_FORMAT_TOO_NEW` */
export function refuseNewerFormat(root: string): void {
  const path = join(root, "format.json");
  if (!existsSync(path)) return;
  const format = formatIn(readFileSync(path, "utf8"));
  if (typeof format === "number" && format <= storeFormat) return;
  // A crash while the store was made may leave the file empty; no format was ever written then.
  if (format === undefined) return;
  throw connectErrors.FORMAT_TOO_NEW(
    `The store at ${root} has format ${JSON.stringify(format)}; this Reseal knows up to ${storeFormat}.`,
  );
}

/** Whether blobs of a store may be compressed. */
export function mayHoldCompressed({ root }: Pick<StoreFolder, "root">): boolean {
  const path = join(root, "format.json");
  return existsSync(path) && formatIn(readFileSync(path, "utf8")) === storeFormat;
}

/**
 * Make a store one of the format with compressed blobs, durable. An older Reseal refuses it from
 * then on, and does not take its compressed blobs for lost.
 */
export async function allowCompressed({ root, tmp }: StoreFolder): Promise<void> {
  if (mayHoldCompressed({ root })) return;
  const folder = makeTemporaryFolder(tmp, "format");
  try {
    const temporary = join(folder, "format.json");
    writeFileSync(temporary, `${JSON.stringify({ format: storeFormat })}\n`, { flush: true });
    renameSync(temporary, join(root, "format.json"));
    await fsyncFolder(root, () => undefined);
  } finally {
    removeTemporaryFolder(folder);
  }
}

function formatIn(text: string): unknown {
  try {
    return (JSON.parse(text) as { format?: unknown } | null)?.format ?? null;
  } catch {
    return text.trim() === "" ? undefined : text.slice(0, 40);
  }
}
