import { Readable } from "node:stream";
import { crc32 } from "node:zlib";
import type { ByteSource, OperationOptions } from "@reseal/store";
import { lengths, max32, methods, signatures } from "./format.ts";
import type { PlacedEntry } from "./tiling.ts";
import { corrupt } from "./zip-errors.ts";
import type { ZipSource } from "./zip-source.ts";

const pieceBytes = 256 * 1024;

/**
 * Stream an entry that is too large for one buffer, through unzipper.
 *
 * unzipper trusts what it reads, so it is given a view with this one entry, whose headers are
 * written here from what has been checked; length, CRC-32 and the end of the compressed data are
 * checked on the way out.
 * @throws `BUNDLE_ZIP_CORRUPT`, at the latest after the last byte.
 */
export async function* readLarge(
  source: ZipSource,
  entry: PlacedEntry,
  { signal }: OperationOptions = {},
): ByteSource {
  const { path, size, compressedSize } = entry;
  using view = new OneEntryView(source, entry);
  const { stream, consumed } = await view.open();
  signal?.throwIfAborted();
  const onAbort = (): void => void stream.destroy(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  let byteCount = 0;
  let actual = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      byteCount += chunk.byteLength;
      if (byteCount > size) break;
      actual = crc32(chunk, actual);
      yield chunk;
    }
  } catch (cause) {
    signal?.throwIfAborted();
    throw view.failure ?? corrupt("data", `${path} cannot be inflated.`, { path, cause });
  } finally {
    signal?.removeEventListener("abort", onAbort);
    stream.destroy();
  }
  if (byteCount !== size)
    throw corrupt("data", `${path} does not have ${size} bytes.`, { path, size });
  if (actual !== entry.crc32)
    throw corrupt("crc", `The bytes of ${path} do not match its CRC-32.`, { path });
  if (consumed() !== compressedSize)
    throw corrupt("data", `${path} has bytes behind the end of its data.`, { path });
}

/** One entry as an archive of its own: directory, local header, data and end record, in this order. */
class OneEntryView implements Disposable {
  readonly #source: ZipSource;
  readonly #entry: PlacedEntry;
  readonly #central: Buffer;
  readonly #local: Buffer;
  readonly #end: Buffer;
  readonly #streams: Readable[] = [];
  #opened: Readable | undefined;
  /** What went wrong with the source, which unzipper does not pass on. */
  failure: unknown;

  constructor(source: ZipSource, entry: PlacedEntry) {
    this.#source = source;
    this.#entry = entry;
    this.#central = centralRecord(entry);
    this.#local = localRecord(entry);
    this.#end = endRecord(this.#central.byteLength);
  }

  async open(): Promise<{
    readonly stream: Readable;
    readonly consumed: () => number | undefined;
  }> {
    const { Open } = await import("unzipper");
    const custom = Open.custom as (
      source: Parameters<typeof Open.custom>[0],
      options: { readonly tailSize: number },
    ) => ReturnType<typeof Open.custom>;
    const size = this.#dataOffset + this.#entry.compressedSize + lengths.end;
    const directory = await custom(
      {
        size: () => Promise.resolve(size),
        stream: (offset) => this.#streamAt(offset),
      },
      { tailSize: lengths.end },
    );
    const [file] = await directory.files;
    if (file === undefined) throw new TypeError("unzipper found no entry.");
    const stream = file.stream();
    this.#opened = stream;
    // An error may come after the loop over it has ended.
    stream.on("error", () => undefined);
    let inflater: { readonly bytesWritten?: number } = {};
    stream.once("pipe", (from: object) => {
      inflater = from;
    });
    const { method, compressedSize } = this.#entry;
    const isStored = method === "stored";
    return { stream, consumed: () => (isStored ? compressedSize : inflater.bytesWritten) };
  }

  [Symbol.dispose](): void {
    for (const stream of this.#streams) stream.destroy();
  }

  get #dataOffset(): number {
    return this.#central.byteLength + this.#local.byteLength;
  }

  #streamAt(offset: number): Readable {
    const stream = Readable.from(this.#bytesAt(offset), { objectMode: false });
    stream.on("error", (error) => {
      this.failure = error;
      this.#opened?.destroy(error); // Or whoever reads it would wait for ever.
    });
    this.#streams.push(stream);
    return stream;
  }

  *#bytesAt(offset: number): Generator<Buffer> {
    if (offset === 0) {
      yield this.#central;
    } else if (offset === this.#central.byteLength) {
      yield this.#local;
      const { dataOffset, compressedSize } = this.#entry;
      for (let at = 0; at < compressedSize; at += pieceBytes) {
        const length = Math.min(pieceBytes, compressedSize - at);
        yield Buffer.from(this.#source.read(dataOffset + at, length));
      }
    } else {
      yield this.#end;
    }
  }
}

const name = Buffer.from("entry");

function localRecord({ method }: PlacedEntry): Buffer {
  const bytes = Buffer.alloc(lengths.local);
  bytes.writeUInt32LE(signatures.local, 0);
  bytes.writeUInt16LE(methods[method], 8);
  bytes.writeUInt16LE(name.byteLength, 26);
  return Buffer.concat([bytes, name]);
}

function centralRecord({ method, size, compressedSize }: PlacedEntry): Buffer {
  const bytes = Buffer.alloc(lengths.central);
  const extra = Buffer.alloc(20);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(16, 2);
  extra.writeBigUInt64LE(BigInt(size), 4);
  extra.writeBigUInt64LE(BigInt(compressedSize), 12);
  bytes.writeUInt32LE(signatures.central, 0);
  bytes.writeUInt16LE(methods[method], 10);
  bytes.writeUInt32LE(max32, 20);
  bytes.writeUInt32LE(max32, 24);
  bytes.writeUInt16LE(name.byteLength, 28);
  bytes.writeUInt16LE(extra.byteLength, 30);
  bytes.writeUInt32LE(lengths.central + name.byteLength + extra.byteLength, 42);
  return Buffer.concat([bytes, name, extra]);
}

function endRecord(centralBytes: number): Buffer {
  const bytes = Buffer.alloc(lengths.end);
  bytes.writeUInt32LE(signatures.end, 0);
  bytes.writeUInt16LE(1, 8);
  bytes.writeUInt16LE(1, 10);
  bytes.writeUInt32LE(centralBytes, 12);
  return bytes;
}
