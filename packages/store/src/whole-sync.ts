import { spawn } from "node:child_process";
import { statfsSync } from "node:fs";
import { storeErrors } from "./errors.ts";

/**
 * File systems of Linux that keep to what the manual says: `syncfs` makes data and names durable,
 * and the times of a folder change with the names in it. Others (FUSE, 9p, NFS) may say yes and
 * keep the data in a server's memory, and need not know the times.
 * @see statfs(2)
 */
const trustedTypes: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // XFS
  0x9123683e, // Btrfs
  0xf2f52010, // F2FS
  0xca451a4e, // bcachefs
  0x2fc12fc1, // ZFS
  0x794c7630, // overlay
  0x01021994, // tmpfs
]);

/** No variable of ours reaches the child; the places where systems keep their coreutils. */
const childEnvironment = {
  PATH: "/usr/local/bin:/usr/bin:/bin:/run/current-system/sw/bin",
  LC_ALL: "C",
};

/**
 * Make all of the file system of a folder durable, content and names: for many files at once it is
 * faster than one after the other.
 * @returns `false` where that cannot be relied on, or this system has no `sync -f`
 * @throws `STORE_WRITE_FAILED`. It is final: asked once more, the system would say yes to what it
 *   has already lost.
 */
export async function syncFileSystem(folder: string): Promise<boolean> {
  if (!isTrustedFileSystem(folder)) return false;
  return new Promise((resolve, reject) => {
    const child = spawn("sync", ["-f", folder], {
      env: childEnvironment,
      stdio: ["ignore", "ignore", "pipe"],
      detached: true, // Ctrl-C in a terminal is for us: the step at work is finished first.
    });
    let message = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      message = (message + text).slice(0, 1000);
    });
    child.on("error", () => resolve(false)); // It could not be started.
    child.on("close", (exitCode, signal) => {
      if (exitCode === 0) resolve(true);
      else if (/invalid|unrecognized|usage/i.test(message))
        resolve(false); // A sync without -f.
      else reject(syncFailure(folder, message.trim() || `ended by ${signal}`));
    });
  });
}

/** Whether a folder is on a local file system of Linux that is known to keep to the manual. */
export function isTrustedFileSystem(folder: string): boolean {
  try {
    return process.platform === "linux" && trustedTypes.has(statfsSync(folder).type);
  } catch {
    return false; // Then nothing is taken for granted, which is always right.
  }
}

function syncFailure(path: string, message: string): Error {
  return storeErrors.WRITE_FAILED(`The file system of ${path} could not be synced: ${message}`, {
    details: { path },
    hint: "The disk did not take the data. Check its health and the system log, then try again.",
  });
}

/** After so many bytes the disk is told to begin. */
const earlyBytes = 48 * 1024 * 1024;

/**
 * Lets the disk begin while something large is written. It promises nothing, so that a sync comes
 * after it; but where it fails, that one might no longer.
 */
export class EarlySync {
  readonly #sync: () => Promise<unknown>;
  #announcedBytes = 0;
  #atWork: Promise<unknown> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(sync: () => Promise<unknown>) {
    this.#sync = sync;
  }

  /** To be told how many bytes a call has written so far. */
  written(bytes: number): void {
    if (bytes < this.#announcedBytes) this.#announcedBytes = 0; // Another call.
    if (this.#atWork !== undefined || bytes - this.#announcedBytes < earlyBytes) return;
    this.#announcedBytes = bytes;
    this.#atWork = this.#sync()
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#atWork = undefined;
      });
  }

  /** @throws what a sync came to. */
  async finish(): Promise<void> {
    await this.#atWork;
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
