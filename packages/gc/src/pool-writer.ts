import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { createDigester, type Digest } from "@reseal/hash";
import type { ByteSource } from "@reseal/store";
import { gcErrors } from "./errors.ts";
import { syncPath } from "./move-file.ts";
import type { PoolPlaces } from "./pool.ts";

/** Scans pass over it, as over all that begins so. */
const temporaryName = ".manifest.compact-";

/**
 * Writes a new file of a pool: first where nobody takes it for one of its files, then, when it is
 * whole and durable, under its name. What an interruption leaves is overwritten by the next.
 */
export class PoolWriter {
  readonly path: string;

  /** @param number Tells apart files that are written before any of them is published. */
  constructor({ folder }: Pick<PoolPlaces, "folder">, number = 0) {
    this.path = join(folder, `${temporaryName}${number}`);
  }

  /** Write all bytes, durable. */
  async write(source: ByteSource): Promise<{ readonly size: number; readonly digest: Digest }> {
    const digester = createDigester();
    rmSync(this.path, { force: true });
    const file = this.#open();
    try {
      for await (const chunk of source) {
        digester.update(chunk);
        writeAll(file, chunk);
      }
      fsyncSync(file);
    } catch (error) {
      this.discard();
      throw isOfSystem(error) ? this.#failure(error) : error;
    } finally {
      closeSync(file);
    }
    return { size: digester.size, digest: digester.digest() };
  }

  /**
   * Give the file its name, durable.
   * @param like The new file has the times of this one.
   */
  publish(target: string, like: string): void {
    try {
      const { atimeMs, mtimeMs } = statSync(like);
      utimesSync(this.path, atimeMs / 1000, mtimeMs / 1000);
      renameSync(this.path, target);
      syncPath(dirname(target));
    } catch (cause) {
      this.discard();
      throw this.#failure(cause);
    }
  }

  /** Remove what was written. */
  discard(): void {
    rmSync(this.path, { force: true });
  }

  #open(): number {
    try {
      return openSync(this.path, "wx", 0o644);
    } catch (cause) {
      throw this.#failure(cause);
    }
  }

  #failure(cause: unknown): Error {
    return gcErrors.WRITE_FAILED(`${this.path} cannot be written: ${(cause as Error).message}`, {
      cause,
      details: { path: this.path },
    });
  }
}

/** Remove what an interrupted process was writing. Only for who holds the lock of the pool. */
export function sweepWriters({ folder }: PoolPlaces): void {
  for (const name of readdirSync(folder))
    if (name.startsWith(temporaryName)) rmSync(join(folder, name), { force: true });
}

function isOfSystem(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let start = 0; start < bytes.byteLength; )
    start += writeSync(file, bytes, start, bytes.byteLength - start);
}
