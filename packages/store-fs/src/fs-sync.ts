import { close, constants, fsync, open } from "node:fs";
import { promisify } from "node:util";
import { errnoOf, syncFileSystem, writeFailure } from "@reseal/store";

/** Something that works, but with a weaker promise than it should. */
export interface StoreWarning {
  readonly code: "folder_sync_unsupported";
  readonly message: string;
}

/** Told about each weakness, once for a place. */
export type Report = (warning: StoreWarning) => void;

const openFile = promisify(open);
const closeFile = promisify(close);
const syncFile = promisify(fsync);

/** Files up to this number are synced one by one: faster, and it waits for nobody else's data. */
const oneByOneMax = 16;
const concurrency = 8;

/** Makes files and folders of one file system durable. */
export class FsSync {
  readonly #folder: string;
  readonly #report: Report;
  #hasWholeSync = true;

  /** @param folder Any folder of the file system. */
  constructor(folder: string, report: Report) {
    this.#folder = folder;
    this.#report = report;
  }

  /** Let the disk begin with what was written, where one call does; its failure is a failure. */
  async begin(): Promise<void> {
    await this.#whole();
  }

  /** Make the content of files durable. */
  async files(paths: readonly string[]): Promise<void> {
    if (paths.length > oneByOneMax && (await this.#whole())) return;
    await forEachAtOnce(paths, fsyncFile);
  }

  /** Make the names in folders durable. */
  async folders(paths: readonly string[]): Promise<void> {
    if (paths.length > oneByOneMax && (await this.#whole())) return;
    await forEachAtOnce(paths, (path) => fsyncFolder(path, this.#report));
  }

  /** One sync of the whole file system; `false` where there is none. */
  async #whole(): Promise<boolean> {
    if (this.#hasWholeSync) this.#hasWholeSync = await syncFileSystem(this.#folder);
    return this.#hasWholeSync;
  }
}

/** Make a folder's names durable. Some file systems cannot, which is reported and not an error. */
export async function fsyncFolder(path: string, report: Report): Promise<void> {
  if (process.platform === "win32") return; // It has no way to; NTFS journals names.
  try {
    await fsyncPath(path, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== "EINVAL" && errno !== "ENOTSUP" && errno !== "EOPNOTSUPP") {
      throw writeFailure(error, path);
    }
    report({
      code: "folder_sync_unsupported",
      message: `The file system of ${path} cannot sync folders; a power cut may undo a write.`,
    });
  }
}

/** Make an open file's content durable. An error is final: asking again would answer yes. */
export async function fsyncOpenFile(file: number, path: string): Promise<void> {
  try {
    await syncFile(file);
  } catch (error) {
    throw writeFailure(error, path);
  }
}

async function fsyncFile(path: string): Promise<void> {
  try {
    await fsyncPath(path, constants.O_RDONLY);
  } catch (error) {
    throw writeFailure(error, path);
  }
}

async function fsyncPath(path: string, flags: number): Promise<void> {
  const file = await openFile(path, flags);
  try {
    await syncFile(file);
  } finally {
    await closeFile(file);
  }
}

async function forEachAtOnce<Item>(
  items: readonly Item[],
  act: (item: Item) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  const worker = async (): Promise<void> => {
    for (const item of rest) await act(item);
  };
  const workers = Array.from({ length: Math.min(concurrency, items.length) }, worker);
  for (const result of await Promise.allSettled(workers)) {
    if (result.status === "rejected") throw result.reason;
  }
}
