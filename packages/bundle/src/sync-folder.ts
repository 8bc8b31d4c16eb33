import { spawn } from "node:child_process";
import { closeSync, fsyncSync, openSync, readdirSync, statfsSync } from "node:fs";
import { join } from "node:path";

/** Up to this number each is synced by itself; it waits for nobody else's data. */
const oneByOneMax = 16;

/** Where one sync covers all of a file system: ext, XFS, Btrfs, F2FS, ZFS, overlay, tmpfs. */
const wholeSyncTypes = [
  0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x2fc12fc1, 0x794c7630, 0x01021994,
];

/** Make the names in a folder durable. */
export function syncFolder(folder: string): void {
  if (process.platform === "win32") return; // It has no way to; NTFS journals names.
  syncPath(folder);
}

/** After so many bytes the disk is told to begin. */
const earlyBytes = 48 * 1024 * 1024;

/**
 * Lets the disk begin while a tree is written. It promises nothing, so that {@link syncTree} comes
 * after it; but where it fails, that might no longer.
 */
export class EarlySync {
  readonly #folder: string;
  #announcedBytes = 0;
  #atWork: Promise<unknown> | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** @param folder Any folder of the file system. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** To be told of the bytes that are written so far. */
  readonly written = ({ bytes }: { readonly bytes: number }): void => {
    if (this.#atWork !== undefined || bytes - this.#announcedBytes < earlyBytes) return;
    this.#announcedBytes = bytes;
    this.#atWork = syncFileSystem(this.#folder)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#atWork = undefined;
      });
  };

  /** @throws what a sync came to. */
  async finish(): Promise<void> {
    await this.#atWork;
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/**
 * Make all files of a folder, and all names in it, durable.
 * @param fileCount About how many files it has.
 */
export async function syncTree(folder: string, fileCount: number): Promise<void> {
  if (fileCount > oneByOneMax && (await syncFileSystem(folder))) return;
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) syncFolder(path);
    else syncPath(path);
  }
  syncFolder(folder);
}

/**
 * Make all of the file system of a folder durable, content and names: for many files at once it is
 * faster than one after the other.
 * @returns `false` where that cannot be relied on, or this system has no such command
 */
export async function syncFileSystem(folder: string): Promise<boolean> {
  if (process.platform !== "linux" || !wholeSyncTypes.includes(statfsSync(folder).type))
    return false;
  const stdio = ["ignore", "ignore", "pipe"] as const;
  const child = spawn("sync", ["-f", folder], { stdio: [...stdio], detached: true });
  let message = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    message += text;
  });
  return await new Promise((resolve, reject) => {
    child.on("error", () => resolve(false));
    child.on("close", (code) => {
      if (code === 0) resolve(true);
      else if (/invalid|unrecognized|usage/i.test(message)) resolve(false);
      // Asked once more, file by file, the system would say yes to what it has already lost.
      else reject(new Error(`The file system of ${folder} could not be synced: ${message.trim()}`));
    });
  });
}

function syncPath(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
