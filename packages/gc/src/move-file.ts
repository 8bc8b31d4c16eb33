import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
} from "node:fs";
import { dirname } from "node:path";
import { syncFileSystem } from "@reseal/store";
import { gcErrors } from "./errors.ts";

/** Why a folder cannot be moved in one step although its files may be, one by one. */
const notInOneStep: ReadonlySet<string | undefined> = new Set([
  "EXDEV", // Another file system, or an overlay.
  "EBUSY", // Something is mounted in it, or open in it on Windows.
  "EACCES",
  "EPERM",
  "ENOTEMPTY", // Somebody has made the target meanwhile.
  "EEXIST",
]);

/** Up to this number of folders each is synced by itself; it waits for nobody else's data. */
const oneByOneMax = 16;

/**
 * Moves files, remembers which folders must be synced, and knows the way between file systems.
 *
 * A file is never seen in part at its target: between file systems it is copied beside the target
 * folder, synced, put in place, and only then removed from where it was.
 */
export class FileMover {
  readonly #copyPath: string;
  readonly #touched = new Set<string>();
  readonly #made = new Set<string>();

  /** @param copyPath Where a copy is made, on the file system of the targets. One mover at a time. */
  constructor(copyPath: string) {
    this.#copyPath = copyPath;
  }

  /** Move a file. Nothing may be at the target. */
  move(from: string, to: string): void {
    this.#makeFolder(dirname(to));
    try {
      renameSync(from, to);
    } catch (cause) {
      if (errnoOf(cause) !== "EXDEV") throw writeFailure(from, to, cause);
      this.#copy(from, to);
      unlinkSync(from);
    }
    this.#touched.add(dirname(from)).add(dirname(to));
  }

  /**
   * Move a folder with all that it holds. Nothing may be at the target.
   * @returns `false` where that is not done in one step: nothing was moved then
   */
  moveFolder(from: string, to: string): boolean {
    this.#makeFolder(dirname(to));
    try {
      renameSync(from, to);
    } catch (cause) {
      if (notInOneStep.has(errnoOf(cause))) return false;
      throw writeFailure(from, to, cause);
    }
    this.#touched.add(dirname(from)).add(dirname(to));
    return true;
  }

  /** Let a file be at a second place as well. It may then be replaced at the first, not written to. */
  duplicate(from: string, to: string): void {
    this.#makeFolder(dirname(to));
    try {
      linkSync(from, to);
    } catch (cause) {
      if (!["EXDEV", "EPERM", "EMLINK", "ENOTSUP"].includes(errnoOf(cause) ?? ""))
        throw writeFailure(from, to, cause);
      this.#copy(from, to);
    }
    this.#touched.add(dirname(to));
  }

  /** Remove a file that is elsewhere as well. */
  remove(path: string): void {
    rmSync(path, { force: true });
    this.#touched.add(dirname(path));
  }

  /** Make every name that was changed durable. */
  async sync(): Promise<void> {
    const folders = [...this.#touched].filter((folder) => existsSync(folder));
    this.#touched.clear();
    // Of many folders one after the other, each would wait for the disk.
    for (const some of Map.groupBy(folders, (folder) => statSync(folder).dev).values())
      if (some.length <= oneByOneMax || !(await syncWhole(some[0] ?? "")))
        for (const folder of some) syncPath(folder);
  }

  #copy(from: string, to: string): void {
    const copy = this.#copyPath;
    try {
      const { atime, mtime } = statSync(from);
      copyFileSync(from, copy);
      utimesSync(copy, atime, mtime);
      syncPath(copy);
      renameSync(copy, to);
    } catch (cause) {
      rmSync(copy, { force: true });
      throw writeFailure(from, to, cause);
    }
  }

  /** Each new folder is a change of the one above. */
  #makeFolder(folder: string): void {
    if (this.#made.has(folder)) return;
    if (!existsSync(folder)) {
      this.#makeFolder(dirname(folder));
      try {
        mkdirSync(folder);
      } catch (cause) {
        if (errnoOf(cause) !== "EEXIST" || !statSync(folder).isDirectory())
          throw gcErrors.WRITE_FAILED(`The folder ${folder} cannot be made.`, { cause });
      }
      this.#touched.add(dirname(folder));
    }
    this.#made.add(folder);
  }
}

async function syncWhole(folder: string): Promise<boolean> {
  try {
    return await syncFileSystem(folder);
  } catch (cause) {
    throw gcErrors.WRITE_FAILED(`${folder} cannot be made durable.`, { cause });
  }
}

/** Make a file's content, or a folder's names, durable where the file system can. */
export function syncPath(path: string): void {
  if (!existsSync(path)) return; // A folder may have been emptied and removed since.
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } catch (cause) {
    if (!["EINVAL", "ENOTSUP", "EISDIR", "EPERM"].includes(errnoOf(cause) ?? ""))
      throw gcErrors.WRITE_FAILED(`${path} cannot be made durable.`, { cause });
  } finally {
    closeSync(file);
  }
}

function writeFailure(from: string, to: string, cause: unknown): Error {
  return gcErrors.WRITE_FAILED(`${from} cannot be moved to ${to}: ${(cause as Error).message}`, {
    cause,
    details: { from, to },
  });
}

function errnoOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
