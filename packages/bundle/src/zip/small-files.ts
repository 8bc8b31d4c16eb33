import { isCompressedKind } from "./compressible.ts";
import type { DeflatePool } from "./deflate-pool.ts";
import type { LargeFile } from "./large-entry.ts";
import type { PackedBatch, PackItem } from "./pack-batch.ts";
import { changed, type ZipWriter } from "./zip-writer.ts";

const batchBytes = 1024 * 1024;
const batchFiles = 512;

interface Batch {
  readonly bytes: Uint8Array;
  readonly files: LargeFile[];
  readonly items: PackItem[];
  end: number;
}

/** Collects small files into batches, has them packed, and writes them in their order. */
export class SmallFiles {
  readonly #writer: ZipWriter;
  readonly #pool: DeflatePool;
  #batch: Batch | undefined;
  readonly #packing: {
    readonly files: readonly LargeFile[];
    readonly packed: Promise<PackedBatch>;
  }[] = [];

  constructor(writer: ZipWriter, pool: DeflatePool) {
    this.#writer = writer;
    this.#pool = pool;
  }

  async add(file: LargeFile): Promise<void> {
    const { path, size, mediaType } = file;
    const room = (this.#batch?.bytes.byteLength ?? 0) - (this.#batch?.end ?? 0);
    if (size > room || this.#batch?.files.length === batchFiles) await this.#send();
    this.#batch ??= {
      bytes: new Uint8Array(new SharedArrayBuffer(Math.max(batchBytes, size))),
      files: [],
      items: [],
      end: 0,
    };
    await readInto(file, this.#batch);
    this.#batch.files.push(file);
    this.#batch.items.push({ path, size, isCompressed: isCompressedKind(path, mediaType) });
  }

  /** Write all that was added. */
  async flush(): Promise<void> {
    await this.#send();
    while (this.#packing.length > 0) await this.#writeOne();
  }

  async #send(): Promise<void> {
    const batch = this.#batch;
    if (batch === undefined) return;
    this.#batch = undefined;
    const packed = this.#pool.pack(batch.bytes, batch.items);
    packed.catch(() => undefined); // It is thrown where it is waited for, unless another error was.
    this.#packing.push({ files: batch.files, packed });
    // One at work and one waiting for each thread.
    while (this.#packing.length > 2 * this.#pool.width) await this.#writeOne();
  }

  async #writeOne(): Promise<void> {
    const next = this.#packing.shift();
    if (next !== undefined) await this.#writer.addBatch(next.files, await next.packed);
  }
}

async function readInto(file: LargeFile, batch: Batch): Promise<void> {
  const start = batch.end;
  for await (const chunk of await file.open()) {
    if (batch.end + chunk.byteLength - start > file.size) throw changed(file);
    batch.bytes.set(chunk, batch.end);
    batch.end += chunk.byteLength;
  }
  if (batch.end - start !== file.size) throw changed(file);
}
