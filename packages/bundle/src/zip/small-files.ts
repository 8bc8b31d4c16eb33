import { setImmediate as nextTurn } from "node:timers/promises";
import { isCompressedKind } from "./compressible.ts";
import type { DeflatePool } from "./deflate-pool.ts";
import {
  type DeflateLevel,
  type PackedItem,
  type PackItem,
  packBatch,
  recordsBytesMax,
} from "./pack-batch.ts";
import { changed, explain, type SourceFile } from "./source-file.ts";
import type { ZipWriter } from "./zip-writer.ts";

const batchBytes = 1024 * 1024;
const batchFiles = 256;
/** Enough for nearly every batch, headers and names included. */
const roomBytes = batchBytes + batchFiles * 256;

type Room = Uint8Array<SharedArrayBuffer>;

interface Packing {
  readonly files: readonly SourceFile[];
  readonly out: Room;
  readonly packed: Promise<readonly PackedItem[]>;
}

/** Collects small files into batches, has them packed, and writes them in their order. */
export class SmallFiles {
  readonly #writer: ZipWriter;
  readonly #pool: DeflatePool;
  readonly #level: DeflateLevel;
  #files: SourceFile[] = [];
  #byteCount = 0;
  readonly #packing: Packing[] = [];
  /** Room for records that nobody uses any more. */
  readonly #free: Room[] = [];

  constructor(writer: ZipWriter, pool: DeflatePool, level: DeflateLevel) {
    this.#writer = writer;
    this.#pool = pool;
    this.#level = level;
  }

  async add(file: SourceFile): Promise<void> {
    const isFull = this.#byteCount + file.size > batchBytes || this.#files.length === batchFiles;
    if (isFull) await this.#send();
    this.#files.push(file);
    this.#byteCount += file.size;
  }

  /** Write all that was added. */
  async flush(): Promise<void> {
    await this.#send();
    while (this.#packing.length > 0) await this.#writeOne();
  }

  async #send(): Promise<void> {
    const files = this.#files;
    this.#files = [];
    this.#byteCount = 0;
    if (files.length === 0) return;
    const items = files.map(packItem);
    const bytes = await readAll(files);
    const out = this.#room(recordsBytesMax(items));
    const packed = this.#pool.pack({ items, bytes, level: this.#level, out });
    packed.catch(() => undefined); // It is thrown where it is waited for, unless another error was.
    this.#packing.push({ files, out, packed });
    await nextTurn(); // Threads that are done get their next batch.
    // One at work and one waiting for each thread.
    while (this.#packing.length > 2 * this.#pool.width) await this.#writeOne();
  }

  async #writeOne(): Promise<void> {
    const next = this.#packing.shift();
    if (next === undefined) return;
    const { files, out } = next;
    const items = await next.packed.catch(() => this.#packAgain(files, out));
    await this.#writer.addRecords(files, items, out);
    this.#free.push(out);
  }

  /**
   * Files that could not be read where they lie are read as everybody reads them: a store may keep
   * their bytes in another form. If something is wrong with them, this says what.
   */
  async #packAgain(files: readonly SourceFile[], out: Room): Promise<readonly PackedItem[]> {
    const read = files.map((file) => ({ ...file, local: undefined }));
    const bytes = await readAll(read).catch((error: unknown) => explain(read, error));
    // Here, as the thread that failed may have ended.
    return packBatch({ items: read.map(packItem), bytes, level: this.#level, out });
  }

  #room(bytesMin: number): Room {
    const isEnough = (room: Room): boolean => room.byteLength >= bytesMin;
    const found = this.#free.findIndex(isEnough);
    const [room] = found === -1 ? [] : this.#free.splice(found, 1);
    return room ?? new Uint8Array(new SharedArrayBuffer(Math.max(bytesMin, roomBytes)));
  }
}

function packItem({ path, size, mediaType, local }: SourceFile): PackItem {
  return { path, size, isCompressed: isCompressedKind(path, mediaType), file: local };
}

/** The bytes of all files that another thread cannot read itself; shared, not copied to it. */
async function readAll(files: readonly SourceFile[]): Promise<Uint8Array> {
  const byteCount = files.reduce((sum, { local, size }) => sum + (local ? 0 : size), 0);
  const bytes = new Uint8Array(new SharedArrayBuffer(byteCount));
  let start = 0;
  for (const file of files) {
    if (file.local !== undefined) continue;
    let end = start;
    for await (const chunk of await file.open()) {
      if (end + chunk.byteLength > start + file.size) throw changed(file);
      bytes.set(chunk, end);
      end += chunk.byteLength;
    }
    if (end !== start + file.size) throw changed(file);
    start = end;
  }
  return bytes;
}
