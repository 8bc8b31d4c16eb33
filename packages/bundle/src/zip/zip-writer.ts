import { crc32 } from "node:zlib";
import type { ByteSource } from "@reseal/store";
import type { methods } from "./format.ts";
import type { PackedItem } from "./pack-batch.ts";
import { centralHeader, endRecords, localHeader } from "./records.ts";
import { changed } from "./source-file.ts";
import type { ZipSink } from "./zip-sink.ts";

/** What an archive says of a file beyond its bytes. */
export interface FileFacts {
  readonly path: string;
  readonly size: number;
  readonly isExecutable: boolean;
}

/** Writes entries one after the other, and at the end the directory of them. */
export class ZipWriter {
  readonly #sink: ZipSink;
  readonly #directory: Buffer[] = [];
  #offset = 0;

  constructor(sink: ZipSink) {
    this.#sink = sink;
  }

  /** Bytes written so far. */
  get size(): number {
    return this.#offset;
  }

  /** Add files whose records are ready at the beginning of `bytes`. */
  async addRecords(
    files: readonly FileFacts[],
    items: readonly PackedItem[],
    bytes: Uint8Array,
  ): Promise<void> {
    let offset = this.#offset;
    for (const [index, file] of files.entries()) {
      const item = items[index];
      if (item === undefined) throw new TypeError(`${file.path} was not packed.`);
      this.#list(file, item, offset);
      offset += item.recordBytes;
    }
    await this.#write(bytes.subarray(0, offset - this.#offset));
  }

  /** Add a file from its data as it stands in the archive. */
  async addData(
    file: FileFacts,
    data: {
      readonly method: keyof typeof methods;
      readonly crc: number;
      readonly compressedSize: number;
    },
    source: ByteSource,
  ): Promise<void> {
    this.#list(file, data, this.#offset);
    await this.#write(localHeader({ ...data, name: Buffer.from(file.path), size: file.size }));
    const end = this.#offset + data.compressedSize;
    for await (const chunk of source) {
      if (this.#offset + chunk.byteLength > end) throw changed(file);
      await this.#write(chunk);
    }
    if (this.#offset !== end) throw changed(file);
  }

  /** Whether what was written can be written over: {@link addStored} needs that. */
  get canGoBack(): boolean {
    return this.#sink.writeOver !== undefined;
  }

  /**
   * Add a file that is stored; its header, in which the CRC-32 stands, is written after its data.
   * @param source Whose pieces are good until the next but one is asked for.
   */
  async addStored(file: FileFacts, source: ByteSource): Promise<void> {
    const start = this.#offset;
    const facts = { method: "stored", compressedSize: file.size } as const;
    const headerOf = (crc: number): Buffer =>
      localHeader({ ...facts, crc, name: Buffer.from(file.path), size: file.size });
    await this.#write(headerOf(0));
    const end = this.#offset + file.size;
    let crc = 0;
    let writing: Promise<void> = Promise.resolve();
    try {
      for await (const piece of source) {
        await writing;
        if (this.#offset + piece.byteLength > end) continue; // The source says what is wrong.
        writing = this.#write(piece);
        writing.catch(() => undefined); // It is thrown where it is waited for.
        crc = crc32(piece, crc);
      }
    } finally {
      await writing; // The file must not close under it.
    }
    if (this.#offset !== end) throw changed(file);
    await this.#sink.writeOver?.(headerOf(crc), start);
    this.#list(file, { ...facts, crc }, start);
  }

  /** Write the directory and the end. */
  async finish(): Promise<void> {
    const offset = this.#offset;
    const count = this.#directory.length;
    const directory = Buffer.concat(this.#directory);
    await this.#write(directory);
    await this.#write(endRecords({ offset, size: directory.byteLength, count }));
    await this.#sink.finish();
  }

  #list(
    { path, size, isExecutable }: FileFacts,
    data: Parameters<ZipWriter["addData"]>[1],
    offset: number,
  ): void {
    const { method, crc, compressedSize } = data;
    const name = Buffer.from(path);
    this.#directory.push(
      centralHeader({ name, method, crc, compressedSize, size, isExecutable, offset }),
    );
  }

  async #write(bytes: Uint8Array): Promise<void> {
    this.#offset += bytes.byteLength;
    if (bytes.byteLength > 0) await this.#sink.write(bytes);
  }
}
