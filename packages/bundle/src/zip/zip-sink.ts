import { existsSync } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Writable } from "node:stream";
import { bundleErrors } from "../errors.ts";
import { syncFolder } from "../sync-folder.ts";
import { temporaryFor } from "../temporary-target.ts";

/** Where an archive goes. */
export interface ZipSink extends AsyncDisposable {
  /** A folder for what is temporary. */
  readonly scratch: string | undefined;
  /** Take the next bytes, which must not change before this resolves. */
  write(bytes: Uint8Array): Promise<void>;
  /** Replace what was written at an offset; absent where that is not possible. */
  writeOver?(bytes: Uint8Array, offset: number): Promise<void>;
  /** Make the whole visible and durable. Without it, nothing stays behind. */
  finish(): Promise<void>;
}

/**
 * A file that appears under its name when it is whole.
 * @param mark Tells temporary files of different writers apart.
 * @throws `BUNDLE_TARGET_EXISTS`
 */
export async function openFileSink(path: string, mark: string): Promise<ZipSink> {
  const target = resolve(path);
  refuseExisting(target);
  const folder = dirname(target);
  await mkdir(folder, { recursive: true });
  const temporary = temporaryFor(target, mark);
  const handle = await open(temporary, "wx", 0o644);
  return new FileSink(target, temporary, handle);
}

/** A stream that is already open and stays open, such as standard output. */
export function streamSink(stream: Writable): ZipSink {
  return {
    scratch: undefined,
    write: (bytes) =>
      new Promise((resolve, reject) => {
        // A copy: the bytes may be shared between threads, which not every stream can write.
        stream.write(Buffer.from(bytes), (error) => (error ? reject(error) : resolve()));
      }),
    finish: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function refuseExisting(target: string): void {
  if (existsSync(target)) throw bundleErrors.TARGET_EXISTS(`${target} exists.`);
}

const syncEvery = 32 * 1024 * 1024;

class FileSink implements ZipSink {
  readonly scratch: string;
  readonly #target: string;
  readonly #temporary: string;
  #handle: FileHandle | undefined;
  #syncing: Promise<void> = Promise.resolve();
  #size = 0;
  #unsynced = 0;

  constructor(target: string, temporary: string, handle: FileHandle) {
    this.scratch = dirname(target);
    this.#target = target;
    this.#temporary = temporary;
    this.#handle = handle;
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.writeOver(bytes, this.#size);
    this.#size += bytes.byteLength;
    this.#unsynced += bytes.byteLength;
    if (this.#unsynced >= syncEvery) this.#syncSome();
  }

  async writeOver(bytes: Uint8Array, offset: number): Promise<void> {
    for (let at = 0; at < bytes.byteLength; ) {
      const written = await this.#handle?.write(bytes, at, bytes.byteLength - at, offset + at);
      at += written?.bytesWritten ?? 0;
    }
  }

  async finish(): Promise<void> {
    await this.#syncing;
    await this.#handle?.sync();
    await this.#close();
    refuseExisting(this.#target);
    await rename(this.#temporary, this.#target);
    syncFolder(this.scratch);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#syncing.catch(() => undefined);
    await this.#close();
    await rm(this.#temporary, { force: true });
  }

  /** The disk works while the next bytes are made. The sync at the end answers for all of it. */
  #syncSome(): void {
    this.#unsynced = 0;
    const sync = async (): Promise<void> => this.#handle?.datasync();
    this.#syncing = this.#syncing.then(sync);
    this.#syncing.catch(() => undefined);
  }

  async #close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }
}
